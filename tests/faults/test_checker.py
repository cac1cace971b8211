"""The checker finds what it is there to find: each kind of loss, done by hand to a house that was whole."""

import pytest

from tests.faults import checker
from tests.faults.calm import bring_to_rest, commit
from tests.faults.house import House
from tests.faults.ledger import Ledgers

_ANY = "(select ctid from {table} order by ctid limit 1)"

pytestmark = pytest.mark.timeout(300)


def _of_one(table: str, statement: str) -> str:
    return statement + " where ctid = " + _ANY.format(table=table) + " returning 1"


_TWICE = """
insert into effect (brand_id, event_id, aggregate, sequence, by, occurred_at)
select brand_id, event_id, aggregate, sequence, by, occurred_at from effect limit 1 returning 1
"""

DAMAGE = [
    ("lamps", _of_one("outbox", "update outbox set published_at = null"), "outbox rows not published"),
    ("lamps", _of_one("outbox", "update outbox set relay_seq = null"), "holes in relay_seq"),
    ("lamps", _of_one("said", "delete from said"), "facts without their row, or rows without their fact"),
    ("log", _of_one("fact", "delete from fact"), "facts missing in the log"),
    ("log", "update fact set relay_seq = -relay_seq where position = 5 returning 1", "other numbers in the log"),
    ("log", "update fact set position = position + 9 where position = 40 returning 1", "holes in the log's positions"),
    ("watch", _of_one("effect", "delete from effect"), "effects lost"),
    (
        "watch",
        _TWICE,
        "effects twice",
    ),
    ("watch", "update effect set n = default where n = 2 returning 1", "effects out of order"),
    ("watch", _of_one("effect", "update effect set event_id = gen_random_uuid()"), "effects of nothing"),
    ("watch", "delete from outbox where id = (select max(id) from outbox) returning 1", "answers lost or twice"),
    ("lamps", _of_one("outbox", "delete from outbox"), "acknowledged writes lost"),
]


def test_each_kind_of_damage_is_found(house: House) -> None:
    commit(house, "lamps", count=40)
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
    for service, statement, name in DAMAGE:
        before = verdict.violations[name]
        assert len(house.rows(service, statement)) == 1
        # What was broken earlier stays broken: each must add its own.
        verdict = checker.check(house, Ledgers(house.ledgers))
        assert verdict.violations[name] > before, name


def test_a_killed_writers_outcome_may_be_either(house: House) -> None:
    commit(house, "lamps", count=3)
    ledgers = Ledgers(house.ledgers)
    ledgers.look()
    [path] = house.ledgers.glob("*.ledger")
    lines = path.read_text().splitlines(keepends=True)
    # The line that tells the last acknowledgement was not written any more.
    path.write_text("".join(lines[:-1]) + "? 9 4f9c1d0a-0000-4000-8000-000000000000\n")
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
    assert (verdict.acknowledged, verdict.unknown, verdict.survived) == (2, 2, 1)
