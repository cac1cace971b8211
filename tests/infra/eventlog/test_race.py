"""The permanent probe: writers, relays and followers at once. Nothing lost, nothing twice, nothing out of order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import groupby

from sqlalchemy.exc import DBAPIError

from infra.database import Database
from infra.eventlog.background import run_plumbing
from infra.eventlog.facts import Fact
from infra.eventlog.faults import sqlstate
from infra.eventlog.follower import on
from infra.eventlog.postgres import PostgresLog
from infra.ids import new_id
from tests.infra.eventlog.builders import LampBroken, LampLit, Lit, announce, everything, keep, rows, until
from tests.infra.eventlog.conftest import NewDatabase, NewLog
from tests.running import Throwaway

AGGREGATES = 8
LOCK_NOT_AVAILABLE = "55P03"

_ARRIVED = "select from effect having count(*) = $1"
_CUT = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = any($1)"


async def _write(
    new_database: NewDatabase, *, writers: int, transactions: int, after: Callable[[int], Awaitable[None]]
) -> int:
    """Commit facts about the same few lamps from many connections; answers how many somebody reacts to."""
    lamps = [new_id() for _ in range(AGGREGATES)]

    async def write(writer: int) -> int:
        chance, database, written = random.Random(writer), new_database(), 0
        for by in range(transactions):
            lit = [LampLit(lamp_id=lamp, by=by) for lamp in chance.choices(lamps, k=chance.randint(1, 3))]
            aside = [LampBroken(lamp_id=new_id())] if by % 10 == 0 else []  # nobody reacts to these
            while not await _announced(database, *lit, *aside):
                pass
            written += len(lit)
            if writer == 0:
                await after(by)
        return written

    return sum(await asyncio.gather(*(write(writer) for writer in range(writers))))


async def _announced(database: Database, *facts: Fact) -> bool:
    """Whether they are told; not where, on a busy machine, a rival kept an aggregate for longer than a login waits."""
    try:
        await announce(database, *facts)
    except DBAPIError as fault:
        if sqlstate(fault) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


async def _check(service_url: str, log: PostgresLog, *, written: int) -> None:
    """Each fact stands in the log once and has taken effect once, in the order of its aggregate."""
    effects = await rows(service_url, "select event_id, aggregate, sequence from effect order by aggregate, n")
    assert len({row["event_id"] for row in effects}) == len(effects) == written
    for _, of_one in groupby(effects, key=lambda row: row["aggregate"]):
        sequences = [row["sequence"] for row in of_one]
        assert sequences == list(range(1, len(sequences) + 1))
    outbox = await rows(service_url, "select event_id, published_at from outbox order by relay_seq")
    stored = await everything(log)
    assert [one.position for one in stored] == list(range(1, len(outbox) + 1))
    assert [one.relay_seq for one in stored] == list(range(1, len(outbox) + 1))
    assert [one.envelope.id for one in stored] == [row["event_id"] for row in outbox]
    assert all(row["published_at"] for row in outbox)
    assert await rows(service_url, "select * from parked_fact") == []


async def test_sixteen_writers_lose_nothing_double_nothing_and_break_no_order(
    new_database: NewDatabase, new_log: NewLog, service_url: str
) -> None:
    stops = [asyncio.Event(), asyncio.Event()]
    plumbing = [
        asyncio.create_task(run_plumbing(new_database(), new_log(), "lamps", [on(Lit, keep)], stop)) for stop in stops
    ]

    async def halve(by: int) -> None:
        if by == 60:
            stops[0].set()

    written = await _write(new_database, writers=16, transactions=120, after=halve)
    await until(lambda: rows(service_url, _ARRIVED, written), seconds=30)
    stops[1].set()
    await asyncio.gather(*plumbing)
    await _check(service_url, new_log(), written=written)


async def test_connections_cut_at_any_moment_lose_nothing_double_nothing_and_park_nothing(
    postgres: Throwaway, new_database: NewDatabase, new_log: NewLog, service_url: str
) -> None:
    stop = asyncio.Event()
    plumbing = asyncio.create_task(run_plumbing(new_database("plumbing"), new_log(), "lamps", [on(Lit, keep)], stop))
    cut = 0

    async def scissors(by: int) -> None:
        nonlocal cut
        if by % 5 == 0:
            cut += len(await rows(postgres.admin_url, _CUT, ["plumbing", "eventlog"]))

    written = await _write(new_database, writers=4, transactions=150, after=scissors)
    await until(lambda: rows(service_url, _ARRIVED, written), seconds=30)
    stop.set()
    await plumbing
    assert cut > 10
    await _check(service_url, new_log(), written=written)
