"""Poison: one fact and its aggregate's later ones step aside, everything else goes on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Follower, on, parked_count
from infra.eventlog.outbox import record
from infra.eventlog.postgres import PostgresLog
from infra.ids import new_id
from tests.infra.eventlog.builders import BRAND, OTHER_BRAND, LampLooked, Lit, entry, keep, rows
from tests.infra.eventlog.conftest import NewDatabase

_EFFECTS = "select by from effect order by n"
_PARKED = "select position, aggregate, brand_id, reason, attempts, envelope from parked_fact order by id"


class _Allergy:
    """A reaction that fails on some facts, after it has written and announced."""

    def __init__(self, *to: int) -> None:
        self.to = set(to)
        self.tried: list[list[int]] = []

    async def __call__(self, tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        self.tried.append([one.fact.by for one in facts])
        await keep(tx, facts)
        for one in facts:
            record(tx, LampLooked(lamp_id=one.fact.lamp_id))
        if any(one.fact.by in self.to for one in facts):
            raise ArithmeticError("+86 138 0000 0000")


async def _effects(url: str) -> list[int]:
    return [row["by"] for row in await rows(url, _EFFECTS)]


async def test_a_poison_fact_is_parked_with_its_aggregates_later_facts_while_others_go_on(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    sick, well = new_id(), new_id()
    lamps = [well, sick, well, sick, well]
    await log.append("lamps", 1, [entry(number, lamp_id=lamp) for number, lamp in enumerate(lamps, start=1)])
    allergy = _Allergy(2)
    follower = Follower(database, log, "watch", [on(Lit, allergy)])
    assert await follower.once() == 5
    assert allergy.tried == [[1, 2, 3, 4, 5], [1], [2], [2], [2], [3], [5]]
    assert await _effects(service_url) == [1, 3, 5]
    parked = await rows(service_url, _PARKED)
    assert [(row["position"], row["aggregate"], row["reason"], row["attempts"]) for row in parked] == [
        (2, f"lamp:{sick}", "ArithmeticError", 3),
        (4, f"lamp:{sick}", "behind", 0),
    ]
    # What a parked fact had announced was rolled back with it.
    assert len(await rows(service_url, "select * from outbox")) == 3
    assert await parked_count(database, "watch") == 2

    # A later batch knows; the same lamp of another brand is another aggregate.
    await log.append("lamps", 1, [entry(6, lamp_id=sick), entry(7, lamp_id=sick, brand_id=OTHER_BRAND), entry(8)])
    assert await follower.once() == 3
    assert await _effects(service_url) == [1, 3, 5, 7, 8]
    assert await parked_count(database, "watch") == 3
    assert await rows(service_url, "select position from follower_cursor") == [{"position": 8}]


async def test_a_fact_that_lacks_what_is_read_of_it_is_parked_without_its_content(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    await log.append("lamps", 1, [entry(1, data={"lamp_id": "no id"}), entry(2)])
    await Follower(database, log, "watch", [on(Lit, keep)]).once()
    assert await _effects(service_url) == [2]
    assert [row["reason"] for row in await rows(service_url, _PARKED)] == ["ValidationError"]


async def test_a_database_no_is_parked_by_its_sqlstate(database: Database, log: PostgresLog, service_url: str) -> None:
    async def divide(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        await tx.execute(text("select 1 / :by"), {"by": facts[0].fact.by - 1})
        await keep(tx, facts)

    await log.append("lamps", 1, [entry(1), entry(2)])
    await Follower(database, log, "watch", [on(Lit, divide)]).once()
    assert [row["reason"] for row in await rows(service_url, _PARKED)] == ["22012"]
    assert await _effects(service_url) == [2]


async def test_a_fault_that_shows_only_at_the_commit_is_the_facts_too(
    database: Database, log: PostgresLog, service_url: str
) -> None:
    await rows(service_url, "alter table effect add constraint late unique (by) deferrable initially deferred")
    await log.append("lamps", 1, [entry(1), entry(2, data={"lamp_id": str(new_id()), "by": 1}), entry(3)])
    await Follower(database, log, "watch", [on(Lit, keep)]).once()
    assert [(row["position"], row["reason"]) for row in await rows(service_url, _PARKED)] == [(2, "23505")]
    assert await _effects(service_url) == [1, 3]


async def test_parked_facts_take_effect_in_order_when_they_are_retried(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    sick, database = new_id(), new_database()
    aggregate = (BRAND, f"lamp:{sick}")
    await log.append("lamps", 1, [entry(number, lamp_id=sick) for number in range(1, 5)])
    allergy = _Allergy(1, 3)
    follower = Follower(database, log, "watch", [on(Lit, allergy)])
    await follower.once()
    assert await parked_count(database, "watch") == 4
    by_hand = Follower(new_database(), log, "watch", [on(Lit, allergy)])

    assert await by_hand.retry_aggregate(aggregate) == 0  # not cured yet
    assert [row["attempts"] for row in await rows(service_url, _PARKED)] == [4, 0, 0, 0]

    allergy.to = {3}
    assert await by_hand.retry_aggregate(aggregate) == 2
    assert await _effects(service_url) == [1, 2]
    assert [(row["position"], row["reason"]) for row in await rows(service_url, _PARKED)] == [
        (3, "ArithmeticError"),
        (4, "behind"),
    ]

    await log.append("lamps", 1, [entry(5, lamp_id=sick)])
    await follower.once()
    allergy.to = set()
    assert await by_hand.retry_aggregate(aggregate) == 3
    assert await _effects(service_url) == [1, 2, 3, 4, 5]
    assert await parked_count(database, "watch") == 0

    await log.append("lamps", 1, [entry(6, lamp_id=sick)])
    await follower.once()
    assert await _effects(service_url) == [1, 2, 3, 4, 5, 6]


async def test_two_reactions_to_one_type_share_one_fate(database: Database, log: PostgresLog, service_url: str) -> None:
    async def refuse(_: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        if any(one.fact.by == 1 for one in facts):
            raise ArithmeticError

    await log.append("lamps", 1, [entry(1), entry(2)])
    await Follower(database, log, "watch", [on(Lit, keep), on(Lit, refuse)]).once()
    assert await _effects(service_url) == [2]


async def test_a_row_that_others_hold_for_a_while_is_waited_for_longer(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    held, tries = new_database(), 0
    await rows(service_url, "insert into outbox_sequence values ('any', 'lamp:any', 1) returning 1")
    lock = text("select 1 from outbox_sequence where brand_id = 'any' for update")
    async with held.transaction(BRAND) as holder:
        await holder.execute(lock)

        async def lock_too(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
            nonlocal tries
            tries += 1
            if tries > 5:
                await holder.rollback()
            await tx.execute(text("set local lock_timeout = '10ms'"))
            await tx.execute(lock)
            await keep(tx, facts)

        await log.append("lamps", 1, [entry(1)])
        await Follower(new_database(), log, "watch", [on(Lit, lock_too)]).once()
    assert tries == 6
    assert await _effects(service_url) == [1]
