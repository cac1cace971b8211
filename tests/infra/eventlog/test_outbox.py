"""The outbox: written with its transaction, numbered in the order of the commits."""

import asyncio
import random
from itertools import groupby
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from infra.database import EVERY_BRAND, Database
from infra.eventlog import outbox
from infra.eventlog.facts import Fact
from infra.eventlog.outbox import record, recorded
from infra.ids import new_id
from infra.telemetry import start_trace
from tests.infra.eventlog.builders import BRAND, OTHER_BRAND, LampBroken, LampLit, announce, rows, until
from tests.infra.eventlog.conftest import NewDatabase

_ALL = "select * from outbox order by id"
_WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


async def test_a_fact_is_written_when_its_transaction_commits(database: Database, service_url: str) -> None:
    lamp_id, traceparent = new_id(), start_trace(None)
    await announce(database, LampLit(lamp_id=lamp_id, by=7))
    (row,) = await rows(service_url, _ALL)
    assert row["brand_id"] == BRAND
    assert row["type"] == "lamps.lamp-lit.v1"
    assert row["aggregate"] == f"lamp:{lamp_id}"
    assert row["sequence"] == 1
    assert row["traceparent"] == traceparent
    assert row["data"] == f'{{"by": 7, "lamp_id": "{lamp_id}"}}'
    assert row["relay_seq"] is None
    assert row["published_at"] is None


async def test_a_fact_vanishes_with_its_transaction(database: Database, service_url: str) -> None:
    async def change_its_mind() -> None:
        async with database.transaction(BRAND) as tx:
            record(tx, LampLit(lamp_id=new_id()))
            await outbox.flush(tx)
            raise LookupError

    with pytest.raises(LookupError):
        await change_its_mind()
    assert await rows(service_url, _ALL) == []
    assert await rows(service_url, "select * from outbox_sequence") == []


async def test_facts_of_one_transaction_are_sorted_by_aggregate_and_keep_their_order_within(
    database: Database, service_url: str
) -> None:
    lamps = sorted((new_id() for _ in range(3)), key=str)
    async with database.transaction(BRAND) as tx:
        for by, lamp in enumerate([2, 0, 2, 1, 2, 0]):
            record(tx, LampLit(lamp_id=lamps[lamp], by=by))
        record(tx, LampBroken(lamp_id=lamps[0]), brand_id=OTHER_BRAND)
    await announce(database, LampBroken(lamp_id=lamps[2]))
    found = await rows(service_url, "select *, (data ->> 'by')::int as by from outbox order by id")
    assert [(row["brand_id"], row["aggregate"][5:], row["sequence"], row["by"]) for row in found] == [
        (OTHER_BRAND, str(lamps[0]), 1, None),
        (BRAND, str(lamps[0]), 1, 1),
        (BRAND, str(lamps[0]), 2, 5),
        (BRAND, str(lamps[1]), 1, 3),
        (BRAND, str(lamps[2]), 1, 0),
        (BRAND, str(lamps[2]), 2, 2),
        (BRAND, str(lamps[2]), 3, 4),
        (BRAND, str(lamps[2]), 4, None),
    ]


async def test_the_outbox_id_is_drawn_only_after_the_aggregates_lock(
    new_database: NewDatabase, service_url: str
) -> None:
    first, second, third = new_database(), new_database(), new_database()
    contested, elsewhere = new_id(), new_id()
    async with first.transaction(BRAND) as tx:
        record(tx, LampLit(lamp_id=contested, by=1))
        await outbox.flush(tx)  # drawn, locked, not yet committed
        blocked = asyncio.create_task(announce(second, LampLit(lamp_id=contested, by=2)))
        await until(lambda: rows(service_url, _WAITING))
        # Commits while the second one waits: had that one drawn its id before the lock, this one's would be larger.
        await announce(third, LampLit(lamp_id=elsewhere, by=3))
    await blocked
    found = await rows(service_url, "select (data ->> 'by')::int as by, sequence from outbox order by id")
    assert [(row["by"], row["sequence"]) for row in found] == [(1, 1), (3, 1), (2, 2)]


async def test_racing_writers_draw_ids_in_the_order_of_their_sequences_and_never_dead_lock(
    new_database: NewDatabase, service_url: str
) -> None:
    lamps = [new_id() for _ in range(8)]

    async def write(writer: int) -> None:
        chance, database = random.Random(writer), new_database()
        for by in range(20):
            await announce(database, *(LampLit(lamp_id=lamp, by=by) for lamp in chance.choices(lamps, k=3)))

    await asyncio.gather(*(write(writer) for writer in range(16)))
    found = await rows(service_url, "select aggregate, sequence from outbox order by aggregate, id")
    assert len(found) == 16 * 20 * 3
    for _, of_one in groupby(found, key=lambda row: row["aggregate"]):
        sequences = [row["sequence"] for row in of_one]
        assert sequences == list(range(1, len(sequences) + 1))


async def test_a_sweep_over_all_brands_must_name_the_brand_of_a_fact(database: Database, service_url: str) -> None:
    async with database.transaction(EVERY_BRAND) as tx:
        with pytest.raises(ValueError, match="without a brand"):
            record(tx, LampLit(lamp_id=new_id()))
        record(tx, LampLit(lamp_id=new_id()), brand_id=OTHER_BRAND)
    assert [row["brand_id"] for row in await rows(service_url, _ALL)] == [OTHER_BRAND]


async def test_who_rolls_back_a_savepoint_can_take_its_facts_back(database: Database, service_url: str) -> None:
    async with database.transaction(BRAND) as tx:
        record(tx, LampLit(lamp_id=new_id(), by=1))
        before = len(recorded(tx))
        savepoint = await tx.begin_nested()
        record(tx, LampLit(lamp_id=new_id(), by=2))
        await savepoint.rollback()
        del recorded(tx)[before:]
    found = await rows(service_url, "select (data ->> 'by')::int as by from outbox")
    assert [row["by"] for row in found] == [1]


async def test_a_commit_with_facts_wakes_the_relay_and_one_without_does_not(database: Database) -> None:
    woken = outbox.hint(database.engine.sync_engine)
    async with database.transaction(BRAND):
        pass
    assert not woken.given
    await announce(database, LampLit(lamp_id=new_id()))
    assert woken.given


def test_a_fact_that_is_declared_wrongly_is_refused_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="past-tense"):

        class Shouted(Fact):
            type: ClassVar[str] = "Shout"
            aggregate: ClassVar[str] = "lamp_id"

            lamp_id: UUID

    with pytest.raises(TypeError, match="id fields"):

        class Nameless(Fact):
            type: ClassVar[str] = "lamps.lamp-lost.v1"
            aggregate: ClassVar[str] = "lamp_id"


def test_a_fact_says_nothing_it_has_not_declared() -> None:
    with pytest.raises(ValidationError):
        LampBroken.model_validate({"lamp_id": new_id(), "phone": "+86 138 0000 0000"})
