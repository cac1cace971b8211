"""Killed on purpose where it hurts most: between stamp, append and mark, and between effect and cursor."""

import pytest

from tests.faults.calm import bring_to_rest, commit
from tests.faults.house import FOLLOWER, House

DEATHS = 3
FACTS = 90  # between two deaths

# A killed holder's lease runs out after three seconds; that it does is tested elsewhere.
_EXPIRE = "update lease set expires_at = clock_timestamp() returning 1"
_STAMPED = "select count(*) from outbox where published_at is null and relay_seq is not null"
_IN_LOG = "select count(*) from fact where source = 'lamps'"
_EFFECTS = "select count(*) from effect"
_CURSOR = "select position from follower_cursor"

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("point", ["stamped", "appended"])
def test_a_relay_killed_right_there_repeats_nothing_and_loses_nothing(house: House, point: str) -> None:
    follower = house.follower()
    for _ in range(DEATHS):
        commit(house, "lamps", count=FACTS)
        before = house.value("log", _IN_LOG)
        house.relay("lamps", "--dies", point).await_death()
        # Numbered and not marked; in the log, or not yet.
        assert house.value("lamps", _STAMPED) >= FACTS
        assert (house.value("log", _IN_LOG) > before) is (point == "appended")
        house.rows("lamps", _EXPIRE)
    follower.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
    assert verdict.facts == verdict.effects == DEATHS * FACTS


def test_a_follower_killed_between_effect_and_cursor_repeats_nothing_and_loses_nothing(house: House) -> None:
    relay = house.relay("lamps")
    for _ in range(DEATHS):
        commit(house, "lamps", count=FACTS)
        house.follower("--dies").await_death()
        # The effect had been written, and went with its transaction.
        assert house.value(FOLLOWER, _EFFECTS) == 0
        assert house.value(FOLLOWER, _CURSOR) == 0
        house.rows(FOLLOWER, _EXPIRE)
    relay.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
    assert verdict.facts == verdict.effects == DEATHS * FACTS
