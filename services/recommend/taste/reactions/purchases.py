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


class PurchaseTakenBack(Slice):
    """A receipt, or some lines of one, that an import had brought by mistake."""

    type: ClassVar[str] = "profile.purchase-taken-back.v1"
    purchase_id: UUID
    client_id: UUID | None
    lines: list[BoughtLine]
    is_whole: bool


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


async def forget(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]]) -> None:
    """Nobody bought these pieces."""
    for told in facts:
        row = {"brand": told.brand_id, "purchase": told.fact.purchase_id, "event": told.event_id}
        if told.fact.is_whole:
            await tx.execute(text("delete from bought where brand_id = :brand and purchase_id = :purchase"), row)
            continue
        pieces: Counter[str] = Counter()
        for line in told.fact.lines:
            pieces[line.piece_code] += line.quantity
        # What stays of the receipt stays: the others are taken off like a return.
        await tx.execute(
            text(
                "insert into bought (brand_id, purchase_id, event_id, client_id, piece_code, quantity, purchased_at)"
                " select b.brand_id, b.purchase_id, :event, b.client_id, b.piece_code, -less.quantity, b.purchased_at"
                " from unnest(cast(:pieces as text[]), cast(:quantities as int[])) as less (piece_code, quantity)"
                " cross join lateral (select * from bought where brand_id = :brand and purchase_id = :purchase"
                " and piece_code = less.piece_code limit 1) b on conflict do nothing"
            ),
            row | {"pieces": list(pieces), "quantities": list(pieces.values())},
        )


REACTIONS: list[Reaction] = [
    on(PurchaseRecorded, remember_purchases, fills=("bought",)),
    on(PurchaseClaimed, claim, fills=("bought",)),
    on(PurchaseTakenBack, forget, fills=("bought",)),
]
