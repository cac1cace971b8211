"""`python -m bench.log.roles ROLE ORDER`: one process of the log's measurements; it says what it did as JSON."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
import uvloop

from bench.log.visits import BRAND, INSERT, PROJECTION, Effects, VisitMeasured, visit
from bench.machine import say
from infra.database import Database
from infra.eventlog.follower import Follower
from infra.eventlog.outbox import record
from infra.eventlog.port import Entry, Envelope
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.relay import BATCH, Relay
from infra.eventlog.replay import replay
from infra.ids import new_id

Order = dict[str, Any]
SOURCE = "bench"
WRITERS = 16


async def _word() -> None:
    """Say that all is ready, and wait for the word."""
    say(ready=True)
    await asyncio.to_thread(sys.stdin.readline)


async def announcing(order: Order) -> None:
    """A service: every fact in a transaction of its own at its moment, and the service's relay beside it."""
    database, log = Database(order["database_url"], pool_size=WRITERS + 2), PostgresLog(order["log_url"])
    stop, committed = asyncio.Event(), {}
    # A slow disk lets them wait here: then they are fewer a second, which is said, and not failures.
    writers = asyncio.Semaphore(WRITERS)

    async def one(number: int) -> None:
        async with writers, database.transaction(BRAND) as tx:
            record(tx, visit(number))
        committed[number] = time.time()

    relaying = asyncio.create_task(Relay(database, log, SOURCE).run(stop))
    # As in a service that has been running, the pool is full; what filled it is not counted.
    await asyncio.gather(*[one(-number) for number in range(1, WRITERS + 1)])
    committed.clear()
    await _word()
    first, rate = time.monotonic(), order["rate"]
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * order["seconds"])):
            await asyncio.sleep(max(0.0, first + number / rate - time.monotonic()))
            tasks.create_task(one(number))
    took = time.monotonic() - first
    await asyncio.to_thread(sys.stdin.readline)  # the relay goes on until the follower has it all
    stop.set()
    await relaying
    say(committed=committed, took=took)


async def taking(order: Order) -> None:
    """A follower that takes `count` facts; when each took effect, and how long all but the first batch took."""
    database, log = Database(order["database_url"]), PostgresLog(order["log_url"])
    effects = Effects(order["name"])
    follower = Follower(database, log, order["name"], [effects.reaction])
    done, committed, began, warm = 0, {}, 0.0, 0
    async with follower.lease.renewed():
        await follower.lease.hold()
        await _word()
        while done < order["count"]:
            read = await follower.once(wait=0.25)
            committed.update(dict.fromkeys(effects.numbers, time.time()))
            effects.numbers.clear()
            done += read
            if read and not began:
                began, warm = time.perf_counter(), done
    say(committed=committed if order.get("times") else {}, count=done - warm, took=time.perf_counter() - began)


async def taking_bare(order: Order) -> None:
    """The same rows read and the same effects written with nothing around them: asyncpg, 500 in a transaction."""
    log, database = await asyncpg.connect(order["log_url"]), await asyncpg.connect(order["database_url"])
    after, done, began, warm = order["after"], 0, 0.0, 0
    await _word()
    while done < order["count"]:
        rows = await log.fetch(
            "select position, envelope from fact where position > $1 order by position limit 500", after
        )
        envelopes = [json.loads(row["envelope"]) for row in rows]
        numbers = [one["data"]["number"] for one in envelopes]
        await database.execute(INSERT, order["name"], [one["id"] for one in envelopes], numbers)
        after, done = rows[-1]["position"], done + len(rows)
        if not began:
            began, warm = time.perf_counter(), done
    say(count=done - warm, took=time.perf_counter() - began)


async def carrying(order: Order) -> None:
    """A relay that carries all there is; how long all but the first batch took."""
    relay = Relay(Database(order["database_url"]), PostgresLog(order["log_url"]), SOURCE)
    async with relay.lease.renewed():
        await _word()
        await relay.once()
        count, began = 0, time.perf_counter()
        while carried := await relay.once():
            count += carried
    say(count=count, took=time.perf_counter() - began)


async def filling(order: Order) -> None:
    """The log filled with `count` facts, without an outbox: what is measured comes later."""
    log, aggregate, data = PostgresLog(order["log_url"]), f"visit:{new_id()}", visit(0).model_dump(mode="json")
    now = datetime.now(UTC)

    def entry(number: int) -> Entry:
        envelope = Envelope(
            id=new_id(),
            source="maison/bench",
            type=VisitMeasured.type,
            subject=aggregate.partition(":")[2],
            time=now,
            partitionkey=aggregate,
            sequence=f"{number:020}",
            brandid=BRAND,
            data=data | {"number": number},
        )
        return Entry(number, envelope)

    await _word()
    began = time.perf_counter()
    for first in range(1, order["count"] + 1, BATCH):
        await log.append("bulk", 1, [entry(number) for number in range(first, min(first + BATCH, order["count"] + 1))])
    say(count=order["count"], took=time.perf_counter() - began)


async def replaying(order: Order) -> None:
    """A follower's projection made anew, `rounds` times; whether it was the same each time."""
    database, log = Database(order["database_url"]), PostgresLog(order["log_url"])
    follower, done = Follower(database, log, order["name"], [PROJECTION]), 0
    async with follower.lease.renewed():
        while done < order["count"]:
            done += await follower.once(wait=0.25)
    await _word()
    for _ in range(order["rounds"]):
        began = time.perf_counter()
        made = await replay(database, log, order["name"], [PROJECTION])
        took = time.perf_counter() - began
        [table] = made.tables
        say(count=made.facts, took=took, rows=table.rows, same=table.hash == table.hash_before)


async def appending(order: Order) -> None:
    """What the log takes at most: rows that are made already, appended by one statement after the other."""
    log = await asyncpg.connect(order["log_url"])
    together = order["together"]
    rows = await log.fetch("select envelope from fact order by position limit $1", together)
    envelopes = [row["envelope"] for row in rows]
    await log.execute(
        "create table if not exists bench_fact (like fact including all);"
        " create unique index if not exists bench_fact_source on bench_fact (source, relay_seq)"
    )
    await _word()
    start = (await log.fetchval("select max(position) from bench_fact")) or 0
    statement = (
        "insert into bench_fact (position, source, relay_seq, envelope)"
        " select $1 + n, 'bench', $1 + n, envelope::jsonb from unnest($2::text[]) with ordinality as item (envelope, n)"
    )
    began = time.perf_counter()
    for first in range(start, start + order["count"], together):
        await log.execute(statement, first, envelopes)
    say(count=order["count"], took=time.perf_counter() - began)


ROLES: dict[str, Callable[[Order], Awaitable[None]]] = {
    "announcing": announcing,
    "taking": taking,
    "taking-bare": taking_bare,
    "carrying": carrying,
    "appending": appending,
    "filling": filling,
    "replaying": replaying,
}


if __name__ == "__main__":
    # What is printed on stdout is read by whoever has started this.
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    uvloop.run(ROLES[sys.argv[1]](json.loads(sys.argv[2])))  # type: ignore[arg-type]
