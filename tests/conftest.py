"""What every test may ask for: one throw-away PostgreSQL for the run, and services that run on copies of it."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import shell
from tests.running import Running, Throwaway, start
from tests.throwaway import throwaway

Start = Callable[..., Awaitable[Running]]

TESTS = Path(__file__).parent
LONG = {"faults", "journeys", "rights", "fuzz"}  # folders of the tests that take longest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: two processes share the files out, and neither shall wait for the other's last."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONG)


# Python walks through all that is there whenever some has been added: a fifth of the tests' processor time, measured.
gc.set_threshold(10_000, 20, 50)

# How slow a machine is says nothing of a rule.
settings.register_profile("maison", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maison")

# At import, so that it holds for every test, and for the processes that tests start.
shell.forget()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Throwaway]:
    """A PostgreSQL server with the six databases migrated."""
    with throwaway() as server:
        yield server


@pytest.fixture
async def running(postgres: Throwaway) -> AsyncIterator[Start]:
    """A function that starts a service, by name; all those of one test share a fresh log."""
    log_url = await postgres.database("maison_log")

    async with AsyncExitStack() as stack:

        async def started(name: str, **options: Any) -> Running:
            return await stack.enter_async_context(start(postgres, name, log_url=log_url, **options))

        yield started
    await postgres.drop(log_url)
