"""Entering points: the ledger is only added to, under the locks of the accounts it is about."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.identities import queries as identities
from services.profile.loyalty.events import PointsChanged
from services.profile.loyalty.queries import points as queries
from services.profile.loyalty.rules import ledger as rules
from services.profile.loyalty.rules.ledger import Entering
from services.profile.segments import queries as segments

FEW = 200  # accounts whose points expire in one transaction

_OPEN = text(
    "insert into points_account (brand_id, client_id, points) select :brand, unnest(cast(:ids as uuid[])), 0"
    " on conflict do nothing"
)
_LOCK = text(
    "select client_id from points_account where brand_id = :brand and client_id = any(:ids)"
    # In one order everywhere: two transactions that want the same accounts take turns.
    " order by client_id for update"
)
_ENTER = text(
    """
    insert into points_entry (brand_id, entry_id, client_id, kind, points, entered_at, expires_on, lot_id, purchase_id,
        line, nth, contact, contact_on, reason, actor)
    select :brand, entry_id, client_id, kind, points, :now, expires_on, lot_id, purchase_id, line, nth, contact,
        contact_on, reason, actor
    from unnest(cast(:entries as uuid[]), cast(:clients as uuid[]), cast(:kinds as text[]), cast(:points as bigint[]),
        cast(:expiries as date[]), cast(:lots as uuid[]), cast(:purchases as uuid[]), cast(:lines as int[]),
        cast(:nths as int[]), cast(:contacts as text[]), cast(:days as date[]), cast(:reasons as bytea[]),
        cast(:actors as text[])) with ordinality
        as item (entry_id, client_id, kind, points, expires_on, lot_id, purchase_id, line, nth, contact, contact_on,
            reason, actor, place)
    order by place
    on conflict (brand_id, client_id, contact, contact_on) do nothing
    returning entry_id
    """
)
# `due_on` may be too early, never too late: the sweep looks, and says it anew.
_ADD = text(
    "update points_account set points = points_account.points + item.points,"
    " due_on = least(points_account.due_on, item.due_on)"
    " from unnest(cast(:ids as uuid[]), cast(:points as bigint[]), cast(:days as date[])) as item"
    " (client_id, points, due_on)"
    " where brand_id = :brand and points_account.client_id = item.client_id"
)
_DUE_BRANDS = text("select distinct brand_id from points_account where due_on <= :latest order by brand_id")
_DUE = text(
    "select client_id from points_account where brand_id = :brand and due_on <= :today"
    # Somebody else who is at it gets it done; a second look would find nothing.
    " order by client_id limit :limit for update skip locked"
)
_SET_DUE = text(
    "update points_account set due_on = item.due_on from unnest(cast(:ids as uuid[]), cast(:days as date[])) as item"
    " (client_id, due_on) where brand_id = :brand and points_account.client_id = item.client_id"
)


@dataclass(frozen=True, slots=True)
class New:
    """One entry to be made, for one record."""

    client_id: UUID
    kind: Entering
    points: int
    expires_on: date | None = None
    lot_id: UUID | None = None
    purchase_id: UUID | None = None
    line: int | None = None
    nth: int | None = None
    contact: str | None = None
    contact_on: date | None = None
    reason: str | None = None
    actor: str | None = None
    entry_id: UUID = field(default_factory=new_id)


async def lock(tx: AsyncSession, client_ids: Collection[UUID]) -> None:
    """Hold the accounts of these records until the transaction ends; whoever has none gets one."""
    ids = {"brand": tx.info["brand_id"], "ids": sorted(client_ids)}
    await tx.execute(_OPEN, ids)
    await tx.execute(_LOCK, ids)


async def enter(tx: AsyncSession, entries: Sequence[New], *, now: datetime) -> None:
    """Make entries in this order and announce them; the accounts are locked. A day's second contact is left out."""
    if not entries:
        return
    ring = keyring(tx)
    made = await tx.execute(
        _ENTER,
        {
            "brand": tx.info["brand_id"],
            "now": now,
            "entries": [one.entry_id for one in entries],
            "clients": [one.client_id for one in entries],
            "kinds": [one.kind.value for one in entries],
            "points": [one.points for one in entries],
            "expiries": [one.expires_on for one in entries],
            "lots": [one.lot_id for one in entries],
            "purchases": [one.purchase_id for one in entries],
            "lines": [one.line for one in entries],
            "nths": [one.nth for one in entries],
            "contacts": [one.contact for one in entries],
            "days": [one.contact_on for one in entries],
            "reasons": [
                ring.seal("points_entry", "reason", one.entry_id, one.reason) if one.reason else None for one in entries
            ],
            "actors": [one.actor for one in entries],
        },
    )
    there = set(made.scalars())
    kept = [one for one in entries if one.entry_id in there]
    await _add(tx, kept)
    await _announce(tx, kept)


async def _add(tx: AsyncSession, entries: Sequence[New]) -> None:
    points: dict[UUID, int] = defaultdict(int)
    days: dict[UUID, date] = {}
    for one in entries:
        points[one.client_id] += one.points
        if one.expires_on is not None:
            days[one.client_id] = min(one.expires_on, days.get(one.client_id, one.expires_on))
    ids = list(points)
    values = {"ids": ids, "points": [points[one] for one in ids], "days": [days.get(one) for one in ids]}
    await tx.execute(_ADD, {"brand": tx.info["brand_id"]} | values)


async def _announce(tx: AsyncSession, entries: Sequence[New]) -> None:
    canonical = await identities.canonicals(tx, sorted({one.client_id for one in entries}))
    balance = await queries.balances(tx, sorted(set(canonical.values())))
    for one in entries:
        balance[canonical[one.client_id]] -= one.points
    for one in entries:
        client_id = canonical[one.client_id]
        balance[client_id] += one.points
        record(
            tx,
            PointsChanged(
                client_id=client_id,
                entry_id=one.entry_id,
                delta=one.points,
                balance=balance[client_id],
                reason=one.kind,
            ),
        )


async def spend(
    tx: AsyncSession, family: Sequence[UUID], points: int, *, kind: Entering, reason: str, by: str, now: datetime
) -> None:
    """Take points from one person, those that expire first, and first-comers first; raises NotEnoughPoints."""
    await lock(tx, family)
    await expire(tx, family, today=await segments.today(tx, now), now=now)
    held = await queries.ledgers(tx, family)
    parts = rules.spend({client_id: ledger for client_id, (ledger, _) in held.items()}, points)
    spent = [New(client_id, kind, -part, reason=reason, actor=by) for client_id, part in parts.items()]
    await enter(tx, spent, now=now)


async def give(tx: AsyncSession, client_id: UUID, points: int, *, reason: str, by: str, now: datetime) -> None:
    """Give a surviving record points, by hand."""
    today = await segments.today(tx, now)
    expires_on = (await queries.policy(tx)).policy.expires_on(today)
    await lock(tx, [client_id])
    given = New(client_id, Entering.ADJUSTED, points, expires_on=expires_on, reason=reason, actor=by)
    await enter(tx, [given], now=now)


async def expire(tx: AsyncSession, client_ids: Sequence[UUID], *, today: date, now: datetime) -> None:
    """Enter what has expired of these records, whose accounts are locked, and say when to look again."""
    held = await queries.ledgers(tx, client_ids)
    due = [
        New(client_id, Entering.EXPIRED, -lot.left, lot_id=ids[lot.number])
        for client_id, (ledger, ids) in held.items()
        for lot in ledger.due(today)
    ]
    await enter(tx, due, now=now)
    await _say_due(tx, {client_id: ledger.next_expiry(today) for client_id, (ledger, _) in held.items()})


async def _say_due(tx: AsyncSession, expiries: Mapping[UUID, tuple[date, int] | None]) -> None:
    ids = list(expiries)
    days = [one[0] if one is not None else None for one in expiries.values()]
    await tx.execute(_SET_DUE, {"brand": tx.info["brand_id"], "ids": ids, "days": days})


async def sweep(database: Database, *, now: datetime) -> int:
    """Let a batch per brand of points expire whose day has come; answers how many accounts were looked at."""
    async with database.transaction(EVERY_BRAND) as tx:
        latest = {"latest": segments.latest_day_anywhere(now)}
        brands = (await tx.execute(_DUE_BRANDS, latest)).scalars().all()
    done = 0
    for brand_id in brands:
        async with database.transaction(brand_id) as tx:
            today = await segments.today(tx, now)
            rows = await tx.execute(_DUE, {"brand": brand_id, "today": today, "limit": FEW})
            ids = list(rows.scalars())
            if ids:
                await expire(tx, ids, today=today, now=now)
            done += len(ids)
    return done
