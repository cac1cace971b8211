"""The runs in which a batch is handed on: as few as they can be, with nothing before what it follows from."""

from datetime import UTC, datetime
from itertools import combinations, groupby, product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from infra.eventlog.port import Envelope, Stored
from infra.eventlog.reaction import named, runs
from tests.infra.eventlog.builders import BRAND, OTHER_BRAND, LampBroken, LampLit, LampLooked, entry

LAMPS = [UUID(int=number) for number in range(4)]
TYPES = [LampLit.type, LampBroken.type, LampLooked.type]
APPENDED = datetime(2026, 3, 1, tzinfo=UTC)


def stored(position: int, lamp: UUID, type_: str, *, brand: str = BRAND, **data: object) -> Stored:
    """One fact as it comes out of the log."""
    made = entry(position, brand_id=brand, lamp_id=lamp, type=type_, data={"lamp_id": str(lamp), **data})
    assert isinstance(made.envelope, Envelope)
    return Stored(position, "lamps", position, made.envelope, APPENDED)


lamps = st.sampled_from(LAMPS)
facts = st.lists(
    st.tuples(lamps, st.sampled_from(TYPES), st.sampled_from([BRAND, OTHER_BRAND]), st.none() | lamps), max_size=24
)


@given(facts)
def test_nothing_goes_before_an_earlier_fact_that_names_the_same(
    told: list[tuple[UUID, str, str, UUID | None]],
) -> None:
    log = [
        stored(position, lamp, type_, brand=brand, **({"beside_lamp_id": str(other)} if other else {}))
        for position, (lamp, type_, brand, other) in enumerate(told, start=1)
    ]
    found = runs(log)
    handed = [fact.position for run in found for fact in run]
    assert sorted(handed) == [fact.position for fact in log]
    assert all(len({(fact.envelope.brandid, fact.envelope.type) for fact in run}) == 1 for run in found)
    for earlier, later in combinations(log, 2):
        if named(earlier) & named(later):
            assert handed.index(earlier.position) < handed.index(later.position)
    assert len(found) <= len(list(groupby((fact.envelope.brandid, fact.envelope.type) for fact in log)))


def test_lamps_that_are_lit_and_broken_one_by_one_are_two_runs() -> None:
    log = [stored(n, UUID(int=n // 2), TYPES[n % 2]) for n in range(2, 42)]
    assert [len(run) for run in runs(log)] == [20, 20]


def test_a_fact_about_many_stands_between_those_before_and_behind_it() -> None:
    first, second = LAMPS[:2]
    log = [
        stored(1, first, TYPES[0]),
        stored(2, LAMPS[2], TYPES[1], lamp_ids=[str(first), str(second)]),
        stored(3, second, TYPES[0]),
        stored(4, LAMPS[3], TYPES[0]),
    ]
    assert [[fact.position for fact in run] for run in runs(log)] == [[1], [2], [3, 4]]


def test_every_pair_of_types_about_one_lamp_keeps_its_order() -> None:
    for one, other in product(TYPES, repeat=2):
        log = [stored(1, LAMPS[0], one), stored(2, LAMPS[1], other), stored(3, LAMPS[0], other)]
        handed = [fact.position for run in runs(log) for fact in run]
        assert handed.index(1) < handed.index(3)
