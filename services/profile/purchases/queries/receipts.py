"""Reading receipts and their lines."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.purchases.rules.lines import Channel, Details, Line, Place, Share
from services.profile.purchases.rules.returns import Told

COLUMNS = "purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor, line_count"
_PAGE = text(
    f"select {COLUMNS}, channel, purchased_in, scan_ref, payments from purchase"  # noqa: S608
    " where brand_id = :brand and client_id = any(:ids)"
    " and (cast(:after_at as timestamptz) is null"
    " or (purchased_at, purchase_id) < (:after_at, cast(:after_id as uuid)))"
    " order by purchased_at desc, purchase_id desc limit :limit"
)
_COLUMNS_OF_LINE = 14
_LINE = (
    "line.line, line.piece_code, line.quantity, line.unit_minor, line.net_minor, line.description,"
    " line.serial, line.sale_pos, line.sale_receipt, line.sale_line, line.exchange, line.recipient_id, line.category,"
    " line.is_limited"
)
_LINES = text(
    f"select {_LINE}, purchase_id from purchase_line line"  # noqa: S608
    " where brand_id = :brand and purchase_id = any(:ids) order by purchase_id, line"
)
_ANY = text("select exists (select from purchase where brand_id = :brand and client_id = any(:ids))")
_BOUTIQUES = text("select code, boutique_id from boutique where brand_id = :brand and code = any(:codes)")
# Locked in one order: two batches with the same receipts take turns. One by one through the unique index: without
# statistics of the table, a join reads all of the brand's receipts for each batch.
_LOCKED = f"""
select purchase.* from (
    select * from unnest($2::text[], $3::text[]) as told (pos, receipt) order by pos, receipt
) asked
cross join lateral (
    select {COLUMNS} from purchase
    where brand_id = $1 and pos = asked.pos and receipt = asked.receipt limit 1 for update
) purchase
"""  # noqa: S608
_SHARES = text(
    "select purchase_id, advisor_id, share_bp from purchase_share"
    " where brand_id = :brand and purchase_id = any(:ids) order by purchase_id, share_bp desc, advisor_id"
)
# Whoever adds receipts, and whoever takes something back of one or sells a serial, must not miss each other although
# neither sees the other's rows yet. Receipts are many: they share a few locks, which a return has for itself alone.
TURNS = 64
_PATIENCE = "2500ms"  # longer than the login would wait for a row: a batch takes a while
_TURNS = """
with patience as materialized (select set_config('lock_timeout', $3, true))
select case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
from patience, unnest($1::bigint[], $2::boolean[]) as turn (key, alone)
"""
# Each looks up few rows by their index, whatever the planner believes of tables that have just been filled: `offset 0`
# keeps it from turning the look-ups round.
_PURCHASE = """
cross join lateral (
    select pos, receipt, currency, purchased_at, client_id from purchase
    where purchase.brand_id = $1 and purchase.purchase_id = line.purchase_id offset 0
) purchase
"""
_TOLD = f"select purchase.pos, purchase.receipt, purchase.currency, {_LINE}"
_BACK = f"""
{_TOLD} from unnest($2::text[], $3::text[]) as asked (pos, receipt)
cross join lateral (
    select * from purchase_line
    where brand_id = $1 and sale_pos = asked.pos and sale_receipt = asked.receipt offset 0
) line {_PURCHASE}
"""  # noqa: S608
_SOLD = f"""
{_TOLD} from unnest($2::text[], $3::text[], $4::int[]) as asked (pos, receipt, line)
cross join lateral (
    select * from purchase where brand_id = $1 and pos = asked.pos and receipt = asked.receipt offset 0
) purchase
cross join lateral (
    select * from purchase_line
    where brand_id = $1 and purchase_id = purchase.purchase_id and line = asked.line offset 0
) line
"""  # noqa: S608
_WITH_SERIAL = """
from unnest($2::text[]) as asked (serial)
cross join lateral (select * from purchase_line where brand_id = $1 and serial = asked.serial offset 0) line
"""
_OF_SERIALS = f"{_TOLD} {_WITH_SERIAL} {_PURCHASE}"
_ON_RECEIPTS = """
from unnest($2::uuid[]) as asked (purchase_id)
cross join lateral (
    select * from purchase_line where brand_id = $1 and purchase_id = asked.purchase_id and serial is not null offset 0
) line
"""
_SERIAL_LINES = """
select line.serial, line.piece_code, line.quantity, line.purchase_id, line.line, purchase.purchased_at,
    coalesce(line.recipient_id, purchase.client_id) as client_id
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
    channel: Channel | None = None
    purchased_in: str | None = None
    scan_ref: str | None = None
    payments: Any = None


@dataclass(frozen=True, slots=True)
class SerialLine:
    """A line about one piece with a serial; `client_id` is whose it became, if anybody's is known."""

    serial: str
    piece_code: str
    quantity: int
    purchase_id: UUID
    line: int
    purchased_at: datetime
    client_id: UUID | None


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
            found[row.purchase_id].append(_line(row))
    return found


async def shares(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> dict[UUID, list[Share]]:
    """The advisors' parts in these receipts, the largest first."""
    found: dict[UUID, list[Share]] = defaultdict(list)
    if purchase_ids:
        for row in await tx.execute(_SHARES, {"brand": tx.info["brand_id"], "ids": list(purchase_ids)}):
            found[row.purchase_id].append(Share(row.advisor_id, row.share_bp))
    return found


async def take_turns(
    tx: AsyncSession,
    receipts: Iterable[tuple[str, str]],
    *,
    sales: Collection[tuple[str, str]] = (),
    serials: Iterable[str] = (),
) -> None:
    """Wait for whoever is changing what these receipts, sales and serials are held against, and make others wait."""
    turns = dict.fromkeys((_turn(tx, *receipt) for receipt in receipts), False)
    turns |= dict.fromkeys((_turn(tx, *sale) for sale in sales), True)
    turns |= dict.fromkeys((_turn(tx, serial) + TURNS for serial in serials), True)
    if turns:
        connection = await tx.connection()
        # In one order everywhere, so that nobody waits both ways.
        keys = sorted(turns)
        await connection.exec_driver_sql(_TURNS, (keys, [turns[key] for key in keys], _PATIENCE))


def _turn(tx: AsyncSession, *name: str) -> int:
    return zlib.crc32(b"purchases") * 2 * TURNS + zlib.crc32("\n".join((tx.info["brand_id"], *name)).encode()) % TURNS


async def related(
    tx: AsyncSession, receipts: Collection[tuple[str, str]], *, sales: Collection[Place], serials: Collection[str]
) -> list[Told]:
    """Every kept line that lines of these receipts are held against.

    That is what came back of them and of those `sales`, the sales themselves, and whatever has one of the serials.
    """
    brand = tx.info["brand_id"]
    asked = {*receipts, *((sale.pos, sale.receipt) for sale in sales)}
    if not asked:
        return []
    connection = await tx.connection()
    ways: list[tuple[str, tuple[object, ...]]] = [
        (_BACK, (brand, [pos for pos, _ in asked], [receipt for _, receipt in asked]))
    ]
    if back := {(told.pos, told.receipt, told.line) for told in sales}:
        ways.append((_SOLD, (brand, *map(list, zip(*back, strict=True)))))
    if serials:
        ways.append((_OF_SERIALS, (brand, list(serials))))
    found = []
    for statement, values in ways:
        for row in await connection.exec_driver_sql(statement, values):
            line = _line(row[3:])
            found.append(Told(Place(row.pos, row.receipt, line.line), row.currency, line))
    return found


def _line(row: Sequence[Any]) -> Line:
    """A line out of the columns `_LINE`."""
    number, piece_code, quantity, unit_minor, net_minor, description, *rest = row[:_COLUMNS_OF_LINE]
    details = None
    if rest.count(None) < len(rest):
        serial, pos, receipt, sold, exchange, recipient, category, is_limited = rest
        sale = Place(pos, receipt, sold) if pos is not None else None
        details = Details(serial, sale, exchange, recipient, category, is_limited)
    return Line(number, piece_code, quantity, unit_minor, net_minor, description, details)


async def locked(tx: AsyncSession, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Purchase]:
    """The receipts of these (pos, receipt) that exist, nobody else's to change until this transaction ends."""
    if not keys:
        return {}
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(
        _LOCKED, (tx.info["brand_id"], [pos for pos, _ in keys], [receipt for _, receipt in keys])
    )
    return {(row["pos"], row["receipt"]): Purchase(**row) for row in rows.mappings()}


async def lines_with_serial(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> list[SerialLine]:
    """The lines of these receipts that are about a piece with a serial."""
    connection = await tx.connection()
    statement = f"{_SERIAL_LINES} {_ON_RECEIPTS} {_PURCHASE}"
    rows = await connection.exec_driver_sql(statement, (tx.info["brand_id"], list(purchase_ids)))
    return [SerialLine(**row) for row in rows.mappings()]


async def lines_of_serial(tx: AsyncSession, serial: str) -> list[SerialLine]:
    """The lines of all receipts that are about this serial."""
    connection = await tx.connection()
    statement = f"{_SERIAL_LINES} {_WITH_SERIAL} {_PURCHASE}"
    rows = await connection.exec_driver_sql(statement, (tx.info["brand_id"], [serial]))
    return [SerialLine(**row) for row in rows.mappings()]


async def has_any(tx: AsyncSession, client_id: UUID) -> bool:
    """Whether she has a receipt under any of her records."""
    ids = await identities.family(tx, client_id)
    return bool((await tx.execute(_ANY, {"brand": tx.info["brand_id"], "ids": ids})).scalar_one())


async def boutiques(tx: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """The boutiques behind these store codes, as far as the directory has announced them."""
    rows = await tx.execute(_BOUTIQUES, {"brand": tx.info["brand_id"], "codes": list(codes)})
    return {row.code: row.boutique_id for row in rows}
