"""Removing what is over its time: once a day, by one instance, a few rows in each transaction, counted as they go."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.eventlog.lease import Lease
from infra.eventlog.work import until
from infra.ids import NOBODY, new_id
from infra.retention.periods import Period, Sweep
from infra.telemetry import metrics, reduced

EVERY = timedelta(days=1)
FIRST = 90.0  # seconds after a start: whoever restarts everything has other work to do first
LOOK = 60.0  # seconds between two looks whether it is time
FEW = 1_000  # rows looked at in one transaction

# The run itself stands under every brand's name, what it removed under the name of each brand that it removed it from.
_BEGIN = text(
    "insert into retention_run (brand_id, run_id, category, started_at) values (:every, :run_id, :category, :now)"
)
_END = text("update retention_run set finished_at = :now where run_id = :run_id and category = :category")
_REMOVED = text(
    "insert into retention_run as run (brand_id, run_id, category, started_at, removed)"
    " values (:brand, :run_id, :category, :now, :removed)"
    " on conflict (brand_id, run_id, category) do update set removed = run.removed + excluded.removed"
)
_NOW = text("select clock_timestamp()")
_IS_DUE = text(
    "select not exists (select from retention_run where category = :category and brand_id = :every"
    " and finished_at is not null and started_at > :since)"
)
_FORGET_RUNS = text("delete from retention_run where started_at < :before")

RUNS_KEPT = timedelta(days=3 * 366)  # records of processing: three years (PIPL, article 56)


async def keep_short(
    database: Database, periods: Sequence[Period], stop: asyncio.Event, *, source: str, first: float = FIRST
) -> None:
    """Sweep what is due until told to stop; of several instances one does it.

    By the clock of the database alone: an instance whose own runs ahead would remove what the law wants kept.
    """
    lease = Lease(database, f"retention:{source}")

    async def step() -> None:
        async with database.transaction(EVERY_BRAND) as tx:
            now = (await tx.execute(_NOW)).scalar_one()
        due = [one for one in periods if await is_due(database, one, now=now)]
        if due and await lease.hold() is not None:
            async with lease.renewed():
                for one in due:
                    try:
                        await sweep(database, one, now=now, stop=stop)
                    except Exception as fault:  # noqa: BLE001 - the other categories do not wait for this one
                        structlog.get_logger().warning("retention-failed", kind=one.category, **reduced(fault))
        await pause(stop, LOOK)

    await pause(stop, first)
    await until(stop, step, source=source)


async def is_due(database: Database, period: Period, *, now: datetime) -> bool:
    """Whether a category was not swept to its end for a day."""
    async with database.transaction(EVERY_BRAND) as tx:
        asked = {"category": period.category, "every": EVERY_BRAND, "since": now - EVERY}
        return bool((await tx.execute(_IS_DUE, asked)).scalar_one())


async def sweep(database: Database, period: Period, *, now: datetime, stop: asyncio.Event | None = None) -> int:
    """Remove what is over of one category; answers how many rows of all brands.

    Killed or stopped in between, what was removed is counted, and the next run goes on with the rest.
    """
    run_id, removed = new_id(), 0
    async with database.transaction(EVERY_BRAND) as tx:
        run = {"run_id": run_id, "category": period.category, "now": now}
        await tx.execute(_BEGIN, run | {"every": EVERY_BRAND})
        await tx.execute(_FORGET_RUNS, {"before": now - RUNS_KEPT})
    for one in period.sweeps:
        after: tuple[Any, ...] | None = None
        while stop is None or not stop.is_set():
            async with database.transaction(EVERY_BRAND) as tx:
                last, gone = await _some(tx, period, one, after, run_id=run_id, now=now)
            removed += gone
            if last is None:
                break
            after = last
    if stop is None or not stop.is_set():
        async with database.transaction(EVERY_BRAND) as tx:
            await tx.execute(_END, run)
    structlog.get_logger().info("retention-swept", kind=period.category, count=removed)
    return removed


async def _some(
    tx: AsyncSession, period: Period, one: Sweep, after: tuple[Any, ...] | None, *, run_id: UUID, now: datetime
) -> tuple[tuple[Any, ...] | None, int]:
    """One stretch of a table: where it ended, None at the table's end, and how many rows were removed."""
    bound: dict[str, Any] = {"now": now, "category": period.category, "days": period.days, "nobody": NOBODY}
    bound |= {"few": FEW}
    if one.key:
        walked = _Walk(one, after)
        row = (await tx.execute(text(walked.end), bound | walked.bound)).one()
        last = tuple(row)[:-1] if row.seen == FEW else None
        bound |= walked.bound | walked.until(tuple(row)[:-1])
        gone = await tx.execute(text(walked.removal), bound) if row.seen else None
    else:
        gone = await tx.execute(text(_found(one)), bound)
        last = None
    counted = {row.brand_id: row.removed for row in gone} if gone is not None else {}
    for brand_id, removed in counted.items():
        row_of = {"brand": brand_id, "run_id": run_id, "category": period.category, "now": now, "removed": removed}
        await tx.execute(_REMOVED, row_of)
        metrics.RETENTION.labels(period.category).inc(removed)
    if not one.key and sum(counted.values()) == FEW:
        last = ()
    return last, sum(counted.values())


class _Walk:
    """The statements of one stretch of a table along its primary key."""

    def __init__(self, one: Sweep, after: tuple[Any, ...] | None) -> None:
        key = ("brand_id", *one.key)
        columns = ", ".join(key)
        names = ", ".join(f"t.{part}" for part in key)
        beyond = f"({names}) > ({_places('a', key)})" if after else "true"
        self.bound: dict[str, Any] = _bind("a", after or ())
        descending = ", ".join(f"{part} desc" for part in key)
        self.end = (
            f"select {', '.join(f'(array_agg({part} order by {descending}))[1]' for part in key)},"  # noqa: S608
            f" count(*) as seen from (select {columns} from {one.table} t where {beyond}"
            f" order by {columns} limit :few) as stretch"
        )
        within = f"{beyond} and ({names}) <= ({_places('z', key)}) and ({one.over})"
        self.removal = _removal(one, within)

    @staticmethod
    def until(last: tuple[Any, ...]) -> dict[str, Any]:
        """Where the stretch ends."""
        return _bind("z", last)


def _found(one: Sweep) -> str:
    ids = f"t.ctid in (select t.ctid from {one.table} t where {one.over} limit :few)"  # noqa: S608 - our own words
    return _removal(one, ids)


def _removal(one: Sweep, where: str) -> str:
    act = f"update {one.table} t set {one.sets}" if one.sets else f"delete from {one.table} t"  # noqa: S608
    return (
        f"with gone as ({act} where {where} returning t.brand_id)"  # noqa: S608 - our own words
        " select brand_id, count(*) as removed from gone group by 1"
    )


def _places(letter: str, key: Sequence[str]) -> str:
    return ", ".join(f":{letter}{number}" for number, _ in enumerate(key))


def _bind(letter: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{letter}{number}": value for number, value in enumerate(values)}
