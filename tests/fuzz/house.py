"""The whole house in one process: four services, the gateway before them, and a double of WeChat."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app import build, merged
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from tests.asking import BRAND
from tests.gateway.build import FIRST, gateway_settings, served
from tests.running import Running, Throwaway, Way, start

APPID = "wxFUZZ0000000001"
WECHAT = {
    "wechat_appid": APPID,
    "wechat_secret": "s" * 32,
    "wechat_push_token": "t" * 32,
    "wechat_push_aes_key": "A" * 43,
    "wechat_brand": BRAND,
}
GATEWAY = "gateway"
PEERS = ("recommend", "appointments", "feedback", GATEWAY)  # of profile
MERGED = "merged"  # every service, through the gateway
WIDE = 10_000  # times the rate limits: what is tried here is not how often one may ask
RENEW = 300  # seconds after which a token is signed anew


@dataclass
class Links(httpx.AsyncBaseTransport):
    """The way from one service to another, on which the links of surveys can be read."""

    onward: httpx.AsyncBaseTransport
    tokens: list[str]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on and remember the link in it."""
        if request.url.path == "/v1/messages" and (link := json.loads(await request.aread()).get("link")):
            self.tokens.append(str(link).rpartition("/")[2])
        return await self.onward.handle_async_request(request)


def wechat() -> httpx.MockTransport:
    """WeChat, as far as the house calls it: a code is a person, a code that begins with a digit is none."""

    def answer(request: httpx.Request) -> httpx.Response:
        what = request.url.path.rpartition("/")[2]
        if what == "stable_token":
            return httpx.Response(200, json={"access_token": "t" * 160, "expires_in": 7200})
        if what == "jscode2session":
            code = request.url.params.get("js_code", "")
            if code[:1].isdigit():
                return httpx.Response(200, json={"errcode": 40029, "errmsg": "invalid code"})
            who = hashlib.sha256(code.encode()).hexdigest()[:1]
            return httpx.Response(200, json={"openid": f"o{who}", "session_key": "a" * 24, "unionid": f"u{who}"})
        if what == "getuserphonenumber":
            phone = {"purePhoneNumber": "13800138000", "countryCode": 86, "watermark": {"appid": APPID}}
            return httpx.Response(200, json={"errcode": 0, "phone_info": phone})
        return httpx.Response(200, json={"errcode": 0, "errmsg": "ok"})

    return httpx.MockTransport(answer)


class House:
    """One ASGI app that answers for all of them, each under its name as the host."""

    def __init__(self, server: Throwaway) -> None:
        self._server = server
        self._life = AsyncExitStack()
        self._tokens: dict[tuple[Caller, str], tuple[datetime, str]] = {}
        self._clients: list[httpx.AsyncClient] = []
        self.services: dict[str, Running] = {}
        self.gateway: FastAPI
        self.loop: asyncio.AbstractEventLoop
        self.links: list[str] = []
        self.documents: dict[str, dict[str, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Live, or serve one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        name = scope["server"][0]
        app: ASGIApp = self.services[name].app if name in self.services else self.gateway
        await app({**scope, "client": ("127.0.0.1", 50000)}, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for client in self._clients:
            await client.aclose()
        await self._life.aclose()
        done: Message = {"type": "lifespan.shutdown.complete"}
        await send(done)

    async def _open(self) -> None:
        self.loop = asyncio.get_running_loop()
        log_url = await self._server.database("maison_log")
        self._life.push_async_callback(self._server.drop, log_url)
        transports: dict[str, httpx.AsyncBaseTransport] = {"wechat": wechat()}
        for name in ("profile", "recommend", "appointments", "feedback"):  # whom others ask comes first
            # Profile asks all of them for what is in a client's copy.
            later = {peer: Way(partial(self._app, peer)) for peer in PEERS} if name == "profile" else {}
            running = await self._life.enter_async_context(
                start(self._server, name, log_url=log_url, transports={**transports, **later}, **_wechat_of(name))
            )
            self.services[name] = running
            transports[name] = Links(running.transport, self.links)
        addresses = {
            f"{name}_url": await self._life.enter_async_context(served(running.app))
            for name, running in self.services.items()
        }
        database_url = await self._server.database("maison_gateway")
        self._life.push_async_callback(self._server.drop, database_url)
        settings = gateway_settings(
            database_url=database_url,
            log_url=log_url,
            keys=self._server.keys,
            limit_factor=WIDE,
            **addresses,
            **WECHAT,
            **FIRST,
        )
        self.gateway = build(settings, transports=transports)
        await self._life.enter_async_context(self.gateway.router.lifespan_context(self.gateway))
        self.documents = {name: running.app.openapi() for name, running in self.services.items()}
        self.documents |= {GATEWAY: self.gateway.openapi(), MERGED: dict(merged())}

    def _app(self, name: str) -> FastAPI | None:
        """One of them, None before it is there."""
        return self.services[name].app if name in self.services else getattr(self, "gateway", None)

    def token(self, caller: Caller, audience: str) -> str:
        """A token for a service (an inner one), or for the gateway and all behind it (an outer one)."""
        now = datetime.now(UTC)
        signed_at, token = self._tokens.get((caller, audience), (None, ""))
        if signed_at is None or (now - signed_at).total_seconds() > RENEW:
            token = self._signed(caller, audience, now)
            self._tokens[caller, audience] = (now, token)
        return token

    def _signed(self, caller: Caller, audience: str, now: datetime) -> str:
        if audience in self.services:
            issuer = caller.subject if caller.role is Role.SERVICE else GATEWAY
            return Signer.load(self._server.keys / f"{issuer}.json").sign(caller, audience=audience, now=now)
        signed: str = self.gateway.state.exchange.keys.sign(caller, session_id=new_id(), now=now)
        return signed

    def client(self, name: str, caller: Caller | None) -> httpx.AsyncClient:
        """A way in for one caller, at a service or at the gateway."""
        headers = {"Authorization": f"Bearer {self.token(caller, name)}"} if caller else {}
        transport = httpx.ASGITransport(self, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=f"http://{name}", headers=headers, trust_env=False)
        self._clients.append(client)
        return client


def _wechat_of(name: str) -> Mapping[str, Any]:
    if name != "profile":
        return {}
    own = {key: value for key, value in WECHAT.items() if key != "wechat_brand"}
    return {**own, "wechat_templates": {"visit": "visit?purpose=service", "survey-invitation": "s?purpose=survey"}}


def person(role: Role, *, brand: str = BRAND, **about: Any) -> Caller:
    """Somebody with this role."""
    made = {name: UUID(str(value)) for name, value in about.items() if name != "boutique_ids"}
    boutiques = frozenset(UUID(str(one)) for one in about.get("boutique_ids", ()))
    subject = f"{role}:{about.get('client_id') or about.get('advisor_id') or brand}"
    return Caller(subject, role, brand, boutique_ids=boutiques, **made)
