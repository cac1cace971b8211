"""One house for a whole module: nobody who is refused changes it, and whoever may change it is given her own things."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.rights.furnishing import furnish
from tests.rights.house import House, opened
from tests.running import Throwaway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres: Throwaway) -> AsyncIterator[House]:
    """The house, furnished."""
    async with opened(postgres) as running:
        await furnish(running)
        yield running
