"""Reading the ledger of points, and what earns them."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import NOBODY
from services.profile.identities import queries as identities
from services.profile.loyalty.rules.earning import Policy
from services.profile.loyalty.rules.ledger import Entering, Entry, Ledger

_POLICY = text(
    "select since_on, expiry_months, cast(spend as text) as spend, cast(store_types as text) as store_types,"
    " cast(engagement as text) as engagement, version from loyalty_policy where brand_id = :brand"
)
_ENTRIES = text(
    "select client_id, entry_id, number, points, expires_on, lot_id from points_entry"
    " where brand_id = :brand and client_id = any(:ids) order by number"
)
_PAGE = text(
    "select entry_id, number, client_id, kind, points, entered_at, expires_on, purchase_id, contact, reason, actor"
    " from points_entry where brand_id = :brand and client_id = any(:ids)"
    " and (cast(:after as bigint) is null or number < :after) order by number desc limit :limit"
)
# What the accounts of one person come to, asked by any of her records.
_BALANCES = text(
    """
    with asked as (
        select id, coalesce((select canonical_id from client_alias
            where brand_id = :brand and client_id = id), id) as canonical_id
        from unnest(cast(:ids as uuid[])) as id
    )
    select asked.id, coalesce(sum(account.points), 0) as points, asked.canonical_id
    from asked
    left join lateral (
        select points from points_account where brand_id = :brand and client_id = asked.canonical_id
        union all
        select a.points from client_alias alias join points_account a
            on a.brand_id = alias.brand_id and a.client_id = alias.client_id
        where alias.brand_id = :brand and alias.canonical_id = asked.canonical_id
    ) account on true
    group by asked.id, asked.canonical_id
    """
)
# The lines of receipts, with what came back of each; who bought has to be known by now.
_LINES = text(
    """
    select line.purchase_id, line.line, line.net_minor, line.sale_pos is not null as is_linked, purchase.client_id,
        purchase.purchased_at, purchase.currency, boutique.boutique_type,
        (select coalesce(sum(back.net_minor), 0) from purchase_line back
            where back.brand_id = :brand and back.sale_pos = purchase.pos and back.sale_receipt = purchase.receipt
            and back.sale_line = line.line) as back_minor
    from unnest(cast(:ids as uuid[])) as asked (purchase_id)
    cross join lateral (
        select purchase_id, client_id, pos, receipt, store_code, purchased_at, currency from purchase
        where brand_id = :brand and purchase.purchase_id = asked.purchase_id limit 1
    ) purchase
    cross join lateral (
        select purchase_id, line, net_minor, sale_pos from purchase_line
        where brand_id = :brand and purchase_line.purchase_id = asked.purchase_id offset 0
    ) line
    left join boutique on boutique.brand_id = :brand and boutique.code = purchase.store_code
    where purchase.client_id is not null and purchase.client_id <> :nobody
    order by line.purchase_id, line.line
    """
)
# The sales of which lines of these receipts take something back.
_SALES = text(
    """
    select distinct sale.purchase_id
    from unnest(cast(:ids as uuid[])) as asked (purchase_id)
    cross join lateral (
        select sale_pos, sale_receipt from purchase_line
        where brand_id = :brand and purchase_line.purchase_id = asked.purchase_id and sale_pos is not null offset 0
    ) back
    cross join lateral (
        select purchase_id from purchase
        where brand_id = :brand and pos = back.sale_pos and receipt = back.sale_receipt limit 1
    ) sale
    """
)
_OF_LINES = text(
    """
    select entry.entry_id, entry.client_id, entry.purchase_id, entry.line, entry.nth, entry.points, entry.expires_on,
        (select coalesce(-sum(gone.points), 0) from points_entry gone
            where gone.brand_id = :brand and gone.lot_id = entry.entry_id and gone.kind = 'expired') as expired
    from unnest(cast(:ids as uuid[])) as asked (purchase_id)
    cross join lateral (
        select * from points_entry
        where brand_id = :brand and points_entry.purchase_id = asked.purchase_id offset 0
    ) entry
    order by entry.purchase_id, entry.line, entry.nth
    """
)
_TAKEN_BACK = text(
    "select distinct purchase_id from points_entry where brand_id = :brand and client_id = any(:ids)"
    " and kind = 'returned'"
)


@dataclass(frozen=True, slots=True)
class LoyaltyPolicy:
    """A brand's rules of earning; version 0 is that nobody has set any, and nothing earns."""

    policy: Policy
    version: int


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry, opened. `actor` is who spent or adjusted, and `reason` why."""

    entry_id: UUID
    number: int
    kind: Entering
    points: int
    entered_at: datetime
    expires_on: date | None
    purchase_id: UUID | None
    contact: str | None
    reason: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a receipt that is somebody's: `back_minor` is what came back of it, zero or below."""

    purchase_id: UUID
    line: int
    net_minor: int
    is_linked: bool
    client_id: UUID
    purchased_at: datetime
    currency: str
    boutique_type: str | None
    back_minor: int


@dataclass(frozen=True, slots=True)
class LineEntry:
    """An entry for a line of a receipt; `expired` is how much of it is gone."""

    entry_id: UUID
    client_id: UUID
    purchase_id: UUID
    line: int
    nth: int
    points: int
    expires_on: date | None
    expired: int


async def policy(tx: AsyncSession) -> LoyaltyPolicy:
    """The rules in force."""
    row = (await tx.execute(_POLICY, {"brand": tx.info["brand_id"]})).one_or_none()
    if row is None:
        return LoyaltyPolicy(Policy(), 0)
    spend = {one["currency"]: one["minor_per_point"] for one in json.loads(row.spend)}
    store_types = {one["boutique_type"]: one["percent"] for one in json.loads(row.store_types)}
    engagement = {one["kind"]: one["points"] for one in json.loads(row.engagement)}
    return LoyaltyPolicy(Policy(row.since_on, row.expiry_months, spend, store_types, engagement), row.version)


async def ledgers(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, tuple[Ledger, dict[int, UUID]]]:
    """The ledgers of these records, each with its entries' ids by their number."""
    rows = await tx.execute(_ENTRIES, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    found: dict[UUID, tuple[Ledger, dict[int, UUID]]] = {one: (Ledger(), {}) for one in client_ids}
    numbers: dict[UUID, int] = {}
    for row in rows:
        ledger, ids = found[row.client_id]
        numbers[row.entry_id] = row.number
        ids[row.number] = row.entry_id
        ledger.add(Entry(row.number, row.points, row.expires_on, numbers.get(row.lot_id)))
    return found


async def entries(tx: AsyncSession, family: Sequence[UUID], *, after: int | None, limit: int) -> list[Entered]:
    """The entries of one person by all her records, the latest first."""
    rows = await tx.execute(_PAGE, {"brand": tx.info["brand_id"], "ids": list(family), "after": after, "limit": limit})
    ring = keyring(tx)
    return [
        Entered(
            row.entry_id,
            row.number,
            Entering(row.kind),
            row.points,
            row.entered_at,
            row.expires_on,
            row.purchase_id,
            row.contact,
            ring.open("points_entry", "reason", row.entry_id, row.reason) if row.reason else None,
            row.actor,
        )
        for row in rows
    ]


async def balances(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, int]:
    """What the accounts of each person come to, by the record she was asked by; what is due counts until swept."""
    rows = await tx.execute(_BALANCES, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.id: int(row.points) for row in rows}


async def lines(tx: AsyncSession, purchase_ids: Collection[UUID]) -> list[SoldLine]:
    """The lines of these receipts that are somebody's."""
    # Who was erased stands there as nobody.
    asked = {"brand": tx.info["brand_id"], "ids": sorted(purchase_ids), "nobody": NOBODY}
    rows = (await tx.execute(_LINES, asked)).mappings()
    return [SoldLine(**{**row, "back_minor": int(row["back_minor"])}) for row in rows]


async def sales(tx: AsyncSession, purchase_ids: Collection[UUID]) -> set[UUID]:
    """The receipts of which something came back with these."""
    asked = {"brand": tx.info["brand_id"], "ids": sorted(purchase_ids)}
    return set((await tx.execute(_SALES, asked)).scalars())


async def of_lines(tx: AsyncSession, purchase_ids: Collection[UUID]) -> Mapping[tuple[UUID, int], list[LineEntry]]:
    """The entries for lines of these receipts, in their order, by receipt and line."""
    found: dict[tuple[UUID, int], list[LineEntry]] = defaultdict(list)
    asked = {"brand": tx.info["brand_id"], "ids": sorted(purchase_ids)}
    for row in (await tx.execute(_OF_LINES, asked)).mappings():
        entry = LineEntry(**{**row, "points": int(row["points"]), "expired": int(row["expired"])})
        found[entry.purchase_id, entry.line].append(entry)
    return found


async def taken_back(tx: AsyncSession, client_ids: Sequence[UUID]) -> set[UUID]:
    """The receipts of these clients that something was taken back of."""
    family = [one for client_id in client_ids for one in await identities.family(tx, client_id)]
    rows = await tx.execute(_TAKEN_BACK, {"brand": tx.info["brand_id"], "ids": family})
    return set(rows.scalars())
