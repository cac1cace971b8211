"""What every test of the edge may ask for."""

from collections.abc import AsyncIterator

import pytest

from tests.infra.notes import opened
from tests.running import Running, Throwaway


@pytest.fixture
async def app(postgres: Throwaway) -> AsyncIterator[Running]:
    """The service of notes."""
    async with opened(postgres) as running:
        yield running
