"""Real processes under load: all of them replaced while requests come in, then left without PostgreSQL for a while."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.restarts.house import SERVICES, House, running
from tests.faults.restarts.load import Places
from tests.faults.restarts.scenarios import postgres_killed, rolling

RATE = 50  # requests a second; `make faults` asks 200 of two instances each, and kills instances too

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    # One instance each, so that nobody but its successor can stand in for it.
    with running(instances=1) as made:
        yield made


@pytest.fixture(scope="module")
def places(house: House) -> Places:
    with house.administrator() as administrator:
        made = Places(administrator)
    # Feedback has heard of the boutique, too.
    asyncio.run(house.settled())
    return made


async def test_no_request_fails_and_nothing_happens_twice_while_processes_are_replaced(
    house: House, places: Places
) -> None:
    before = house.pids()
    finding = await rolling(house, places, rate=RATE)
    assert finding.broken == [], str(finding)
    after = house.pids()
    assert {name for name in SERVICES if before[name] != after[name]} == set(SERVICES)


async def test_while_postgresql_is_killed_and_started_again_callers_hear_only_503_and_nothing_told_is_lost(
    house: House, places: Places
) -> None:
    finding = await postgres_killed(house, places, rate=RATE)
    assert finding.broken == [], str(finding)
    assert finding.tally.failed, "nobody noticed"
