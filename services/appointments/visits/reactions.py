"""What the door does on facts: checked-in appointments are visits, and receipts stand beside them."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.visits.actions import arriving

_RECORD = text(
    "insert into sale (brand_id, event_id, purchase_id, client_id, boutique_id, purchased_at, sold)"
    " values (:brand, :event, :purchase, :client, :boutique, :at, :sold) on conflict do nothing"
)
_CLAIM = text("update sale set client_id = :client where brand_id = :brand and purchase_id = :purchase")
_TAKE_BACK = text("delete from sale where brand_id = :brand and purchase_id = :purchase")
# Some of its lines were never bought: taken off, while the rest of the receipt stays.
_TAKE_OFF = text(
    "insert into sale (brand_id, event_id, purchase_id, client_id, boutique_id, purchased_at, sold)"
    " select brand_id, :event, purchase_id, client_id, boutique_id, purchased_at, -cast(:sold as int) from sale"
    " where brand_id = :brand and purchase_id = :purchase order by event_id limit 1 on conflict do nothing"
)


class ClientArrived(Slice):
    """An appointment was checked in."""

    type: ClassVar[str] = "appointments.client-arrived.v1"

    appointment_id: UUID
    arrived_at: AwareDatetime


class VisitCompleted(Slice):
    """The visit to an appointment is over."""

    type: ClassVar[str] = "appointments.visit-completed.v1"

    appointment_id: UUID
    completed_at: AwareDatetime


class SoldLine(BaseModel):
    """One line of a receipt; a piece that came back has a negative quantity."""

    quantity: int


class PurchaseRecorded(Slice):
    """A receipt, or further lines of one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"

    purchase_id: UUID
    client_id: UUID | None
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    lines: list[SoldLine]


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"

    purchase_id: UUID
    client_id: UUID


class PurchaseTakenBack(Slice):
    """A receipt, or some lines of one, that an import had brought by mistake."""

    type: ClassVar[str] = "profile.purchase-taken-back.v1"

    purchase_id: UUID
    lines: list[SoldLine]
    is_whole: bool


async def count_arrivals(tx: AsyncSession, facts: Sequence[Delivered[ClientArrived]]) -> None:
    """Whoever was checked in elsewhere than at the door is counted too."""
    await arriving.follow_check_ins(tx, {told.fact.appointment_id: told.fact.arrived_at for told in facts})


async def end_stays(tx: AsyncSession, facts: Sequence[Delivered[VisitCompleted]]) -> None:
    """With the appointment the stay is over."""
    for told in facts:
        await arriving.follow_completion(tx, told.fact.appointment_id, completed_at=told.fact.completed_at)


async def remember_sales(tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]]) -> None:
    """Keep where and when something was sold."""
    rows = [
        {
            "brand": told.brand_id,
            "event": told.event_id,
            "purchase": told.fact.purchase_id,
            "client": told.fact.client_id,
            "boutique": told.fact.boutique_id,
            "at": told.fact.purchased_at,
            "sold": sum(max(line.quantity, 0) for line in told.fact.lines),
        }
        for told in facts
    ]
    await tx.execute(_RECORD, rows)


async def claim_sales(tx: AsyncSession, facts: Sequence[Delivered[PurchaseClaimed]]) -> None:
    """A receipt that was nobody's is hers."""
    rows = [{"brand": one.brand_id, "purchase": one.fact.purchase_id, "client": one.fact.client_id} for one in facts]
    await tx.execute(_CLAIM, rows)


async def take_sales_back(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]]) -> None:
    """Nothing, or less, was sold."""
    for told in facts:
        row = {"brand": told.brand_id, "purchase": told.fact.purchase_id}
        if told.fact.is_whole:
            await tx.execute(_TAKE_BACK, row)
        else:
            sold = sum(max(line.quantity, 0) for line in told.fact.lines)
            await tx.execute(_TAKE_OFF, row | {"event": told.event_id, "sold": sold})


FILLS = ("sale",)

REACTIONS: list[Reaction] = [
    on(ClientArrived, count_arrivals),
    on(VisitCompleted, end_stays),
    on(PurchaseRecorded, remember_sales, fills=FILLS),
    on(PurchaseClaimed, claim_sales, fills=FILLS),
    on(PurchaseTakenBack, take_sales_back, fills=FILLS),
]
