"""Four processes of the real service, raced: whatever they answer is true, and nobody is ever in two places."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from suite.launcher.postgres import tail
from tests.faults.rivals.asking import crowd
from tests.faults.rivals.house import House, a_house
from tests.faults.rivals.journal import read
from tests.faults.rivals.judging import Verdict, judge
from tests.faults.rivals.main import took
from tests.faults.rivals.rounds import Rounds, play, settled
from tests.running import Throwaway

# `make faults` draws 10,000 operations and plays 10,000 rounds.
OPERATIONS_HERE, ROUNDS, MOVES, LAST_MOMENTS = 2_000, 500, 60, 6

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def house(postgres: Throwaway) -> Iterator[House]:
    with a_house(postgres) as made:
        yield made
        print(took(made))  # noqa: T201 - a figure to look at; nothing depends on it
        for log in made.logs:  # pytest shows it when the test has failed
            print(f"--- {log.name}\n{tail(log, 6)}")  # noqa: T201


async def _judged(house: House) -> Verdict:
    await settled(house)
    verdict = await asyncio.to_thread(judge, house, await read(house.url))
    print(verdict.counted)  # noqa: T201 - the counts are what the test is for
    return verdict


async def test_whatever_thirty_two_clients_do_at_once_every_answer_is_true_and_nothing_overlaps(house: House) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    await crowd(house, operations=OPERATIONS_HERE, seed=seed)
    verdict = await _judged(house)
    assert verdict.wrong == []
    done = {answer.ask.operation for answer in house.heard if answer.done}
    assert done >= {"hold", "confirm", "approve", "move", "cancel"}
    assert verdict.counted["expired by itself"] > 0
    assert verdict.counted["hold 409 slot-taken"] > 0


async def test_five_hundred_times_twenty_rivals_want_one_time_and_exactly_one_has_it(house: House) -> None:
    assert await play(house, Rounds(house).rush, rounds=ROUNDS) == []
    assert (await _judged(house)).wrong == []


async def test_moves_into_each_others_time_and_against_holds_leave_one_owner_of_each_time(house: House) -> None:
    rounds = Rounds(house)
    assert await play(house, rounds.swap, rounds=MOVES) == []
    assert await play(house, rounds.follow, rounds=MOVES) == []
    assert (await _judged(house)).wrong == []


async def test_a_confirmation_at_the_last_moment_and_the_expiry_never_both_win(house: House) -> None:
    assert await play(house, Rounds(house).last_moment, rounds=LAST_MOMENTS) == []
    assert (await _judged(house)).wrong == []
