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
    wecom_members,
    wecom_sends,
    wecom_tokens,
    wecom_transfers,
)
from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.pushes import Pusher
from suite.sandbox.settings import SandboxSettings
from suite.sandbox.state_file import Keeper, recall
from suite.sandbox.wecom_pushes import CorpPusher
from suite.sandbox.wire import BadGateway, No, pass_faults, say_bad_gateway, say_no


async def tell_corp(here: Here) -> AsyncIterator[None]:
    """Push what has happened in the corp once the request is over."""
    yield
    corp = here.world.corp
    told, corp.untold = corp.untold, []
    for one in told:
        here.corp_pusher.tell(one.event, one.change, one.fields)


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
    corp_pusher = CorpPusher(world, settings, push_transport)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        keeping = asyncio.get_running_loop().create_task(keeper.run())
        yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await pusher.close()
        await corp_pusher.close()
        keeper.save()

    app = FastAPI(title="WeChat sandbox", lifespan=lifespan, dependencies=[Depends(keeper.touch), Depends(tell_corp)])
    app.state.sandbox = Sandbox(settings, world, pusher, corp_pusher)
    app.add_exception_handler(No, say_no)
    app.add_exception_handler(BadGateway, say_bad_gateway)
    wecom = (wecom_tokens, wecom_contacts, wecom_members, wecom_transfers, wecom_sends)
    for weixin in (tokens, login, subscribe, sms, *wecom):
        app.include_router(weixin.router, dependencies=[Depends(pass_faults)])
    for played in (control, control_taps, control_switches, control_wecom, control_sms):
        app.include_router(played.router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app
