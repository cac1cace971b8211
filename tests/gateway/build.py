"""What the gateway's tests are made of: documents, servers behind the door, and the doubles of profile and WeChat."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.identity.actions.exchange import Exchange
from gateway.partners.rules import signature
from gateway.settings import GatewaySettings
from infra.app import Kit
from infra.identity import Caller, Role, Verifier
from infra.ids import new_id
from tests.asking import BRAND, once

PASSWORD = "a long enough password"
NOW = datetime(2026, 5, 20, 6, 0, tzinfo=UTC)


def operation(service: str = "profile", *roles: str, **extra: Any) -> dict[str, Any]:
    """One operation of a merged document."""
    return {"x-service": service, "x-roles": list(roles or ("public",)), "responses": {}, **extra}


def document(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A merged document."""
    return {"openapi": "3.1.0", "info": {"title": "Maison"}, "paths": paths, "components": {"schemas": {}}}


@dataclass
class Seen:
    """What a service behind the door got to see of one request."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value, None without it."""
        return dict(self.headers).get(name)


@dataclass
class Upstream:
    """A service behind the door: keeps what it sees, answers what it is told to."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [(b"content-type", b"application/json")])
    chunks: list[bytes] = field(default_factory=lambda: [b"{}"])
    seen: list[Seen] = field(default_factory=list)
    received: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    # Set while it may answer; cleared, it hangs.
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message.get("body", b"")
            self.received = len(body)
            more = message.get("more_body", False)
        query = scope["query_string"]
        target = (scope["raw_path"] + (b"?" + query if query else b"")).decode()
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        self.seen.append(Seen(scope["method"], target, headers, body))
        self.asked.set()
        if not self.may_answer.is_set():
            waiting = asyncio.ensure_future(self.may_answer.wait())
            gone = asyncio.ensure_future(receive())
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                self.left.set()
                waiting.cancel()
                return
            gone.cancel()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for chunk in self.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an app on a loopback port of its own; the address."""
    # By its protocol asyncio knows that it may send at once; otherwise every answer in pieces takes 40 ms more.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@dataclass
class Gateway:
    """The gateway under test."""

    app: FastAPI
    settings: GatewaySettings
    clock: Callable[[], datetime]
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    life: AsyncExitStack = field(default_factory=AsyncExitStack)
    name = "gateway"

    @property
    def kit(self) -> Kit:
        """What the app holds."""
        kit: Kit = self.app.state.kit
        return kit

    @property
    def exchange(self) -> Exchange:
        """The exchange of this gateway."""
        found: Exchange = self.app.state.exchange
        return found

    async def stop(self) -> None:
        """Stop it, as SIGTERM does, and hang up."""
        await self.life.aclose()
        for client in self.clients:
            await client.aclose()

    def client(
        self, token: str | None = None, *, address: str = "http://gateway", at: str = "127.0.0.1"
    ) -> httpx.AsyncClient:
        """A caller with an outer token, at an address, in this process; or, to another gateway, over the network."""
        transport = None
        if address == "http://gateway":
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(at, 1))
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {token}"} if token else {})
        client = httpx.AsyncClient(transport=transport, base_url=address, headers=headers, timeout=30, trust_env=False)
        self.clients.append(client)
        return client

    def token(self, role: Role = Role.HEADQUARTERS, *, session_id: UUID | None = None, **about: Any) -> str:
        """An outer token as a sign-in would have given it."""
        caller = Caller(subject=about.pop("subject", str(new_id())), role=role, brand_id=BRAND, **about)
        return self.exchange.keys.sign(caller, session_id=session_id or new_id(), now=self.clock())

    def inner(self, service: str, authorization: str | None) -> Caller:
        """Who the inner token says it is, as a service would read it."""
        assert authorization is not None
        return Verifier(service, self.settings.inner_jwks).verify(authorization.removeprefix("Bearer "))

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in its database."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            await connection.execute("select set_config('maison.brand_id', '*', false)")
            return [dict(row) for row in await connection.fetch(query, *args)]
        finally:
            await connection.close()


def signed(
    till: Mapping[str, Any], method: str, target: str, body: bytes, *, at: datetime, nonce: str | None = None
) -> dict[str, str]:
    """The headers of a till's write."""
    timestamp, nonce = str(int(at.timestamp())), nonce or new_id().hex
    return {
        "Maison-Key": till["client_id"],
        "Maison-Timestamp": timestamp,
        "Maison-Nonce": nonce,
        "Maison-Signature": signature(
            till["signing_secret"], method=method, target=target, body=body, timestamp=timestamp, nonce=nonce
        ),
    }


@dataclass
class Profile:
    """A double of profile behind httpx: answers by path, keeps what it was asked."""

    answers: dict[str, Callable[[dict[str, Any]], tuple[int, Any]]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        """The way in."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append((request.url.path, body))
        found = next((answer for path, answer in self.answers.items() if request.url.path.endswith(path)), None)
        if found is None:
            return httpx.Response(404, json={"type": "urn:maison:problem:not-found"})
        status, said = found(body)
        return httpx.Response(status, json=said)


def gateway_settings(*, database_url: str, log_url: str, keys: Path, **settings: Any) -> GatewaySettings:
    """Settings of a gateway under test."""
    return GatewaySettings(
        environment="test",
        database_url=database_url,
        log_url=log_url,
        keys=keys / "gateway.json",
        inner_jwks=keys / "inner-jwks.json",
        **settings,
    )


# The settings that let the first person in.
FIRST = {"first_account": "lumiere:admin", "first_password": PASSWORD}


async def signed_in(running: Gateway, username: str = "admin", password: str = PASSWORD) -> dict[str, Any]:
    """The tokens of a member of staff who signs in."""
    answer = await running.client().post("/v1/auth/staff", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def opened(running: Gateway, admin: httpx.AsyncClient, **form: object) -> str:
    """The id of a new account."""
    wanted = {"username": "lin.yue", "password": PASSWORD, "role": "privacy", **form}
    answer = await admin.post("/v1/accounts", json=wanted, headers=once())
    assert answer.status_code == 201, answer.text
    assert PASSWORD not in answer.text
    account_id: str = answer.json()["account_id"]
    return account_id
