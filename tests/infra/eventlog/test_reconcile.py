"""Reconciliation: an outbox and the log, held against one another."""

import asyncio
from datetime import UTC, datetime

from infra.eventlog.reconcile import Compared, compare, keep_reconciled, last_verdict, reconcile
from infra.eventlog.retention import forget_published
from infra.eventlog.status import look, readiness
from tests.infra.eventlog.builders import until
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
