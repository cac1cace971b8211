"""Reports of shares and flows: reckoned while their reader waits, or where that takes long made beforehand and kept."""

import asyncio
import time
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.eventlog.lease import Lease
from infra.telemetry import reduced
from services.profile.segments import queries
from services.profile.segments.queries import SegmentPolicy, kept, report
from services.profile.segments.queries.kept import Asked, Report
from services.profile.segments.queries.report import Flow, Shares
from services.profile.segments.rules import reports as rules

LOOK = 5.0  # seconds between two looks for a report that somebody wants
NIGHT = 600.0  # seconds between two looks whether a day has begun
READER = timedelta(seconds=rules.SLOW)  # for each of the two statements
BACKGROUND = timedelta(minutes=15)

_WANT = text(
    "insert into segment_report (brand_id, key, as_of, compared_on, boutiques, asked_at)"
    " values (:brand, :key, :as_of, :compared_on, :boutiques, :now)"
    " on conflict (brand_id, key) do update set asked_at = excluded.asked_at"
    " where segment_report.reckoned_at is null or segment_report.asked_at <= segment_report.reckoned_at"
)
_WANTED = text(
    "select brand_id, key, as_of, compared_on, boutiques, asked_at from segment_report"
    " where found is null or asked_at > reckoned_at order by asked_at limit 1"
)
_KEEP = text(
    "update segment_report set policy_version = :version, reckoned_at = :now, seconds = :seconds,"
    " found = cast(:found as jsonb) where brand_id = :brand and key = :key"
)
_DROP = text("delete from segment_report where brand_id = :brand and key = :key and found is null")
_KEEP_OLD = text("update segment_report set asked_at = reckoned_at where brand_id = :brand and key = :key")
_LARGE = text(
    "select brand_id, max(seconds) as seconds from segment_report where reckoned_at > :since and boutiques is null"
    " group by brand_id having max(seconds) > :slow"
)
_IS_THERE = text("select 1 from segment_report where brand_id = :brand and key = :key")
_FORGET = text("delete from segment_report where greatest(asked_at, reckoned_at) < :before")


async def find(
    tx: AsyncSession,
    setting: SegmentPolicy,
    *,
    as_of: date | None,
    compared_on: date | None,
    boutiques: list[UUID] | None,
    now: datetime,
) -> Report | Asked:
    """The report, reckoned now or kept; what has to be made in the background where neither is to be had in time.

    A reader who names no day is content with the day before.
    """
    today = await queries.today(tx, now)
    asked = Asked(as_of or today, compared_on, boutiques)
    found = await kept.kept(tx, asked, setting, or_day_before=as_of is None)
    if found is not None and found.seconds > rules.SLOW:
        if found.reckoned_at < now - rules.FRESH:
            await want(tx, asked, now=now)
        return found
    began = time.monotonic()
    try:
        async with tx.begin_nested():
            shares, flows = await _reckon(tx, setting, asked, within=READER)
    except asyncpg.QueryCanceledError:
        return asked
    return Report(shares, flows, now, time.monotonic() - began)


async def want(tx: AsyncSession, asked: Asked, *, now: datetime) -> None:
    """Have a report made in the background, once however many ask for it."""
    row = {
        "brand": tx.info["brand_id"],
        "key": asked.key,
        "as_of": asked.as_of,
        "compared_on": asked.compared_on,
        "boutiques": asked.boutiques,
        "now": now,
    }
    await tx.execute(_WANT, row)


async def reporting(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that makes what is wanted, and by night what a large house will want; of several instances one."""
    # Whoever restarts everything has other work to do first than what the night wants.
    lease, looked = Lease(kit.database, "segment-reports"), time.monotonic()
    while not stop.is_set():
        if time.monotonic() - looked >= NIGHT:
            await prepare(kit.database, now=kit.clock())
            looked = time.monotonic()
        if await _is_wanted(kit.database) and await lease.hold() is not None:
            async with lease.renewed():
                while not stop.is_set() and await make_next(kit.database, now=kit.clock()):
                    pass
        await pause(stop, LOOK)


async def make_next(database: Database, *, now: datetime) -> bool:
    """Make the report that has been wanted longest; answers whether there was one."""
    async with database.transaction(EVERY_BRAND) as tx:
        row = (await tx.execute(_WANTED)).one_or_none()
    if row is None:
        return False
    whose = {"brand": row.brand_id, "key": row.key}
    try:
        async with database.transaction(row.brand_id) as tx:
            setting, began = await queries.policy(tx), time.monotonic()
            asked = Asked(row.as_of, row.compared_on, row.boutiques)
            shares, flows = await _reckon(tx, setting, asked, within=BACKGROUND)
            told = {
                "version": setting.version,
                "seconds": time.monotonic() - began,
                "found": kept.written(shares, flows),
            }
            # Whoever asked meanwhile has it.
            await tx.execute(_KEEP, whose | told | {"now": max(now, row.asked_at)})
    except (asyncpg.QueryCanceledError, TimeoutError) as fault:
        # Nobody is told that it will come: the next one who asks has it tried again.
        structlog.get_logger().warning("segment-report-failed", **reduced(fault))
        async with database.transaction(row.brand_id) as tx:
            await tx.execute(_DROP, whose)
            await tx.execute(_KEEP_OLD, whose)
    return True


async def _is_wanted(database: Database) -> bool:
    async with database.transaction(EVERY_BRAND) as tx:
        return (await tx.execute(_WANTED)).first() is not None


async def prepare(database: Database, *, now: datetime) -> None:
    """Want, for every brand whose report takes long, the day that has begun and its last months; forget old ones."""
    async with database.transaction(EVERY_BRAND) as tx:
        await tx.execute(_FORGET, {"before": now - rules.FORGOTTEN})
        large = (await tx.execute(_LARGE, {"since": now - rules.FORGOTTEN, "slow": rules.SLOW})).all()
    for row in large:
        async with database.transaction(row.brand_id) as tx:
            for as_of, compared_on in rules.nightly(await queries.today(tx, now)):
                asked = Asked(as_of, compared_on, None)
                if (await tx.execute(_IS_THERE, {"brand": row.brand_id, "key": asked.key})).first() is None:
                    await want(tx, asked, now=now)


async def _reckon(
    tx: AsyncSession, setting: SegmentPolicy, asked: Asked, *, within: timedelta
) -> tuple[Shares, list[Flow]]:
    shares = await report.shares(tx, setting, asked.as_of, boutiques=asked.boutiques, within=within)
    if asked.compared_on is None:
        return shares, []
    before, after = sorted((asked.compared_on, asked.as_of))
    return shares, await report.flows(tx, setting, before=before, after=after, boutiques=asked.boutiques, within=within)
