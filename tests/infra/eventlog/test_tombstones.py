"""Tombstones: facts about what was buried count as taken and have no effect, whichever way they come."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Follower, on
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.replay import replay
from infra.ids import new_id
from infra.refusal import NotFound
from infra.tombstones import buried, bury, spare
from tests.infra.eventlog.builders import BRAND, OTHER_BRAND, Lit, entry, keep, rows
from tests.infra.eventlog.conftest import NewDatabase
from tests.infra.eventlog.house import LIGHTS, House

NOW = datetime(2026, 6, 1, tzinfo=UTC)


async def _bury(database: Database, lamp_id: UUID, *, brand_id: str = BRAND) -> None:
    async with database.transaction(brand_id) as tx:
        await bury(tx, f"lamp:{lamp_id}", now=NOW)


async def _effects(url: str) -> list[int]:
    return [row["by"] for row in await rows(url, "select by from effect order by n")]


async def test_facts_about_what_was_buried_are_taken_without_effect_in_their_own_brand_only(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    dead = new_id()
    await _bury(database, dead)
    await _bury(database, dead)
    facts = [entry(1), entry(2, lamp_id=dead), entry(3, lamp_id=dead, brand_id=OTHER_BRAND), entry(4, lamp_id=dead)]
    await log.append("lamps", 1, facts)
    assert await Follower(database, log, "watch", [on(Lit, keep)]).once() == 4
    assert await _effects(service_url) == [1, 3]
    assert await rows(service_url, "select position from follower_cursor") == [{"position": 4}]


@pytest.mark.parametrize("field", ["owner_id", "former_owner_id"])
async def test_a_fact_about_something_else_that_names_what_was_buried_has_no_effect_either(
    field: str, database: Database, log: PostgresLog, service_url: str
) -> None:
    dead = new_id()
    async with database.transaction(BRAND) as tx:
        await bury(tx, f"owner:{dead}", now=NOW)
    named = [{field: str(owner)} for owner in (dead, new_id())] + [{field: None}]
    facts = [
        entry(number, data={"lamp_id": str(new_id()), "by": number, **more})
        for number, more in enumerate(named, start=1)
    ]
    await log.append("lamps", 1, facts)
    await Follower(database, log, "watch", [on(Lit, keep)]).once()
    assert await _effects(service_url) == [2, 3]


async def test_a_parked_fact_about_what_was_buried_since_is_let_go_without_effect(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    dead = new_id()

    async def fail(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        await keep(tx, facts)
        raise ArithmeticError

    await log.append("lamps", 1, [entry(1, lamp_id=dead), entry(2, lamp_id=dead)])
    follower = Follower(database, log, "watch", [on(Lit, fail)])
    await follower.once()
    await _bury(database, dead)
    assert await follower.retry_aggregate((BRAND, f"lamp:{dead}")) == 2
    assert await _effects(service_url) == []
    assert await rows(service_url, "select * from parked_fact") == []


async def test_a_replay_does_not_bring_back_what_was_buried(three: House) -> None:
    service = three.services["lamps"]
    lamps = await service.lamps()
    dead = lamps[0]
    await _bury(service.database, dead["lamp_id"], brand_id=dead["brand_id"])
    await replay(service.database, three.log, "lamps", LIGHTS)
    assert await service.lamps() == lamps[1:]


async def test_a_burial_waits_for_the_batch_under_way_and_the_next_one_meets_the_tombstone(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    dead = new_id()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        begun.set()
        await go_on.wait()
        await keep(tx, facts)

    await log.append("lamps", 1, [entry(1, lamp_id=dead)])
    follower = Follower(new_database("follower"), log, "watch", [on(Lit, slowly)])
    taking = asyncio.create_task(follower.once())
    await begun.wait()
    burying = asyncio.create_task(_bury(new_database("eraser"), dead))
    done, _ = await asyncio.wait([burying], timeout=0.2)
    assert not done
    go_on.set()
    await asyncio.gather(taking, burying)
    # What the batch did was there for the one who buries to delete.
    assert await _effects(service_url) == [1]
    await log.append("lamps", 1, [entry(2, lamp_id=dead)])
    await follower.once()
    assert await _effects(service_url) == [1]


async def test_a_brand_does_not_see_another_brands_tombstones(database: Database) -> None:
    dead = new_id()
    await _bury(database, dead)
    asked = [(BRAND, f"lamp:{dead}"), (OTHER_BRAND, f"lamp:{dead}")]
    seen = {}
    for brand_id in (BRAND, OTHER_BRAND, EVERY_BRAND):
        async with database.transaction(brand_id) as tx:
            seen[brand_id] = await buried(tx, asked)
    assert seen == {BRAND: {asked[0]}, OTHER_BRAND: set(), EVERY_BRAND: {asked[0]}}


async def test_what_a_fact_of_the_batch_buries_is_dead_for_the_next_one(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    first, *others = [new_id() for _ in range(3)]

    class Gone(Slice):
        type: ClassVar[str] = "lamps.gone.v1"

        lamp_ids: list[UUID]

    async def forget(tx: AsyncSession, facts: Sequence[Delivered[Gone]]) -> None:
        for told in facts:
            for one in told.fact.lamp_ids:
                await bury(tx, f"lamp:{one}", now=NOW)

    facts = [
        entry(1, lamp_id=first),
        entry(2, type="lamps.gone.v1", data={"lamp_ids": [str(first)]}),
        entry(3, lamp_id=first),
        entry(4, lamp_id=first, brand_id=OTHER_BRAND),
        entry(5, lamp_id=others[0]),
    ]
    await log.append("lamps", 1, facts)
    await Follower(database, log, "watch", [on(Lit, keep), on(Gone, forget)]).once()
    assert sorted(await _effects(service_url)) == [1, 4, 5]


async def test_who_spares_is_waited_for_and_who_comes_later_finds_nothing(
    new_database: NewDatabase, service_url: str
) -> None:
    dead, database = new_id(), new_database("writer")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.transaction(BRAND) as tx:
            await spare(tx, f"lamp:{dead}")
            begun.set()
            await go_on.wait()

    writing = asyncio.create_task(write())
    await begun.wait()
    burying = asyncio.create_task(_bury(new_database("eraser"), dead))
    done, _ = await asyncio.wait([burying], timeout=0.2)
    assert not done
    go_on.set()
    await asyncio.gather(writing, burying)
    async with database.transaction(BRAND) as tx:
        with pytest.raises(NotFound):
            await spare(tx, f"lamp:{dead}")
    async with database.transaction(OTHER_BRAND) as tx:
        await spare(tx, f"lamp:{dead}")
    assert len(await rows(service_url, "select from tombstone")) == 1
