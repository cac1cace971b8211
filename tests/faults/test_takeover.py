"""Two of each kind: one works, the other takes over; who was deposed and wakes up again is refused."""

from collections.abc import Sequence

import pytest

from tests.faults import machine
from tests.faults.calm import bring_to_rest, commit
from tests.faults.house import FOLLOWER, House
from tests.faults.program import Program

PROMISED = 5.0  # seconds from a SIGKILL to the first effect of the other one
BUSY = 2.0  # seconds on top, for a machine that runs other tests too

_HOLDER = "select holder from lease where name = $1 and expires_at > clock_timestamp()"
_EFFECTS = "select count(*) from effect"
_UNPUBLISHED = "select count(*) from outbox where published_at is null"

pytestmark = pytest.mark.timeout(300)


def _holder(house: House, service: str, lease: str) -> str | None:
    found = house.rows(service, _HOLDER, lease)
    return found[0]["holder"] if found else None


def _active(house: House, service: str, lease: str, programs: Sequence[Program]) -> tuple[Program, Program]:
    """Who holds the lease, and who waits for it."""
    machine.await_that(lambda: _holder(house, service, lease) in {program.holder() for program in programs})
    holder = _holder(house, service, lease)
    [active] = [program for program in programs if program.holder() == holder]
    [other] = [program for program in programs if program is not active]
    return active, other


def _await_effects(house: House, count: int) -> float:
    return machine.await_that(lambda: house.value(FOLLOWER, _EFFECTS) == count)


def test_the_other_one_takes_over_within_five_seconds_of_a_sigkill(house: House) -> None:
    relays = [house.relay("lamps"), house.relay("lamps")]
    followers = [house.follower(), house.follower()]
    commit(house, "lamps", count=1)
    _await_effects(house, 1)
    for number, (service, lease, programs) in enumerate(
        [("lamps", "relay:lamps", relays), (FOLLOWER, f"follower:{FOLLOWER}", followers)], start=2
    ):
        active, other = _active(house, service, lease, programs)
        active.kill()
        commit(house, "lamps", count=1)
        seconds = _await_effects(house, number)
        print(f"{lease}: the other one took over {seconds:.2f} s after the SIGKILL")  # noqa: T201 - a measurement
        assert seconds < PROMISED + BUSY
        assert _holder(house, service, lease) == other.holder()
    for program in (*relays, *followers):
        program.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations


def test_a_relay_that_slept_through_its_deposition_is_refused_when_it_wakes(house: House) -> None:
    commit(house, "lamps", count=60)
    sleeper = house.relay("lamps", "--halts")
    machine.await_that(lambda: machine.halted(sleeper.pid))  # with a stamped batch in its hands
    other, follower = house.relay("lamps"), house.follower()
    machine.await_that(lambda: house.value("lamps", _UNPUBLISHED) == 0)
    commit(house, "lamps", count=30)
    _await_effects(house, 90)
    sleeper.go_on()
    machine.await_that(lambda: '"Deposed"' in sleeper.output())
    assert _holder(house, "lamps", "relay:lamps") == other.holder()
    # It has stepped back, and is the next one in.
    other.kill()
    commit(house, "lamps", count=5)
    _await_effects(house, 95)
    for program in (sleeper, follower):
        program.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations


@pytest.mark.parametrize("awaited", ["lease", "session"])
def test_a_follower_that_slept_in_the_middle_of_an_effect_does_it_once(house: House, awaited: str) -> None:
    commit(house, "lamps", count=60)
    relay, sleeper = house.relay("lamps"), house.follower("--halts")
    machine.await_that(lambda: machine.halted(sleeper.pid))  # holding the cursor's lock
    other = house.follower()
    machine.await_that(lambda: _holder(house, FOLLOWER, f"follower:{FOLLOWER}") == other.holder())
    if awaited == "session":
        # The server ends a transaction that stands idle for ten seconds, and the other one can work.
        machine.await_that(lambda: house.value(FOLLOWER, _EFFECTS) > 0)
    sleeper.go_on()
    _await_effects(house, 60)
    commit(house, "lamps", count=30)
    _await_effects(house, 90)
    for program in (relay, sleeper, other):
        program.stop()
    verdict = bring_to_rest(house)
    assert verdict.clean, +verdict.violations
