"""Taking back receipts that an import brought."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.profile.onboarding.actions.undoing.written import Left, Written
from services.profile.onboarding.rules.reasons import Stays
from services.profile.purchases.events import MOST_LINES, PurchaseTakenBack, SoldPiece

_RECEIPTS = text(
    "select purchase_id, client_id, boutique_id, purchased_at, currency, pos, receipt, line_count from purchase"
    " where brand_id = :brand and purchase_id = any(:rows) order by pos, receipt for update"
)
_CAME_BACK = text(
    "select asked.purchase_id from unnest(cast(:rows as uuid[]), cast(:tills as text[]), cast(:names as text[]))"
    " as asked (purchase_id, pos, receipt) where exists (select from purchase_line line where line.brand_id = :brand"
    " and line.sale_pos = asked.pos and line.sale_receipt = asked.receipt)"
)
_WITH_SERIAL = text(
    "select distinct purchase_id from purchase_line"
    " where brand_id = :brand and purchase_id = any(:rows) and serial is not null"
)
_LINES = text(
    "delete from purchase_line line using unnest(cast(:rows as uuid[]), cast(:numbers as int[]))"
    " as asked (purchase_id, line) where line.brand_id = :brand and line.purchase_id = asked.purchase_id"
    " and line.line = asked.line returning line.purchase_id, line.piece_code, line.quantity, line.net_minor"
)
_SMALLER = text(
    "update purchase set line_count = line_count - gone.lines, net_minor = net_minor - gone.net from"
    " unnest(cast(:rows as uuid[]), cast(:counts as int[]), cast(:nets as bigint[])) as gone (purchase_id, lines, net)"
    " where brand_id = :brand and purchase.purchase_id = gone.purchase_id"
)
_EMPTY = text(
    "delete from purchase where brand_id = :brand and purchase_id = any(:rows) and line_count = 0 returning purchase_id"
)
_SHARES = text("delete from purchase_share where brand_id = :brand and purchase_id = any(:rows)")


async def purchases(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Receipts go as a whole, unless they found a client, something came back, or a piece has a serial."""
    brand = {"brand": tx.info["brand_id"]}
    by_receipt: dict[UUID, list[Written]] = defaultdict(list)
    for one in last:
        by_receipt[one.row_id].append(one)
    kept = {row.purchase_id: row for row in await tx.execute(_RECEIPTS, brand | {"rows": list(by_receipt)})}
    asked = {"rows": list(kept), "tills": [row.pos for row in kept.values()]}
    named = {"names": [row.receipt for row in kept.values()]}
    came_back = set((await tx.execute(_CAME_BACK, brand | asked | named)).scalars())
    owned = set((await tx.execute(_WITH_SERIAL, brand | {"rows": list(kept)})).scalars())
    left: Left = {}
    for purchase_id, lines in by_receipt.items():
        row = kept.get(purchase_id)
        why = _why_it_stays(row, lines, came_back, owned)
        if why is not None:
            left |= {one.effect_id: why for one in lines}
    free = [one for one in last if one.effect_id not in left]
    if free:
        await _drop(tx, free, kept)
    return left


def _why_it_stays(row: Any, lines: Sequence[Written], came_back: set[UUID], owned: set[UUID]) -> Stays | None:
    if row is None:
        return Stays.GONE
    if row.client_id != lines[0].before_id:
        return Stays.CLAIMED_SINCE
    if row.purchase_id in came_back:
        return Stays.RETURNED_SINCE
    return Stays.PIECE_OWNED if row.purchase_id in owned else None


async def _drop(tx: AsyncSession, free: Sequence[Written], kept: Mapping[UUID, Any]) -> None:
    brand = {"brand": tx.info["brand_id"]}
    places = {"rows": [one.row_id for one in free], "numbers": [one.part for one in free]}
    gone: dict[UUID, list[SoldPiece]] = defaultdict(list)
    for line in await tx.execute(_LINES, brand | places):
        piece = SoldPiece(piece_code=line.piece_code, quantity=line.quantity, net_minor=line.net_minor)
        gone[line.purchase_id].append(piece)
    rows = list(gone)
    nets = [sum(piece.net_minor for piece in gone[one]) for one in rows]
    less = {"counts": [len(gone[one]) for one in rows], "nets": nets}
    await tx.execute(_SMALLER, brand | {"rows": rows} | less)
    empty = set((await tx.execute(_EMPTY, brand | {"rows": rows})).scalars())
    await tx.execute(_SHARES, brand | {"rows": list(empty)})
    for one, net in zip(rows, nets, strict=True):
        record(
            tx,
            PurchaseTakenBack(
                purchase_id=one,
                client_id=kept[one].client_id,
                currency=kept[one].currency,
                net_minor=net,
                line_count=len(gone[one]),
                lines=sorted(gone[one], key=lambda piece: -abs(piece.net_minor))[:MOST_LINES],
                is_whole=one in empty,
            ),
        )


async def claims(_: AsyncSession, __: UUID, last: Sequence[Written], ___: datetime) -> Left:
    """Receipts that were there before, and found their client by the import, keep her."""
    return {one.effect_id: Stays.CLAIM_STANDS for one in last}
