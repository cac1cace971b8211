"""What the tests of recommend ask for."""

import pytest

from tests.conftest import Start
from tests.recommend.build import House, opened


@pytest.fixture
async def house(running: Start) -> House:
    """The house, open."""
    return await opened(running)
