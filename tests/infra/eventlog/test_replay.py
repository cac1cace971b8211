"""Replay: projections made anew are the projections that were, and nobody sees them being made."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Follower, on
from infra.eventlog.outbox import record
from infra.eventlog.reaction import ProjectionActedError, see
from infra.eventlog.refusals import FactNotReplayable, LogBusy, LogIncomplete
from infra.eventlog.replay import Replayed, replay
from infra.ids import new_id
from infra.tombstones import bury
from tests.infra.eventlog.builders import LampLooked, Lit
from tests.infra.eventlog.house import LIGHTS, House, Service, light

_KILL = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()
"""


async def _replay(service: Service, **options: Any) -> Replayed:
    return await replay(service.database, service.log, service.name, service.reactions, **options)


async def test_a_replayed_projection_is_the_same_to_the_last_row(three: House) -> None:
    lanterns = three.services["lanterns"]
    before = await lanterns.lamps()
    done = await _replay(lanterns)
    assert (done.follower, done.facts, done.taken) == ("lanterns", 135, 135)
    (table,) = done.tables
    assert (table.name, table.rows_before, table.rows) == ("lamp", 18, 18)
    assert table.hash == table.hash_before
    assert await lanterns.lamps() == before
    assert await lanterns.rows("select 1 from outbox where published_at is null") == []


async def test_it_mends_what_somebody_has_spoilt_and_the_hashes_say_so(three: House) -> None:
    lanterns = three.services["lanterns"]
    before = await lanterns.lamps()
    await lanterns.rows("update lamp set lit = 1000 where lit = (select max(lit) from lamp)")
    await lanterns.rows("insert into lamp values ('lumiere', gen_random_uuid(), 1, 1, gen_random_uuid())")
    (table,) = (await _replay(lanterns)).tables
    assert table.hash != table.hash_before
    assert (table.rows_before, table.rows) == (19, 18)
    assert await lanterns.lamps() == before
    (again,) = (await _replay(lanterns)).tables
    assert again.hash == again.hash_before == table.hash


async def test_only_what_was_taken_is_taken_again_and_live_work_goes_on_afterwards(three: House) -> None:
    lanterns = three.services["lanterns"]
    await three.services["lamps"].light(7)
    await three.services["lamps"].send()  # in the log, and not taken yet
    assert (await _replay(lanterns)).facts == 135
    await three.settle()
    assert sum(lamp["lit"] for lamp in await lanterns.lamps()) == 142


async def test_facts_that_arrive_during_it_are_taken_once_and_readers_see_whole_tables(three: House) -> None:
    lanterns, stop = three.services["lanterns"], asyncio.Event()
    running = [asyncio.create_task(one.relay.run(stop)) for one in three.services.values()]
    running += [asyncio.create_task(one.follower.run(stop)) for one in three.services.values()]
    writing = [asyncio.create_task(one.light(100)) for one in three.services.values()]
    seen: list[int] = []

    async def look() -> None:
        while not all(one.done() for one in writing):
            seen.append(sum(lamp["lit"] for lamp in await lanterns.lamps()))

    looking = asyncio.create_task(look())
    for _ in range(4):
        await _replay(lanterns)
    await asyncio.gather(*writing, looking)
    stop.set()
    await asyncio.gather(*running)
    await three.settle()
    assert seen == sorted(seen)
    assert seen[0] >= 135
    lamps = await three.lamps()
    assert lamps["lanterns"] == lamps["lamps"] == lamps["candles"]
    assert sum(lamp["lit"] for lamp in lamps["lanterns"]) == 435


@pytest.mark.parametrize("how", ["killed", "cancelled"])
async def test_cut_in_the_middle_nothing_has_happened(three: House, how: str) -> None:
    lanterns = three.services["lanterns"]
    await lanterns.rows("update lamp set lit = lit + 1000")
    before = await lanterns.lamps()
    reached = asyncio.Event()

    async def slowly(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        await light(tx, facts)
        reached.set()
        await asyncio.sleep(0.05)

    slow = [on(Lit, slowly, fills=("lamp",))]
    work = asyncio.create_task(replay(lanterns.database, lanterns.log, lanterns.name, slow))
    await reached.wait()
    if how == "cancelled":
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    else:
        while not work.done():
            await lanterns.rows(_KILL)
        assert work.exception() is not None
    assert await lanterns.lamps() == before
    assert await lanterns.rows("select relay_seq from follower_source") == [{"relay_seq": 45}] * 3
    assert (await _replay(lanterns)).tables[0].rows == 18


async def test_parked_facts_stay_out_as_they_did(three: House) -> None:
    lanterns, sick = three.services["lanterns"], new_id()

    async def allergic(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        if any(one.fact.lamp_id == sick and one.fact.by == 2 for one in facts):
            raise ArithmeticError
        await light(tx, facts)

    await three.services["lamps"].light(5, lamp_id=sick)
    await three.services["lamps"].send()
    lanterns.follower = Follower(lanterns.database, lanterns.log, "lanterns", [on(Lit, allergic, fills=("lamp",))])
    await lanterns.rows("update lease set expires_at = clock_timestamp() where name = 'follower:lanterns'")
    await lanterns.take()
    before = await lanterns.lamps()
    done = await _replay(lanterns)
    assert (done.facts, done.taken) == (140, 137)
    assert done.tables[0].hash == done.tables[0].hash_before
    assert await lanterns.lamps() == before


async def test_what_was_buried_is_not_brought_back(three: House) -> None:
    lanterns = three.services["lanterns"]
    lamp_id = (await lanterns.lamps())[0]["lamp_id"]
    async with lanterns.database.transaction("*") as tx:
        brand = {"brand": (await lanterns.lamps())[0]["brand_id"], "lamp": lamp_id}
        await tx.execute(text("delete from lamp where brand_id = :brand and lamp_id = :lamp"), brand)
        await see(tx, brand["brand"])
        await bury(tx, f"lamp:{lamp_id}", now=datetime.now(UTC))
    before = await lanterns.lamps()
    (table,) = (await _replay(lanterns)).tables
    assert (table.rows, table.hash) == (17, table.hash_before)
    assert await lanterns.lamps() == before


async def test_a_fact_that_fails_now_is_named_and_nothing_is_changed(three: House) -> None:
    lanterns = three.services["lanterns"]

    async def refuse(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        await light(tx, facts)
        if facts[-1].position > 100:
            await tx.execute(text("select 1 / 0"))

    before = await lanterns.lamps()
    with pytest.raises(FactNotReplayable) as refused:
        await replay(lanterns.database, lanterns.log, "lanterns", [on(Lit, refuse, fills=("lamp",))])
    assert refused.value.extra["reason"] == "22012"
    first, last = refused.value.extra["position"], refused.value.extra["until_position"]
    assert isinstance(first, int)
    assert isinstance(last, int)
    assert first <= 101 <= last
    assert await lanterns.lamps() == before


@pytest.mark.parametrize("lost", [range(101, 136), range(50, 53)])
async def test_a_log_that_lacks_what_was_taken_is_not_replayed_from(three: House, lost: range) -> None:
    lanterns = three.services["lanterns"]
    before = await lanterns.lamps()
    await three.in_log("delete from fact where position = any($1::bigint[])", list(lost))
    with pytest.raises(LogIncomplete):
        await _replay(lanterns)
    assert await lanterns.lamps() == before


async def test_two_at_once_take_turns_or_the_second_is_asked_to_wait(three: House) -> None:
    lanterns = three.services["lanterns"]
    async with lanterns.database.transaction("*") as tx:
        await tx.execute(text("select 1 from follower_cursor for update"))
        busy = asyncio.create_task(_replay(lanterns))
        with pytest.raises(LogBusy):
            await busy


async def test_a_projection_that_records_a_fact_is_refused(three: House) -> None:
    async def acts(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        record(tx, LampLooked(lamp_id=facts[0].fact.lamp_id))

    lanterns = three.services["lanterns"]
    with pytest.raises(FactNotReplayable) as refused:
        await replay(lanterns.database, lanterns.log, "lanterns", [on(Lit, acts, fills=("lamp",))])
    assert refused.value.extra["reason"] == ProjectionActedError.__name__
    assert await lanterns.rows("select 1 from outbox where type = $1", LampLooked.type) == []


async def test_what_acts_is_not_asked_again(three: House) -> None:
    async def never(_: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        raise AssertionError(facts)

    lanterns = three.services["lanterns"]
    done = await replay(lanterns.database, lanterns.log, "lanterns", [*LIGHTS, on(Lit, never)])
    assert done.tables[0].hash == done.tables[0].hash_before
