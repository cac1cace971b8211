"""What the tests of recommend ask for."""

import pytest

from tests.conftest import Start
from tests.recommend.build import House, opened
from tests.running import Throwaway


@pytest.fixture
async def house(running: Start, postgres: Throwaway) -> House:
    """The house, open."""
    return await opened(running, postgres)
