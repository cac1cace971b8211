"""The one table that makes a double booking impossible: what it refuses, and twenty rivals at a time."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from infra.database import Database
from infra.ids import new_id
from services.appointments.availability.actions import give_back, keep, occupy
from services.appointments.availability.rules import Claim
from services.appointments.directory.rules import Span
from tests.appointments.build import at
from tests.asking import BRAND
from tests.running import Throwaway

RIVALS = 20
HOUR = timedelta(hours=1)
NOON, NOW = at("2030-01-08 12:00"), at("2030-01-07 09:00")


@pytest.fixture
async def database(postgres: Throwaway) -> AsyncIterator[Database]:
    """A fresh database with a connection for every rival."""
    url = await postgres.database("maison_appointments")
    opened = Database(url, pool_size=RIVALS, name="rivals")
    yield opened
    await opened.dispose()
    await postgres.drop(url)


async def together(*rivals: Callable[[asyncio.Barrier], Awaitable[bool]]) -> list[bool]:
    """Run rivals at the same time; the barrier lets them go on only when all stand at the line."""
    line = asyncio.Barrier(len(rivals))
    return await asyncio.gather(*(rival(line) for rival in rivals))


def wants(
    database: Database, resources: list[UUID], starts_at: datetime = NOON, length: timedelta = HOUR
) -> Callable[[asyncio.Barrier], Awaitable[bool]]:
    """A rival for these resources, in a transaction on a connection of its own."""

    async def rival(line: asyncio.Barrier) -> bool:
        claims = [Claim(resource, Span(starts_at, starts_at + length)) for resource in [*resources, new_id()]]
        async with database.transaction(BRAND) as tx:
            await line.wait()
            missing = await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=NOW + HOUR)
        return not missing

    return rival


async def rows(database: Database) -> list[asyncpg.Record]:
    async with database.transaction(BRAND) as tx:
        connection = await (await tx.connection()).get_raw_connection()
        found: list[asyncpg.Record] = await connection.driver_connection.fetch(  # type: ignore[union-attr]
            "select * from occupation"
        )
        return found


async def test_of_twenty_rivals_for_an_advisor_and_a_room_exactly_one_wins_in_two_hundred_rounds(
    database: Database,
) -> None:
    for _ in range(200):
        advisor, room = new_id(), new_id()
        won = await together(*(wants(database, [advisor, room]) for _ in range(RIVALS)))
        assert sum(won) == 1
    # A winner's three rows each round and nothing of the losers.
    assert len(await rows(database)) == 200 * 3


async def test_rivals_that_overlap_partly_never_share_an_instant(database: Database) -> None:
    chance = random.Random(7)
    for _ in range(30):
        advisors, rooms = [new_id() for _ in range(3)], [new_id() for _ in range(2)]
        rivals = [
            wants(
                database,
                [chance.choice(advisors), chance.choice(rooms)],
                NOON + chance.randrange(12) * timedelta(minutes=15),
                chance.choice([30, 60, 90]) * timedelta(minutes=1),
            )
            for _ in range(RIVALS)
        ]
        won = await together(*rivals)
        assert sum(won) >= 1
    taken = sorted((row["resource_id"], row["during"].lower, row["during"].upper) for row in await rows(database))
    for (one, _, ends), (other, starts, _) in pairwise(taken):
        assert one != other or ends <= starts


async def test_rivals_that_overlap_like_a_chain_leave_no_gap_for_both_neighbours(database: Database) -> None:
    # Each overlaps only its neighbours: the winners can be no neighbours, and no loser has two losing neighbours.
    for _ in range(20):
        advisor = new_id()
        won = await together(
            *(wants(database, [advisor], NOON + step * timedelta(minutes=40)) for step in range(RIVALS))
        )
        for one, other in pairwise(won):
            assert not (one and other)
        padded = [False, *won, False]
        assert all(any(padded[index : index + 3]) for index in range(RIVALS))


def moves(
    database: Database, visit: UUID, resources: list[UUID], target: datetime
) -> Callable[[asyncio.Barrier], Awaitable[bool]]:
    """A rival that gives up the visit's time for another."""

    async def rival(line: asyncio.Barrier) -> bool:
        claims = [Claim(resource, Span(target, target + HOUR)) for resource in resources]
        async with database.transaction(BRAND) as tx:
            await line.wait()
            return not await occupy(tx, claims, appointment_id=visit, now=NOW, expires_at=None, leaving=resources)

    return rival


async def test_moves_that_swap_places_do_not_dead_lock(database: Database) -> None:
    for _ in range(50):
        advisor, room = new_id(), new_id()
        one, other = new_id(), new_id()
        for visit, starts_at in ((one, NOON), (other, NOON + HOUR)):
            async with database.transaction(BRAND) as tx:
                claims = [Claim(resource, Span(starts_at, starts_at + HOUR)) for resource in (advisor, room)]
                assert not await occupy(tx, claims, appointment_id=visit, now=NOW, expires_at=None)
        swapped = await together(
            moves(database, one, [advisor, room], NOON + HOUR), moves(database, other, [room, advisor], NOON)
        )
        # Each place is taken while the other waits, so neither can go; what matters is that both get an answer.
        assert swapped == [False, False]


def confirms(
    database: Database, visit: UUID, resources: list[UUID], now: datetime
) -> Callable[[asyncio.Barrier], Awaitable[bool]]:
    """A rival that keeps what it holds."""

    async def rival(line: asyncio.Barrier) -> bool:
        async with database.transaction(BRAND) as tx:
            await line.wait()
            kept = await keep(tx, visit, resources, now=now)
            if not kept:
                await tx.rollback()
            return kept

    return rival


async def test_a_hold_and_its_rivals_race_for_the_moment_it_runs_out(database: Database) -> None:
    for _ in range(40):
        held, visit = [new_id() for _ in range(3)], new_id()
        async with database.transaction(BRAND) as tx:
            claims = [Claim(resource, Span(NOON, NOON + HOUR)) for resource in held]
            assert not await occupy(tx, claims, appointment_id=visit, now=NOW - HOUR, expires_at=NOW)
        # The rivals' clock runs a little ahead: for them the hold is over, for its holder not yet.
        moment = NOW - timedelta(milliseconds=1)
        won = await together(
            confirms(database, visit, held, moment), *(wants(database, held[:2]) for _ in range(RIVALS - 1))
        )
        assert sum(won) == 1


async def test_what_is_given_back_is_free_again(database: Database) -> None:
    advisor, visit = new_id(), new_id()
    claims = [Claim(advisor, Span(NOON, NOON + HOUR))]
    async with database.transaction(BRAND) as tx:
        assert not await occupy(tx, claims, appointment_id=visit, now=NOW, expires_at=None)
        assert await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=None) == {advisor}
        await give_back(tx, visit, [advisor])
        assert not await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=None)


async def test_a_loser_locks_nothing_while_it_looks_for_alternatives(database: Database) -> None:
    claims = [Claim(new_id(), Span(NOON, NOON + HOUR)) for _ in range(2)]
    held = text("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
    async with database.transaction(BRAND) as tx:
        assert not await occupy(tx, claims[:1], appointment_id=new_id(), now=NOW, expires_at=None)
    async with database.transaction(BRAND) as tx:
        assert await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=None) == {claims[0].resource_id}
        assert (await tx.execute(held)).scalar_one() == 0
        assert not await occupy(tx, claims[1:], appointment_id=new_id(), now=NOW, expires_at=None)
        assert (await tx.execute(held)).scalar_one() == 1


async def test_brands_do_not_meet_even_on_the_same_resource(database: Database) -> None:
    advisor = new_id()
    for brand in (BRAND, "aurore"):
        async with database.transaction(brand) as tx:
            claims = [Claim(advisor, Span(NOON, NOON + HOUR))]
            assert not await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=None)


RANGES = [
    "'empty'",
    "'[2030-01-01,)'",
    "'(,2030-01-01)'",
    "'(,)'",
    "'[2030-01-01,infinity)'",
    "'[-infinity,2030-01-01)'",
    "'[2030-01-01,2030-01-02]'",
    "'(2030-01-01,2030-01-02)'",
    "'(2030-01-01,2030-01-02]'",
    "'[2030-01-01,2030-01-01)'",
    "null",
]


@pytest.mark.parametrize("during", RANGES)
async def test_no_range_slips_past_the_constraint(database: Database, during: str) -> None:
    refused = await _insert(database, f"'{new_id()}', {during}, '{new_id()}', 'visit', null")
    assert refused in {"23514", "23502"}


@pytest.mark.parametrize(
    "values",
    [
        "null, '[2030-01-01,2030-01-02)', '{id}', 'visit', null",
        "'{id}', '[2030-01-01,2030-01-02)', '{id}', 'party', null",
        "'{id}', '[2030-01-01,2030-01-02)', '{id}', 'hold', null",
        "'{id}', '[2030-01-01,2030-01-02)', '{id}', 'visit', now()",
        "'{id}', '[2030-01-01,2030-01-02)', null, 'visit', null",
    ],
)
async def test_a_row_without_its_meaning_is_refused(database: Database, values: str) -> None:
    assert await _insert(database, values.replace("{id}", str(new_id()))) in {"23514", "23502"}


async def test_leave_and_closure_stand_in_the_way_like_visits(database: Database) -> None:
    advisor = new_id()
    assert await _insert(database, f"'{advisor}', '[2030-01-08,2030-01-09)', null, 'leave', null") is None
    async with database.transaction(BRAND) as tx:
        claims = [Claim(advisor, Span(NOON, NOON + HOUR))]
        assert await occupy(tx, claims, appointment_id=new_id(), now=NOW, expires_at=None) == {advisor}


async def test_another_brands_rows_cannot_be_written(database: Database) -> None:
    async with database.engine.connect() as borrowed:
        connection = await borrowed.get_raw_connection()
        driver = connection.driver_connection
        await driver.execute("select set_config('maison.brand_id', 'aurore', false)")  # type: ignore[union-attr]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await driver.execute(  # type: ignore[union-attr]
                "insert into occupation values ($1, $2, '[2030-01-01,2030-01-02)', $2, 'visit', null)", BRAND, new_id()
            )


async def _insert(database: Database, values: str) -> str | None:
    """The SQLSTATE with which a row is refused."""
    async with database.engine.connect() as borrowed:
        connection = await borrowed.get_raw_connection()
        driver = connection.driver_connection
        await driver.execute("select set_config('maison.brand_id', 'lumiere', false)")  # type: ignore[union-attr]
        row = f"insert into occupation values ('lumiere', {values})"  # noqa: S608 - written above
        try:
            await driver.execute(row)  # type: ignore[union-attr]
        except asyncpg.PostgresError as refused:
            return str(refused.sqlstate)
        return None
