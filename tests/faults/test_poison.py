"""A fact that cannot take effect: it and its aggregate wait, and nobody else does."""

import pytest

from infra.database import Database
from infra.eventlog.follower import Follower
from infra.eventlog.outbox import record, recorded
from infra.eventlog.postgres import PostgresLog
from tests.faults import machine
from tests.faults.calm import bring_to_rest
from tests.faults.facts import BRAND, said, say, thing
from tests.faults.follower import REACTIONS
from tests.faults.house import FOLLOWER, House, run
from tests.faults.ledger import Pen

LAMP = 99  # the writers know the first eight
AFTER = 5  # facts about the same lamp, behind the poison
DELAY = 5.0  # seconds that no fact about another lamp may take

_OTHERS = "select count(*) from effect where aggregate <> $1"
_PARKED = "select position, reason, attempts, parked_at from parked_fact order by id"
_OTHERS_SINCE = "select count(*) from effect where aggregate <> $1 and occurred_at > $2"
_SLOWEST = """
select extract(epoch from max(at - occurred_at))::float8 from effect
where aggregate <> $1 and occurred_at between $2::timestamptz - interval '3 s' and $2::timestamptz + interval '3 s'
"""
_SEQUENCES = "select sequence from effect where aggregate = $1 order by n"

pytestmark = pytest.mark.timeout(300)


async def _poison(house: House) -> None:
    database, pen = Database(house.urls["lamps"]), Pen(house.ledgers)
    for by in range(1 + AFTER):
        async with database.transaction(BRAND) as tx:
            record(tx, said("lamps", LAMP, by=by, poison=by == 0))
            event_ids = [one.event_id for one in recorded(tx)]
            await say(tx, event_ids)
            number = pen.means(event_ids)
        pen.kept(number)
    await database.dispose()


async def _retry(house: House, aggregate: str) -> int:
    database, log = Database(house.urls[FOLLOWER]), PostgresLog(house.log_url)
    done = await Follower(database, log, FOLLOWER, REACTIONS).retry_aggregate((BRAND, aggregate))
    await log.dispose()
    await database.dispose()
    return done


def test_poison_delays_no_other_aggregate_and_is_taken_in_order_once_mended(house: House) -> None:
    aggregate = f"lamp:{thing('lamps', LAMP)}"
    programs = [house.relay("lamps"), house.follower()]
    writer = house.writer("lamps", "--things", "8", "--most", "2", "--pause", "0.02")
    machine.await_that(lambda: house.value(FOLLOWER, _OTHERS, aggregate) > 100)
    run(_poison(house))
    machine.await_that(lambda: len(house.rows(FOLLOWER, _PARKED)) == 1 + AFTER)
    poison, *behind = house.rows(FOLLOWER, _PARKED)
    assert (poison["reason"], poison["attempts"]) == ("Poisoned", 3)
    assert [row["reason"] for row in behind] == ["behind"] * AFTER
    machine.await_that(lambda: house.value(FOLLOWER, _OTHERS_SINCE, aggregate, poison["parked_at"]) > 300)
    slowest = house.value(FOLLOWER, _SLOWEST, aggregate, poison["parked_at"])
    print(f"slowest effect about another lamp within 3 s of the poison: {slowest:.2f} s")  # noqa: T201 - a measurement
    assert slowest < DELAY
    assert house.rows(FOLLOWER, _SEQUENCES, aggregate) == []
    house.rows(FOLLOWER, "insert into mended values ($1) returning 1", BRAND)
    assert run(_retry(house, aggregate)) == 1 + AFTER
    writer.stop()
    for program in programs:
        program.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
    assert [row["sequence"] for row in house.rows(FOLLOWER, _SEQUENCES, aggregate)] == list(range(1, 2 + AFTER))
