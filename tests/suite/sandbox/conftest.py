"""The house around the sandbox, for every test here."""

from collections.abc import AsyncIterator

import pytest

from tests.suite.sandbox.house import House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """One with the settings of every day: safe mode, JSON."""
    house = open_house()
    yield house
    await house.sandbox.pusher.close()
