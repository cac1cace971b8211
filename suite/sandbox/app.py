"""The sandbox as an app: `python -m infra.serve suite.sandbox.app:build`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from fastapi import Depends, FastAPI

from infra.settings import load
from infra.telemetry import configure_logs
from suite.sandbox import (
    control,
    control_sms,
    control_switches,
    control_taps,
    control_wecom,
    login,
    sms,
    subscribe,
    tokens,
    wecom_contacts,
    wecom_sends,
    wecom_tokens,
    wecom_transfers,
)
from suite.sandbox.kit import Sandbox
from suite.sandbox.pushes import Pusher
from suite.sandbox.settings import SandboxSettings
from suite.sandbox.state_file import Keeper, recall
from suite.sandbox.wire import BadGateway, No, pass_faults, say_bad_gateway, say_no


def build(
    settings: SandboxSettings | None = None, *, push_transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """WeChat's and WeCom's endpoints, the control API, /healthz; `push_transport`: how pushes travel in one process."""
    if settings is None:
        settings = load(SandboxSettings)
        configure_logs("sandbox")
    world = recall(settings.sandbox_state)
    keeper = Keeper(world, settings.sandbox_state)
    pusher = Pusher(world, settings, push_transport)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.get_running_loop().create_task(keeper.run())
        yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await pusher.close()
        keeper.save()

    app = FastAPI(title="WeChat sandbox", lifespan=lifespan, dependencies=[Depends(keeper.touch)])
    app.state.sandbox = Sandbox(settings, world, pusher)
    app.add_exception_handler(No, say_no)
    app.add_exception_handler(BadGateway, say_bad_gateway)
    for weixin in (tokens, login, subscribe, sms, wecom_tokens, wecom_contacts, wecom_transfers, wecom_sends):
        app.include_router(weixin.router, dependencies=[Depends(pass_faults)])
    for played in (control, control_taps, control_switches, control_wecom, control_sms):
        app.include_router(played.router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app
