"""Reconciliation: an outbox and the log, held against one another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg

from infra.eventlog.reconcile import Compared, compare, keep_reconciled, last_verdict, reconcile
from infra.eventlog.retention import forget_published
from infra.eventlog.status import PATIENCE, look, readiness
from tests.infra.eventlog.builders import rows, until
from tests.infra.eventlog.house import House


async def _compare(three: House) -> Compared:
    return await compare(three.services["lamps"].database, three.log, "lamps")


async def test_an_outbox_and_the_log_agree_and_the_verdict_is_kept(three: House) -> None:
    lamps = three.services["lamps"]
    assert await last_verdict(lamps.database, "lamps") is None
    verdict = await reconcile(lamps.database, three.log, "lamps")
    assert (verdict.agrees, verdict.compared) == (True, 45)
    assert verdict == await last_verdict(lamps.database, "lamps")
    ready = await readiness(lamps.database, three.log, "lamps")
    assert ready == {"parked": 0, "lag": 0.0, "log": "whole", "reconciliation": "agrees"}


async def test_facts_that_the_log_has_lost_are_found(three: House) -> None:
    lamps = three.services["lamps"]
    await three.in_log("delete from fact where source = 'lamps' and relay_seq in (7, 8, 45)")
    assert (await _compare(three)).missing == (7, 8, 45)
    verdict = await reconcile(lamps.database, three.log, "lamps")
    assert (verdict.agrees, verdict.missing, verdict.foreign) == (False, 3, 0)
    assert (await readiness(lamps.database, three.log, "lamps"))["reconciliation"] == "differs"
    status = await look(lamps.database, three.log, "lamps")
    assert [one.kind for one in status.findings] == ["outbox-differs"]


async def test_a_foreign_fact_is_found(three: House) -> None:
    lamps = three.services["lamps"]
    await three.in_log(
        "update fact set envelope = jsonb_set(envelope, '{id}', to_jsonb(gen_random_uuid()))"
        " where source = 'lamps' and relay_seq = 9"
    )
    await three.in_log(
        "insert into fact (position, source, relay_seq, envelope)"
        " select 1000, source, 46, envelope from fact where source = 'lamps' and relay_seq = 45"
    )
    found = await _compare(three)
    assert (found.missing, found.foreign) == ((), (9, 46))
    assert not (await reconcile(lamps.database, three.log, "lamps")).agrees


async def test_what_was_forgotten_or_is_under_way_is_no_difference(three: House) -> None:
    lamps = three.services["lamps"]
    await lamps.rows("update outbox set published_at = published_at - interval '15 days' where relay_seq <= 20")
    assert await forget_published(lamps.database) == 20
    await lamps.light(3)
    found = await _compare(three)
    assert (found.agrees, found.facts) == (True, 25)


async def test_of_two_instances_one_reconciles_and_not_again_within_the_hour(three: House) -> None:
    lamps, stop = three.services["lamps"], asyncio.Event()
    running = [asyncio.create_task(keep_reconciled(lamps.database, three.log, "lamps", stop, first=0)) for _ in "ab"]

    async def done() -> bool:
        return await last_verdict(lamps.database, "lamps") is not None

    began = datetime.now(UTC)
    await until(done)
    stop.set()
    await asyncio.gather(*running)
    verdict = await last_verdict(lamps.database, "lamps")
    assert verdict is not None
    assert verdict.checked_at >= began

    stop = asyncio.Event()
    again = asyncio.create_task(keep_reconciled(lamps.database, three.log, "lamps", stop, first=0))
    await asyncio.sleep(0)
    stop.set()
    await again
    assert await last_verdict(lamps.database, "lamps") == verdict


async def test_asked_to_stop_in_the_midst_of_it_no_verdict_is_kept(three: House, log_url: str) -> None:
    lamps, stop = three.services["lamps"], asyncio.Event()
    async with _kept_away(log_url) as is_waited_for:
        running = asyncio.create_task(keep_reconciled(lamps.database, three.log, "lamps", stop, first=0))
        await until(is_waited_for)
        stop.set()
    await running
    assert await last_verdict(lamps.database, "lamps") is None


async def test_a_log_that_does_not_answer_is_away_to_a_probe_within_a_second(three: House, log_url: str) -> None:
    lamps = three.services["lamps"]
    async with _kept_away(log_url):
        began = datetime.now(UTC)
        ready = await readiness(lamps.database, three.log, "lamps")
        assert datetime.now(UTC) - began < 2 * timedelta(seconds=PATIENCE)
    assert (ready["log"], ready["lag"], ready["parked"]) == ("away", None, 0)


async def test_of_very_many_differences_all_are_counted_and_the_first_named(three: House) -> None:
    await three.in_log("update log_source set last_relay_seq = 245 where source = 'lamps'")
    await three.in_log(
        "insert into fact (position, source, relay_seq, envelope) select 1000 + n, source, 45 + n, envelope"
        " from fact, generate_series(1, 200) n where source = 'lamps' and relay_seq = 45"
    )
    found = await _compare(three)
    assert (found.foreign_count, found.foreign) == (200, tuple(range(46, 146)))


@asynccontextmanager
async def _kept_away(log_url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Whoever reads the log waits; what is given tells whether somebody does."""

    async def is_waited_for() -> object:
        return await rows(
            log_url,
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        )

    connection = await asyncpg.connect(log_url)
    try:
        async with connection.transaction():
            await connection.execute("lock table fact, log_source in access exclusive mode")
            yield is_waited_for
    finally:
        await connection.close()
