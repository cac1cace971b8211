"""The log loses its tail, or everything, while all work: refilled from the outboxes, with the same projections."""

import asyncio
import random

import asyncpg
import pytest

from infra.database import Database
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.refill import refill
from infra.eventlog.refusals import LogBusy
from tests.faults import checker, machine
from tests.faults.calm import bring_to_rest
from tests.faults.house import FOLLOWER, PUBLISHERS, SERVICES, House, run
from tests.faults.ledger import Ledgers

BEFORE = 1_500  # facts acknowledged before the loss,
BETWEEN = 300  # between the loss and the refill,
AFTER = 600  # and after it, while everything goes on

_TAIL = "delete from fact where position > (select position * 2 / 3 from log_head)"
# What a restored older copy of the log looks like: nobody there remembers that there was more.
_FORGET = [
    """
    update log_source set last_relay_seq =
        (select coalesce(max(relay_seq), 0) from fact where fact.source = log_source.source)
    """,
    "update log_head set position = (select coalesce(max(position), 0) from fact)",
]
LOSSES = {
    "rows": [_TAIL],
    "tail": [_TAIL, *_FORGET],
    "everything": ["delete from fact", "delete from log_source", "update log_head set position = 0"],
}

_PROJECTION = """
select md5(string_agg(concat_ws(' ', event_id, aggregate, sequence, by), ',' order by aggregate, sequence)) from effect
"""

pytestmark = pytest.mark.timeout(300)


async def _lose(url: str, statements: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            # In the order in which an append takes its locks, so that neither waits for the other for ever.
            await connection.execute("select from log_source order by source for update")
            await connection.execute("select from log_head for update")
            for statement in statements:
                await connection.execute(statement)
    finally:
        await connection.close()


async def _refill(house: House, source: str) -> None:
    database, log = Database(house.urls[source]), PostgresLog(house.log_url)
    try:
        while True:
            try:
                done = await refill(database, log, source)
            except LogBusy:
                await asyncio.sleep(0.1)
            else:
                print(done)  # noqa: T201 - pytest shows it when the test has failed
                return
    finally:
        await log.dispose()
        await database.dispose()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_log_that_lost_facts_while_all_work_is_refilled_and_nothing_happens_twice(house: House, loss: str) -> None:
    ledgers = Ledgers(house.ledgers)
    programs = [*(house.relay(service) for service in SERVICES), house.follower()]
    writers = [house.writer(service, "--pause", "0.05", "--most", "5") for service in PUBLISHERS]

    def written(count: int) -> None:
        goal = ledgers.look() + count
        machine.await_that(lambda: ledgers.look() >= goal)

    written(BEFORE)
    machine.await_that(lambda: house.value(FOLLOWER, "select count(*) from effect") > BEFORE // 2)
    run(_lose(house.log_url, LOSSES[loss]))
    written(BETWEEN)
    for source in random.sample(SERVICES, len(SERVICES)):  # in any order
        run(_refill(house, source))
    written(AFTER)
    for writer in writers:
        writer.stop()
    machine.await_that(lambda: checker.settled(house))
    for program in programs:
        program.stop()
    verdict = bring_to_rest(house)
    del verdict.violations["holes in the log's positions"]  # a refill gives no position twice
    assert verdict.clean, +verdict.violations
    # Whoever begins anew with the refilled log sees the same.
    house.add("copy")
    copy = house.program("follower-copy", "follower", FOLLOWER, service="copy")
    copy.start()
    machine.await_that(lambda: house.value("copy", "select count(*) from effect") == verdict.effects)
    assert house.value("copy", _PROJECTION) == house.value(FOLLOWER, _PROJECTION)
