"""Facts about receipts, and what they enter."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from services.profile.touchpoints import actions
from services.profile.touchpoints.actions import Entry
from services.profile.touchpoints.rules import Contact


class PurchaseRecorded(Slice):
    """A receipt, or further lines of one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"
    purchase_id: UUID
    client_id: UUID | None
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str
    net_minor: int
    line_count: int


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"
    purchase_id: UUID
    client_id: UUID
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str


class PurchaseTakenBack(Slice):
    """What an import had brought by mistake is not kept any more."""

    type: ClassVar[str] = "profile.purchase-taken-back.v1"
    purchase_id: UUID
    client_id: UUID | None
    is_whole: bool


async def enter_claimed(tx: AsyncSession, facts: Sequence[Delivered[PurchaseClaimed]]) -> None:
    """A receipt that was nobody's becomes a contact of the day it was made, not of the day it was claimed."""
    await actions.enter(
        tx,
        [
            Entry(
                event_id=delivered.event_id,
                client_id=delivered.fact.client_id,
                kind=Contact.PURCHASE,
                occurred_at=delivered.fact.purchased_at,
                boutique_id=delivered.fact.boutique_id,
                advisor_id=None,
                subject_id=delivered.fact.purchase_id,
                details={"currency": delivered.fact.currency, "claimed": True},
            )
            for delivered in facts
        ],
    )


async def leave_out(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]]) -> None:
    """A receipt of which nothing is left was no contact."""
    gone = [delivered.fact.purchase_id for delivered in facts if delivered.fact.is_whole]
    await actions.leave_out(tx, Contact.PURCHASE, gone)
