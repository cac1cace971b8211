"""Reconciliation: once an hour each outbox is held against the log, number by number."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from infra.database import Database
from infra.eventlog import extent
from infra.eventlog.direct import LONG, Connection, direct, unhurried
from infra.eventlog.hint import pause
from infra.eventlog.lease import Lease
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.work import until

EVERY = timedelta(hours=1)
FIRST = 60.0  # seconds after a start: whoever restarts everything has other work to do first
LOOK = 60.0  # seconds between two looks whether it is time
BATCH = 5_000  # numbers compared in one pair of statements
SAID = 100  # numbers of each kind that are named

Tell = Callable[[int, int], None]  # how many of how many are done

_BOUNDS = "select min(relay_seq) from outbox where published_at is not null"
_OURS = """
select count(*) as facts, md5(string_agg(relay_seq || ':' || event_id, ',' order by relay_seq)) as hash
from outbox where relay_seq between $1 and $2 and published_at is not null
"""
_THEIRS = """
select count(*) as facts, md5(string_agg(relay_seq || ':' || (envelope ->> 'id'), ',' order by relay_seq)) as hash
from fact where source = $3 and relay_seq between $1 and $2
"""
_OUR_IDS = "select relay_seq, event_id from outbox where relay_seq between $1 and $2 and published_at is not null"
_THEIR_IDS = """
select relay_seq, (envelope ->> 'id')::uuid as event_id from fact where source = $3 and relay_seq between $1 and $2
"""
_LAST_IN_LOG = "select coalesce(max(relay_seq), 0) from fact where source = $1"
_COUNT_BEYOND = "select count(*) from fact where source = $1 and relay_seq > $2"
_FIRST_BEYOND = "select relay_seq from fact where source = $1 and relay_seq > $2 order by relay_seq limit $3"
_KEEP = """
insert into reconciliation (source, checked_at, compared, missing, foreign_facts)
values ($1, clock_timestamp(), $2, $3, $4)
on conflict (source) do update set checked_at = excluded.checked_at, compared = excluded.compared,
    missing = excluded.missing, foreign_facts = excluded.foreign_facts
"""
_VERDICT = "select checked_at, compared, missing, foreign_facts from reconciliation where source = $1"
_IS_DUE = """
select not exists (select from reconciliation where source = $1 and checked_at > clock_timestamp() - $2::interval)
"""


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an outbox and the log say of the same numbers: `missing` in the log, `foreign` to the outbox.

    At most SAID of each are named; the counts are whole.
    """

    facts: int
    missing_count: int
    foreign_count: int
    missing: tuple[int, ...]
    foreign: tuple[int, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing is missing and nothing is foreign."""
        return self.missing_count == 0 and self.foreign_count == 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last reconciliation of a source."""

    checked_at: datetime
    compared: int
    missing: int
    foreign: int

    @property
    def agrees(self) -> bool:
        """Whether the outbox and the log said the same."""
        return self.missing == 0 and self.foreign == 0


@dataclass(slots=True)
class _Numbers:
    """How many numbers were found, and the first SAID of them: there may be millions."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, count: int, first: Sequence[int]) -> None:
        self.count += count
        self.first += first[: SAID - len(self.first)]


class _Stopped(Exception):
    """The process is to end before everything was compared."""


async def compare(database: Database, log: PostgresLog, source: str, *, tell: Tell = silent) -> Compared:
    """Hold everything that the outbox keeps of what was published against the log, in short statements."""
    facts, missing, foreign = 0, _Numbers(), _Numbers()
    async with (
        direct(database.engine) as service,
        direct(log.engine) as shared,
        service.transaction(),
        shared.transaction(),
    ):
        # Each statement is short, but this is nobody's request: on a busy machine it may wait.
        await unhurried(service)
        await unhurried(shared)
        until_number = (await extent.numbered(service, source)).published
        first = await service.fetchval(_BOUNDS) or until_number + 1
        for start in range(first, until_number + 1, BATCH):
            end = min(start + BATCH - 1, until_number)
            tell(start - first, until_number + 1 - first)
            # The outbox before the log: what is published in between is in the log already.
            ours = await service.fetchrow(_OURS, start, end)
            theirs = await shared.fetchrow(_THEIRS, start, end, source)
            facts += ours["facts"]
            if (ours["facts"], ours["hash"]) != (theirs["facts"], theirs["hash"]):
                lost, others = await _differences(service, shared, source, start, end)
                missing.add(len(lost), lost)
                foreign.add(len(others), others)
        tell(until_number + 1 - first, until_number + 1 - first)
        foreign.add(*await _unheard_of(service, shared, source))
    return Compared(facts, missing.count, foreign.count, tuple(missing.first), tuple(foreign.first))


async def reconcile(database: Database, log: PostgresLog, source: str, *, tell: Tell = silent) -> Verdict:
    """Compare, keep the verdict and say it in the log of the process."""
    compared = await compare(database, log, source, tell=tell)
    async with direct(database.engine) as connection:
        await connection.execute(_KEEP, source, compared.facts, compared.missing_count, compared.foreign_count)
    if compared.agrees:
        structlog.get_logger().info("log-reconciled", source=source, count=compared.facts)
    else:
        # The numbers' stretches, not their facts: enough to look for them.
        worst = min((*compared.missing, *compared.foreign))
        structlog.get_logger().error(
            "log-differs", source=source, position=worst, count=compared.missing_count + compared.foreign_count
        )
    verdict = await last_verdict(database, source)
    if verdict is None:
        raise LookupError(source)
    return verdict


async def last_verdict(database: Database, source: str) -> Verdict | None:
    """What the last reconciliation found, None before the first."""
    async with direct(database.engine) as connection:
        row: Any = await connection.fetchrow(_VERDICT, source)
    if row is None:
        return None
    return Verdict(row["checked_at"], row["compared"], row["missing"], row["foreign_facts"])


async def keep_reconciled(
    database: Database, log: PostgresLog, source: str, stop: asyncio.Event, *, first: float = FIRST
) -> None:
    """Reconcile once an hour until told to stop; of several instances one does it.

    Stopped in the middle of it, it leaves off after a batch, and no verdict is kept: the next start is soon enough.
    """
    lease = Lease(database, f"reconcile:{source}")

    def leave_off(_done: int, _total: int) -> None:
        if stop.is_set():
            raise _Stopped

    async def step() -> None:
        async with direct(database.engine) as connection:
            is_due = await connection.fetchval(_IS_DUE, source, EVERY)
        if is_due and await lease.hold() is not None:
            with suppress(_Stopped):
                async with lease.renewed():
                    await reconcile(database, log, source, tell=leave_off)
        await pause(stop, LOOK)

    await pause(stop, first)
    await until(stop, step, source=source)


async def _differences(
    service: Connection, shared: Connection, source: str, start: int, end: int
) -> tuple[list[int], list[int]]:
    ours = {row["relay_seq"]: row["event_id"] for row in await service.fetch(_OUR_IDS, start, end)}
    rows = await shared.fetch(_THEIR_IDS, start, end, source)
    # What was forgotten since this batch began is no difference.
    kept_from = await service.fetchval(_BOUNDS) or end + 1
    theirs = {row["relay_seq"] for row in rows}
    missing = [number for number in ours if number not in theirs]
    foreign = [
        row["relay_seq"]
        for row in rows
        if row["relay_seq"] >= kept_from and ours.get(row["relay_seq"]) != row["event_id"]
    ]
    return sorted(missing), sorted(foreign)


async def _unheard_of(service: Connection, shared: Connection, source: str) -> tuple[int, list[int]]:
    """How many numbers in the log the outbox has never given, and the first of them."""
    in_log = await shared.fetchval(_LAST_IN_LOG, source)
    # Asked second: the relay may have gone on in between.
    given = (await extent.numbered(service, source)).last
    if in_log <= given:
        return 0, []
    count = await shared.fetchval(_COUNT_BEYOND, source, given, timeout=LONG)
    return count, [row["relay_seq"] for row in await shared.fetch(_FIRST_BEYOND, source, given, SAID)]
