"""Relays, followers, writers and PostgreSQL killed at random while facts are written: none lost, none twice."""

import random

import pytest

from tests.faults.house import House
from tests.faults.storm import Plan, Storm


@pytest.mark.timeout(600)
def test_thirty_kills_lose_nothing_double_nothing_and_break_no_order(house: House) -> None:
    # Sixteen writers at once, each on a connection of its own; `make faults` is the same with a thousand kills.
    plan = Plan(facts=50_000, kills=30, seed=random.SystemRandom().randrange(10**6), gap=0.5, seconds=400)
    told = Storm(house, plan, print).run()
    print("\n".join(told.lines()))  # noqa: T201 - the counts are what the test is for
    assert told.verdict.violations.total() == 0, +told.verdict.violations
    assert told.kills.total() == plan.kills
    assert told.verdict.acknowledged >= plan.facts
