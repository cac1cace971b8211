"""Every document tried for a moment, with the same seed each time. `make fuzz` tries longer, with another each time."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from schemathesis.python import asgi

from gateway.app import SERVICES
from tests.fuzz.engine import Effort, Tally, attempt, furnished, inside
from tests.fuzz.house import GATEWAY, MERGED, House
from tests.fuzz.main import APART, told
from tests.fuzz.seeds import Seeds
from tests.running import Throwaway

pytestmark = pytest.mark.timeout(600)

SEED = 20_260_101
# At the services what is right is enumerated, and right and wrong are drawn by chance; through the gateway a few.
AT_SERVICES = Effort(SEED, examples=1, phases=("examples", "coverage", "fuzzing"), wrong=False)
EFFORTS = {
    **dict.fromkeys(SERVICES, AT_SERVICES),
    **dict.fromkeys((GATEWAY, MERGED), Effort(SEED, examples=1, phases=("examples", "fuzzing"))),
}


@pytest.fixture(scope="module")
def house(postgres: Throwaway) -> Iterator[tuple[House, Seeds]]:
    """One house for all documents."""
    made = House(replace(postgres, count=APART))
    seeds = furnished(made)
    inside(made, seeds.refill())
    yield made, seeds
    asgi.shutdown_lifespans()


@pytest.mark.parametrize("name", EFFORTS)
def test_a_document_is_kept_whatever_is_asked(house: tuple[House, Seeds], name: str) -> None:
    tally = Tally(name)
    attempt(*house, tally, EFFORTS[name])
    assert tally.cases > 0
    assert not tally.faults, told(tally)
    assert not tally.failures, told(tally)
