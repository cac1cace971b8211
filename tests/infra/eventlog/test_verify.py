"""Verification finds every way in which a log can be other than it was written."""

from typing import Any

import pytest

from infra.database import Database
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.refill import refill
from infra.eventlog.status import look
from infra.eventlog.verify import verify
from tests.infra.eventlog.house import House

_NUMBER_TWICE = """
insert into fact (position, source, relay_seq, envelope)
select 20000000, source, relay_seq, envelope from fact where source = 'lamps' and relay_seq = 5
"""
_ID_TWICE = """
update fact set envelope = jsonb_set(envelope, '{id}',
    (select envelope -> 'id' from fact where source = 'lamps' and relay_seq = 1))
where source = 'lamps' and relay_seq = 2
"""
_EARLIER = """
update fact set envelope = jsonb_set(envelope, '{sequence}', to_jsonb('00000000000000000000'::text))
where source = 'lamps' and relay_seq = 5
"""
_SMUGGLED = """
insert into fact (position, source, relay_seq, envelope)
select 136, source, 46, jsonb_set(envelope, '{id}', to_jsonb(gen_random_uuid()))
from fact where source = 'lamps' and relay_seq = 45
"""
# One number twice is only possible in two partitions.
_SECOND = "create table fact_10000000 partition of fact for values from (10000000) to (30000000)"


async def _found(three: House) -> dict[str, tuple[int, tuple[str, ...]]]:
    lamps = three.services["lamps"]
    done = await verify(lamps.database, three.log, "lamps")
    return {damage.kind: (damage.count, damage.examples) for damage in done.damage}


async def test_one_connection_to_each_database_is_enough(
    three: House, three_urls: dict[str, str], log_url: str
) -> None:
    database, log = Database(three_urls["lamps"], pool_size=1), PostgresLog(log_url, pool_size=1)
    assert (await verify(database, log, three.services["lamps"].name)).damage == ()
    await log.dispose()
    await database.dispose()


async def test_a_whole_log_is_counted(three: House) -> None:
    lamps = three.services["lamps"]
    told: list[tuple[int, int]] = []
    done = await verify(lamps.database, three.log, "lamps", tell=lambda count, total: told.append((count, total)))
    assert (done.facts, done.aggregates, done.compared, done.damage) == (45, 6, 45, ())
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]


async def test_facts_of_no_service_yet_are_a_whole_log(three: House) -> None:
    done = await verify(three.services["lamps"].database, three.log, "nobody")
    assert (done.facts, done.damage) == (0, ())


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        ("delete from fact where source = 'lamps' and relay_seq between 7 and 9", {"missing": (3, ("7-9",))}),
        ("delete from fact where source = 'lamps' and relay_seq > 40", {"missing": (5, ("41-45",))}),
        (
            _NUMBER_TWICE,
            {
                "number-twice": (1, ("5",)),
                "id-twice": 1,
                "beyond-the-head": 1,
                "sequence-out-of-order": 1,
                "position-out-of-order": 1,
            },
        ),
        (_ID_TWICE, {"id-twice": 1, "foreign-to-the-outbox": (1, ("2",))}),
        (_EARLIER, {"sequence-out-of-order": 1}),
        (
            _SMUGGLED,
            {
                "sequence-out-of-order": 1,
                "beyond-the-source's-end": (1, ("46",)),
                "beyond-the-head": (1, ("136",)),
                "foreign-to-the-outbox": (1, ("46",)),
            },
        ),
        ("update log_head set position = 100", {"beyond-the-head": (5, ("101", "102", "103", "104", "105"))}),
        (
            "update fact set position = 1000 where source = 'lamps' and relay_seq = 3",
            {"position-out-of-order": 1, "beyond-the-head": 1},
        ),
    ],
)
async def test_each_kind_of_damage_is_found(three: House, damage: str, kinds: dict[str, Any]) -> None:
    await three.in_log(_SECOND)
    try:
        await three.in_log(damage)
        found = await _found(three)
    finally:
        await three.in_log("drop table fact_10000000")
    for kind, expected in kinds.items():
        count, examples = found.pop(kind)
        assert (count if isinstance(expected, int) else (count, examples)) == expected
    assert set(found) <= {"missing-against-the-outbox"}


async def test_a_follower_that_has_passed_facts_is_found_and_a_refill_sets_it_back(three: House) -> None:
    lamps = three.services["lamps"]
    await three.services["candles"].light(4)
    await three.services["candles"].send()
    await lamps.rows("update follower_cursor set position = 139")
    assert await _found(three) == {"skipped-by-the-follower": (1, ("lamps at position 136",))}
    status = await look(lamps.database, three.log, "lamps")
    assert [one.kind for one in status.findings] == ["facts-skipped"]
    assert (status.follower.behind_facts, status.follower.head) == (4, 139)

    assert (await refill(lamps.database, three.log, "lamps")).rewound == 1
    await three.settle()
    assert await _found(three) == {}
    assert sum(lamp["lit"] for lamp in await lamps.lamps()) == 139


async def test_a_follower_that_has_taken_what_the_log_does_not_know_is_found(three: House) -> None:
    await three.in_log("delete from fact where source = 'candles'")
    await three.in_log("delete from log_source where source = 'candles'")
    assert await _found(three) == {"taken-but-not-in-the-log": (1, ("candles 45",))}
