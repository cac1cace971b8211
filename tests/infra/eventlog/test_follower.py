"""The follower: each effect once, together with the cursor, under its own brand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import CursorMoved, Follower, lag, on, parked_count
from infra.eventlog.lease import LeaseLost
from infra.eventlog.outbox import record
from infra.eventlog.port import LogGap, Stored
from infra.eventlog.postgres import PostgresLog
from infra.ids import new_id
from tests.infra.eventlog.builders import (
    BRAND,
    OTHER_BRAND,
    Broken,
    LampBroken,
    LampLooked,
    Lit,
    entry,
    keep,
    rows,
    until,
)
from tests.infra.eventlog.conftest import NewDatabase, NewLog
from tests.running import Throwaway

_EFFECTS = "select * from effect order by n"
_CURSOR = "select position from follower_cursor"
_BLOCKED = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
_EXPIRE = "update lease set expires_at = clock_timestamp() - interval '1 ms' returning epoch"


async def _broken(log: PostgresLog, number: int, lamp_id: UUID | None = None, **more: Any) -> None:
    await log.append("lamps", 1, [entry(number, type=LampBroken.type, lamp_id=lamp_id, **more)])


async def test_facts_take_effect_in_order_and_the_cursor_stands_behind_them(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    batch = [entry(number) for number in range(1, 6)]
    await log.append("lamps", 1, batch)
    follower = Follower(database, log, "watch", [on(Lit, keep)])
    assert await follower.once() == 5
    assert await follower.once() == 0
    effects = await rows(service_url, _EFFECTS)
    assert [row["by"] for row in effects] == [1, 2, 3, 4, 5]
    assert [row["event_id"] for row in effects] == [one.envelope.id for one in batch]
    assert await rows(service_url, _CURSOR) == [{"position": 5}]


async def test_facts_nobody_reacts_to_only_move_the_cursor(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    await _broken(log, 1)
    await Follower(database, log, "watch", [on(Lit, keep)]).once()
    assert await rows(service_url, _EFFECTS) == []
    assert await rows(service_url, _CURSOR) == [{"position": 1}]


async def test_reactions_get_the_longest_runs_of_one_brand_and_type_behind_that_brands_wall(
    database: Database, log: PostgresLog
) -> None:
    calls: list[tuple[str, str, list[int]]] = []

    async def look(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        wall = (await tx.execute(text("select current_setting('maison.brand_id')"))).scalar_one()
        assert wall == tx.info["brand_id"] == facts[0].brand_id
        await keep(tx, facts)
        calls.append((wall, type(facts[0].fact).__name__, [one.position for one in facts]))

    async def peek(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        seen = await tx.execute(
            text("select count(*) from effect where brand_id <> :mine"), {"mine": facts[0].brand_id}
        )
        assert seen.scalar_one() == 0

    sorts: list[tuple[str, type[Slice]]]
    sorts = [(BRAND, Lit), (BRAND, Lit), (BRAND, Broken), (OTHER_BRAND, Broken), (OTHER_BRAND, Lit), (BRAND, Lit)]
    await log.append(
        "lamps", 1, [entry(n, brand_id=brand, type=kind.type) for n, (brand, kind) in enumerate(sorts, start=1)]
    )
    await Follower(database, log, "watch", [on(Lit, look), on(Lit, peek), on(Broken, look)]).once()
    assert calls == [
        (BRAND, "Lit", [1, 2, 6]),
        (BRAND, "Broken", [3]),
        (OTHER_BRAND, "Broken", [4]),
        (OTHER_BRAND, "Lit", [5]),
    ]


async def test_a_reaction_can_announce_facts_of_its_own_each_in_its_brand(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    async def look(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        for one in facts:
            record(tx, LampLooked(lamp_id=one.fact.lamp_id))

    lamp_id = new_id()
    brands = [BRAND, OTHER_BRAND, BRAND]
    await log.append("lamps", 1, [entry(n, brand_id=brand, lamp_id=lamp_id) for n, brand in enumerate(brands, start=1)])
    await Follower(database, log, "watch", [on(Lit, look)]).once()
    told = await rows(service_url, "select brand_id, sequence from outbox order by brand_id, sequence")
    assert [(row["brand_id"], row["sequence"]) for row in told] == [(OTHER_BRAND, 1), (BRAND, 1), (BRAND, 2)]


async def test_an_effect_and_the_cursor_commit_together_or_not_at_all(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    async def cut_off(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        await keep(tx, facts)
        record(tx, LampLooked(lamp_id=facts[0].fact.lamp_id))
        await tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    await log.append("lamps", 1, [entry(number) for number in range(1, 4)])
    killed = Follower(new_database(), log, "watch", [on(Lit, cut_off)])
    for _ in range(5):
        with pytest.raises(Exception, match=r"closed|terminat"):
            await killed.once()
    assert await rows(service_url, _EFFECTS) == []
    assert await rows(service_url, _CURSOR) == [{"position": 0}]
    assert await rows(service_url, "select * from outbox") == []
    # A database that goes away says nothing about a fact: none was parked.
    assert await parked_count(new_database(), "watch") == 0
    await killed.lease.release()
    await Follower(new_database(), log, "watch", [on(Lit, keep)]).once()
    assert [row["by"] for row in await rows(service_url, _EFFECTS)] == [1, 2, 3]


async def test_a_refilled_log_repeats_nothing_though_its_positions_differ(
    postgres: Throwaway, new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    lamps, bells = [[entry(number) for number in range(1, 7)] for _ in range(2)]
    reactions = [on(Lit, keep)]
    for number in range(3):
        await log.append("lamps", 1, lamps[2 * number : 2 * number + 2])
        await log.append("bells", 1, bells[number : number + 1])
    first = Follower(new_database(), log, "watch", reactions)
    assert await first.once() == 9
    await first.lease.release()
    refilled_url = await postgres.database("maison_log")
    refilled = PostgresLog(refilled_url)
    await refilled.append("bells", 1, bells)
    await refilled.append("lamps", 1, lamps)
    # What `refill` will do: begin again at the head of the new log.
    await rows(service_url, "update follower_cursor set position = 0 returning 1")
    follower = Follower(new_database(), refilled, "watch", reactions)
    assert await follower.once() == 12
    effects = await rows(service_url, _EFFECTS)
    expected = {one.envelope.id for one in lamps} | {one.envelope.id for one in bells}
    assert len(effects) == 12
    assert {row["event_id"] for row in effects} == expected
    await refilled.dispose()
    await postgres.drop(refilled_url)


async def test_a_number_missing_from_the_log_stops_the_follower_and_parks_nothing(
    database: Database, log: PostgresLog, log_url: str, service_url: str
) -> None:
    await log.append("lamps", 1, [entry(number) for number in range(1, 4)])
    await log.append("lamps", 1, [entry(number) for number in range(4, 7)])
    await rows(log_url, "delete from fact where position = 5 returning 1")
    follower = Follower(database, log, "watch", [on(Lit, keep)])
    with pytest.raises(LogGap):
        await follower.once()
    assert await rows(service_url, _EFFECTS) == []
    assert await parked_count(database, "watch") == 0


async def test_a_follower_deposed_while_it_read_changes_nothing(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    await log.append("lamps", 1, [entry(1)])
    old, new = (Follower(new_database(), log, "watch", [on(Lit, keep)]) for _ in range(2))
    assert await old.once() == 1
    await log.append("lamps", 1, [entry(2)])
    await rows(service_url, _EXPIRE)
    assert await new.once() == 1
    await log.append("lamps", 1, [entry(3)])
    with pytest.raises(LeaseLost):
        await old.once()
    assert await old.once() == 0
    assert await new.once() == 1
    assert [row["by"] for row in await rows(service_url, _EFFECTS)] == [1, 2, 3]


async def test_two_followers_that_both_believe_they_hold_the_lease_take_a_fact_once(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def dawdle(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        inside.set()
        await go_on.wait()
        await keep(tx, facts)

    await log.append("lamps", 1, [entry(1)])
    old = Follower(new_database(), log, "watch", [on(Lit, dawdle)])
    new = Follower(new_database(), log, "watch", [on(Lit, keep)])
    late = asyncio.create_task(old.once())
    await inside.wait()
    await rows(service_url, _EXPIRE)  # the old one has just been asked for its epoch, and it was right
    waiting = asyncio.create_task(new.once())
    await until(lambda: rows(service_url, _BLOCKED))
    go_on.set()
    assert await late == 1
    with pytest.raises(CursorMoved):
        await waiting
    assert await new.once() == 0
    assert [row["by"] for row in await rows(service_url, _EFFECTS)] == [1]


async def test_a_cursor_that_was_moved_is_read_again(database: Database, log: PostgresLog, service_url: str) -> None:
    await log.append("lamps", 1, [entry(1), entry(2)])
    follower = Follower(database, log, "watch", [on(Lit, keep)])
    await follower.once()
    await rows(service_url, "update follower_cursor set position = 0 returning 1")
    await log.append("lamps", 1, [entry(3)])
    with pytest.raises(CursorMoved):
        await follower.once()
    assert await follower.once() == 3
    assert [row["by"] for row in await rows(service_url, _EFFECTS)] == [1, 2, 3]


async def test_lag_is_the_age_of_the_oldest_fact_not_taken(database: Database, new_log: NewLog, log_url: str) -> None:
    log = new_log()
    assert await lag(database, log, "watch") == timedelta(0)
    await log.append("lamps", 1, [entry(1), entry(2)])
    await rows(log_url, "update fact set appended_at = appended_at - interval '90 s' where position = 1 returning 1")
    assert timedelta(seconds=90) <= await lag(database, log, "watch") < timedelta(seconds=120)
    await Follower(database, log, "watch", [on(Lit, keep)]).once()
    assert await lag(database, log, "watch") == timedelta(0)


class Idle(PostgresLog):
    """A log with nothing in it, which never says so."""

    async def read(self, after: int, limit: int, wait: float = 0.0) -> list[Stored]:
        """Nothing, ever."""
        del after, limit, wait
        await asyncio.Event().wait()
        return []


async def test_a_stop_does_not_wait_for_an_idle_log(database: Database, log_url: str) -> None:
    stop, follower = asyncio.Event(), Follower(database, Idle(log_url), "here", [])
    following = asyncio.create_task(follower.run(stop))

    async def holds() -> bool:
        return follower.lease.epoch is not None

    await until(holds)
    stop.set()
    async with asyncio.timeout(5):
        await following
    assert follower.lease.epoch is None
