"""What profile tells us of purchases."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class BoughtLine(BaseModel):
    """One piece of a purchase."""

    piece_code: str
    quantity: int


class PurchaseRecorded(Slice):
    """A receipt, or lines added to one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"
    purchase_id: UUID
    client_id: UUID | None
    purchased_at: AwareDatetime
    lines: list[BoughtLine]


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"
    purchase_id: UUID
    client_id: UUID


async def remember_purchases(tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]]) -> None:
    """Keep who bought which piece; several lines of one piece are one row."""
    rows = []
    for told in facts:
        pieces: Counter[str] = Counter()
        for line in told.fact.lines:
            pieces[line.piece_code] += line.quantity
        rows += [(told, piece_code, quantity) for piece_code, quantity in pieces.items()]
    await tx.execute(
        text(
            "insert into bought (brand_id, purchase_id, event_id, client_id, piece_code, quantity, purchased_at)"
            " select cast(:brand as text), * from unnest(cast(:purchases as uuid[]), cast(:events as uuid[]),"
            " cast(:clients as uuid[]), cast(:pieces as text[]), cast(:quantities as int[]),"
            " cast(:times as timestamptz[])) on conflict do nothing"
        ),
        {
            "brand": tx.info["brand_id"],
            "purchases": [told.fact.purchase_id for told, _, _ in rows],
            "events": [told.event_id for told, _, _ in rows],
            "clients": [told.fact.client_id for told, _, _ in rows],
            "pieces": [piece_code for _, piece_code, _ in rows],
            "quantities": [quantity for _, _, quantity in rows],
            "times": [told.fact.purchased_at for told, _, _ in rows],
        },
    )


async def claim(tx: AsyncSession, facts: Sequence[Delivered[PurchaseClaimed]]) -> None:
    """A receipt's pieces become hers."""
    await tx.execute(
        text("update bought set client_id = :client where brand_id = :brand and purchase_id = :purchase"),
        [{"brand": told.brand_id, "purchase": told.fact.purchase_id, "client": told.fact.client_id} for told in facts],
    )


REACTIONS: list[Reaction] = [
    on(PurchaseRecorded, remember_purchases, fills=("bought",)),
    on(PurchaseClaimed, claim, fills=("bought",)),
]
