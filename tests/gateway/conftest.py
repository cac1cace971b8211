"""The gateway under test, on a database of its own, and servers behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.app import build
from tests.asking import Clock
from tests.gateway.build import NOW, Gateway, Upstream, gateway_settings, served
from tests.running import Throwaway

Start = Callable[..., Awaitable[Gateway]]
Behind = Callable[[Upstream], Awaitable[str]]


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    """A function that puts a service behind the door, on a loopback port."""
    async with AsyncExitStack() as stack:

        async def put(upstream: Upstream) -> str:
            return await stack.enter_async_context(served(upstream))

        yield put


@pytest.fixture
async def gateway(postgres: Throwaway) -> AsyncIterator[Start]:
    """A function that starts a gateway; all of one test share database and log."""
    log_url = await postgres.database("maison_log")
    database_url = await postgres.database("maison_gateway")
    async with AsyncExitStack() as stack:

        async def started(
            *, document: dict[str, Any] | None = None, transports: Any = None, clock: Any = None, **settings: Any
        ) -> Gateway:
            made = gateway_settings(database_url=database_url, log_url=log_url, keys=postgres.keys, **settings)
            clock = clock or Clock(NOW)
            app = build(made, transports=transports, clock=clock, document=document or {})
            running = Gateway(app, made, clock)
            stack.push_async_callback(running.stop)
            await running.life.enter_async_context(app.router.lifespan_context(app))
            return running

        yield started
    await postgres.drop(database_url)
    await postgres.drop(log_url)
