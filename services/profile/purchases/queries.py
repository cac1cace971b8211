"""Reading purchases."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.purchases.rules import Line

_COLUMNS = (
    "purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor, line_count"
)
_PAGE = text(
    f"select {_COLUMNS} from purchase where brand_id = :brand and client_id = any(:ids)"  # noqa: S608
    " and (cast(:after_at as timestamptz) is null"
    " or (purchased_at, purchase_id) < (:after_at, cast(:after_id as uuid)))"
    " order by purchased_at desc, purchase_id desc limit :limit"
)
_LINES = text(
    "select purchase_id, line, piece_code, quantity, unit_minor, net_minor, description from purchase_line"
    " where brand_id = :brand and purchase_id = any(:ids) order by purchase_id, line"
)
_ANY = text("select exists (select from purchase where brand_id = :brand and client_id = any(:ids))")
_BOUTIQUES = text("select code, boutique_id from boutique where brand_id = :brand and code = any(:codes)")
# Locked in one order: two batches with the same receipts take turns.
_LOCKED = """
select purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor, line_count
from purchase join unnest($2::text[], $3::text[]) as asked (pos, receipt) using (pos, receipt)
where brand_id = $1 order by pos, receipt for update of purchase
"""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One kept receipt, without its lines. Money in minor units of `currency`."""

    purchase_id: UUID
    client_id: UUID | None
    pos: str
    receipt: str
    store_code: str
    boutique_id: UUID | None
    purchased_at: datetime
    currency: str
    net_minor: int
    line_count: int


async def page(tx: AsyncSession, client_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Purchase]:
    """A client's receipts, newest first, over all records that are she."""
    rows = await tx.execute(
        _PAGE,
        {
            "brand": tx.info["brand_id"],
            "ids": await identities.family(tx, client_id),
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [Purchase(**row) for row in rows.mappings()]


async def lines(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> dict[UUID, list[Line]]:
    """The lines of these receipts, by number."""
    found: dict[UUID, list[Line]] = defaultdict(list)
    if purchase_ids:
        for row in await tx.execute(_LINES, {"brand": tx.info["brand_id"], "ids": list(purchase_ids)}):
            found[row.purchase_id].append(
                Line(row.line, row.piece_code, row.quantity, row.unit_minor, row.net_minor, row.description)
            )
    return found


async def locked(tx: AsyncSession, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Purchase]:
    """The receipts of these (pos, receipt) that exist, nobody else's to change until this transaction ends."""
    if not keys:
        return {}
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(
        _LOCKED, (tx.info["brand_id"], [pos for pos, _ in keys], [receipt for _, receipt in keys])
    )
    return {(row["pos"], row["receipt"]): Purchase(**row) for row in rows.mappings()}


async def has_any(tx: AsyncSession, client_id: UUID) -> bool:
    """Whether she has a receipt under any of her records."""
    ids = await identities.family(tx, client_id)
    return bool((await tx.execute(_ANY, {"brand": tx.info["brand_id"], "ids": ids})).scalar_one())


async def boutiques(tx: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """The boutiques behind these store codes, as far as the directory has announced them."""
    rows = await tx.execute(_BOUTIQUES, {"brand": tx.info["brand_id"], "codes": list(codes)})
    return {row.code: row.boutique_id for row in rows}
