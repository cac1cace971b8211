"""All five apps in one process, on databases of their own: the house whose doors are tried."""

import json
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
from fastapi import FastAPI

from gateway.app import build
from infra.identity import OPERATOR, Caller, Role, Signer
from infra.ids import new_id
from tests.appointments.build import at
from tests.asking import BRAND, Clock, once
from tests.gateway.build import Gateway, gateway_settings, served
from tests.rights.matrix import COLUMNS, SERVICES
from tests.running import Running, Throwaway, Way, start

OTHER_BRAND = "ombre"
NOW = at("2030-01-08 11:00")
APPID, PUSH_TOKEN, AES_KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
SURVEY_TEMPLATE = "TPL-SURVEY"
WECHAT = {
    "wechat_appid": APPID,
    "wechat_secret": "s" * 32,
    "wechat_api_url": "http://wechat",
    "wechat_templates": {"survey-invitation": SURVEY_TEMPLATE, "care": "TPL-CARE?purpose=service"},
    "public_url": "https://maison.test",
}
CORPID = "ww0000000000000001"
PUSHES = {
    "wechat_push_token": PUSH_TOKEN,
    "wechat_push_aes_key": AES_KEY,
    "wechat_brand": BRAND,
    "wecom_corpid": CORPID,
    "wecom_api_url": "http://wecom",
    "wecom_push_token": PUSH_TOKEN,
    "wecom_push_aes_key": AES_KEY,
}
HER_PHONE = "13912345678"
HERS = "her-phone"  # the code for which WeChat vouches for it

_LINK = re.compile(r"/s/([A-Za-z0-9_.-]+)")


@dataclass
class Wechat:
    """A WeChat that lets everybody in, under an openid made of her code, and keeps the links it is to send."""

    links: list[str] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        """The way in."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.rpartition("/")[2]:
            case "jscode2session":
                code = request.url.params["js_code"]
                return httpx.Response(200, json={"openid": f"openid-of-{code}", "session_key": "a" * 24})
            case "stable_token":
                return httpx.Response(200, json={"access_token": "t" * 160, "expires_in": 7200})
            case "getuserphonenumber":
                code = json.loads(request.content)["code"]
                phone = HER_PHONE if code == HERS else f"1380{zlib.crc32(code.encode()) % 10**7:07d}"
                told = {"purePhoneNumber": phone, "countryCode": 86, "watermark": {"appid": APPID}}
                return httpx.Response(200, json={"errcode": 0, "phone_info": told})
        self.links += _LINK.findall(unquote(json.loads(request.content).get("page", "")))
        return httpx.Response(200, json={"errcode": 0, "msgid": 1})


@dataclass
class House:
    """The running house. `ids` are what stands in paths and bodies, `secrets` what no refused caller may read."""

    services: Mapping[str, Running]
    gateway: Gateway
    wechat: Wechat
    clock: Clock
    ids: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    callers: dict[str, Caller] = field(default_factory=dict)
    sessions: dict[str, UUID] = field(default_factory=dict)
    _clients: dict[tuple[str, str], httpx.AsyncClient] = field(default_factory=dict)
    _count: int = 0
    _slots: int = 0

    def app(self, name: str) -> FastAPI:
        """The app of a service, or the gateway's."""
        return self.gateway.app if name == "gateway" else self.services[name].app

    @property
    def running(self) -> tuple[Running | Gateway, ...]:
        """All of them."""
        return (*self.services.values(), self.gateway)

    def number(self) -> int:
        """A number nobody has had."""
        self._count += 1
        return self._count

    def slot(self) -> str:
        """A time of today or tomorrow that nobody has had, a quarter of an hour after the last one."""
        self._slots += 1
        return (NOW + timedelta(hours=2, minutes=15 * self._slots)).isoformat()

    async def ask(
        self,
        service: str,
        column: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Ask a service at its own port with an inner token, the gateway with an outer one."""
        if service == "gateway":
            return await self.at_the_door(column, method, path, headers=headers, **more)
        client = self._clients.get((service, column))
        if client is None:
            caller, issuer = self._inside(service, column)
            client = self._clients[service, column] = self.services[service].client(caller, issuer=issuer)
        return await client.request(method, path, headers={**once(), "If-Match": "*", **(headers or {})}, **more)

    async def at_the_door(
        self, column: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Ask through the gateway, with a fresh outer token; services and operators have only inner ones to show."""
        client = self._clients.get(("gateway", column))
        if client is None:
            client = self._clients["gateway", column] = self.gateway.client()
        sent = {**once(), "If-Match": "*", **(headers or {})}
        if (token := self.outer(column)) is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {token}"
        return await client.request(method, path, headers=sent, **more)

    def outer(self, column: str) -> str | None:
        """What a column shows at the door."""
        if COLUMNS[column][1] is None:
            return None
        caller, issuer = self._inside("profile", column)
        assert caller is not None
        if issuer != "gateway":
            return Signer.load(self.gateway.settings.keys.with_name(f"{issuer}.json")).sign(caller, audience="gateway")
        session_id = self.sessions.get(column) or new_id()
        return self.gateway.exchange.keys.sign(caller, session_id=session_id, now=self.clock())

    async def made(self, service: str, column: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What a request that must succeed answers."""
        answer = await self.ask(service, column, method, path, json=body)
        assert answer.is_success, f"{method} {path} by {column}: {answer.status_code} {answer.text}"
        said: dict[str, Any] = answer.json() if answer.content else {}
        return said

    def _inside(self, service: str, column: str) -> tuple[Caller | None, str]:
        if column == "sv":
            peer = "feedback" if service != "feedback" else "profile"
            return Caller(peer, Role.SERVICE, BRAND), peer
        if column == "op":
            return Caller(OPERATOR, Role.OPERATOR, BRAND), OPERATOR
        return self.callers.get(column), "gateway"


@asynccontextmanager
async def opened(server: Throwaway, **settings: Any) -> AsyncIterator[House]:
    """Run all of it until the block ends. The gateway finds the services on loopback ports, the services each other."""
    clock, wechat = Clock(NOW), Wechat()
    log_url = await server.database("maison_log")
    database_url = await server.database("maison_gateway")
    services: dict[str, Running] = {}
    apps: dict[str, FastAPI] = {}
    ways = {name: Way(partial(apps.get, name)) for name in (*SERVICES, "gateway")}
    async with AsyncExitStack() as stack:
        for name in SERVICES:
            to = {peer: way for peer, way in ways.items() if peer != name} | {"wechat": wechat.transport()}
            run = start(server, name, log_url=log_url, clock=clock, transports=to, **WECHAT, **settings)
            services[name] = await stack.enter_async_context(run)
            apps[name] = services[name].app
        addresses = {f"{name}_url": await stack.enter_async_context(served(one.app)) for name, one in services.items()}
        made = gateway_settings(
            database_url=database_url,
            log_url=log_url,
            keys=server.keys,
            limit_factor=10_000,
            **WECHAT,
            **PUSHES,
            **addresses,
            **settings,
        )
        app = build(made, transports={"profile": ways["profile"], "wechat": wechat.transport()}, clock=clock)
        apps["gateway"] = app
        gateway = Gateway(app, made, clock)
        await gateway.life.enter_async_context(app.router.lifespan_context(app))
        stack.push_async_callback(gateway.stop)
        yield House(services, gateway, wechat, clock)
    await server.drop(database_url)
    await server.drop(log_url)
