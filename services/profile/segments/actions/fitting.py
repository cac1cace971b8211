"""Fitting a brand's models once a week, by one instance, in a process of its own that leaves with its memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from infra.app import Kit
from infra.computing import computed
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.eventlog.lease import Lease
from infra.telemetry import reduced
from services.profile.consents import queries as consents
from services.profile.segments import queries, rules
from services.profile.segments.actions import scoring
from services.profile.segments.queries import SegmentPolicy, fits
from services.profile.segments.queries.features import features
from services.profile.segments.queries.fits import Fit
from services.profile.segments.rules import Segment

EVERY = timedelta(days=7)
FIRST = 300.0  # seconds after a start: whoever restarts everything has other work to do first
LOOK = 3600.0  # seconds between two looks whether it is time
PATIENCE = 900.0  # seconds that a fit may take
CHUNK = 500  # clients of one statement
VALUE_SAMPLE, FUTURE_SAMPLE = 50_000, 20_000  # clients; of a larger house, so many by chance
# Months before today on which clients are looked at, a year before it is known who became a VIC. What became known in
# the last twelve months is held back: nothing of it is trained on.
EARLIER_MONTHS, HELD_BACK_MONTHS = (36, 33, 30, 27, 24), (15, 12)

_DUE_BRANDS = text(
    "select distinct brand_id from client_segment s where not exists (select from segment_model m"
    " where m.brand_id = s.brand_id and m.fitted_at > :since) order by 1"
)
# The same clients each time, as long as they are there.
_BUYERS = text(
    "select client_id from client_segment where brand_id = :brand"
    " order by hashtextextended(cast(client_id as text), 1), client_id limit :limit"
)
_CLIENTS = text(
    "select client_id from client c where brand_id = :brand and not exists (select from client_alias a"
    " where a.brand_id = c.brand_id and a.client_id = c.client_id)"
    " order by hashtextextended(cast(client_id as text), 1), client_id limit :limit"
)
_KEEP = text(
    "insert into segment_model (brand_id, kind, fitted_at, clients, currency, unusable, parameters, measures)"
    " values (:brand, :kind, :now, :clients, :currency, :unusable, cast(:parameters as jsonb),"
    " cast(:measures as jsonb)) on conflict do nothing"
)

Rows = AsyncIterator[Sequence[float]]


async def modelling(kit: Kit, stop: asyncio.Event) -> None:
    """The loop; of several instances one does it."""
    lease = Lease(kit.database, "segment-models")
    await pause(stop, FIRST)
    while not stop.is_set():
        now = kit.clock()
        async with kit.database.transaction(EVERY_BRAND) as tx:
            due = (await tx.execute(_DUE_BRANDS, {"since": now - EVERY})).scalars().all()
        if due and await lease.hold() is not None:
            async with lease.renewed():
                for brand_id in due:
                    try:
                        await fit(kit.database, brand_id, now=now)
                    except Exception as fault:  # noqa: BLE001 - the other brands do not wait for this one
                        structlog.get_logger().warning("segment-fit-failed", **reduced(fault))
        await pause(stop, LOOK)


async def fit(database: Database, brand_id: str, *, now: datetime) -> None:
    """Fit value and future VICs of one brand, keep both with their measures, and score whom the latter foretells."""
    async with database.transaction(brand_id) as tx:
        setting = await queries.policy(tx)
    today = rules.day_of(now, setting.policy.zone)
    for kind, rows in (
        (Fit.VALUE, _histories(database, brand_id, setting, today)),
        (Fit.FUTURE, _outcomes(database, brand_id, setting, today)),
    ):
        found = await computed("services.profile.segments.models", kind.value, rows=rows, patience=PATIENCE)
        row = {
            "brand": brand_id,
            "kind": kind.value,
            "now": now,
            "clients": found["clients"],
            "currency": setting.policy.currency,
            "unusable": found["unusable"],
            "parameters": json.dumps(found.get("parameters", {})),
            "measures": json.dumps(found["measures"]),
        }
        async with database.transaction(brand_id) as tx:
            await tx.execute(_KEEP, row)
        structlog.get_logger().info("segment-model-fitted", kind=kind.value, brand=brand_id, count=found["clients"])
    await scoring.score_all(database, brand_id, now=now)


async def _histories(database: Database, brand_id: str, setting: SegmentPolicy, today: date) -> Rows:
    async for ids in _sampled(database, brand_id, text_of=Fit.VALUE):
        async with database.snapshot(brand_id) as tx:
            known = await fits.histories(tx, ids, setting, today)
        for one in known.values():
            yield one.repeats, one.recency_days, one.age_days, one.mean_minor or 0.0


async def _outcomes(database: Database, brand_id: str, setting: SegmentPolicy, today: date) -> Rows:
    """Who was no VIC on a day, and whether she was one a year later."""
    async for ids in _sampled(database, brand_id, text_of=Fit.FUTURE):
        for months in (*EARLIER_MONTHS, *HELD_BACK_MONTHS):
            day = _months_before(today, months)
            async with database.snapshot(brand_id) as tx:
                known = await features(tx, ids, setting, day)
                later = await queries.standings(tx, ids, setting, _months_before(today, months - 12))
            for client_id, one in known.items():
                if one.is_known and one.spend_minor < setting.policy.vic_minor:
                    part = 0 if months in EARLIER_MONTHS else 1 + client_id.int % 2
                    yield part, float(later[client_id].reckoned is Segment.VIC), *one.values


async def _sampled(database: Database, brand_id: str, *, text_of: Fit) -> AsyncIterator[list[UUID]]:
    statement, limit = (_BUYERS, VALUE_SAMPLE) if text_of is Fit.VALUE else (_CLIENTS, FUTURE_SAMPLE)
    async with database.transaction(brand_id) as tx:
        every = list((await tx.execute(statement, {"brand": brand_id, "limit": limit})).scalars())
    for begin in range(0, len(every), CHUNK):
        ids = every[begin : begin + CHUNK]
        async with database.transaction(brand_id) as tx:
            barred = await consents.profiling_off(tx, ids) | await consents.restricted(tx, ids)
        yield [client_id for client_id in ids if client_id not in barred]


def _months_before(day: date, months: int) -> date:
    """The same day some months before, or the last one of that month."""
    count = day.year * 12 + day.month - 1 - months
    first = date(count // 12, count % 12 + 1, 1)
    following = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
