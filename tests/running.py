"""A service under test: the real app with its lifespan, on databases of its own, spoken to over HTTP."""

import importlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from infra.app import Kit
from infra.identity import Caller, Signer
from infra.settings import Settings

Clock = Callable[[], datetime]


@dataclass
class Throwaway:
    """A migrated PostgreSQL server of the test run, and the key files of an imaginary house."""

    admin_url: str
    urls: Mapping[str, str]  # of the migrated templates, by database name
    keys: Path
    count: int = 0

    async def database(self, name: str) -> str:
        """The address of a fresh copy of a migrated database, such as `maison_profile`."""
        self.count += 1
        fresh = f"{name}_{self.count}"
        await self._admin(f"create database {fresh} template {name} owner {name} strategy file_copy")
        return self.urls[name].rpartition("/")[0] + f"/{fresh}"

    async def drop(self, url: str) -> None:
        """Remove a copy."""
        await self._admin(f"drop database if exists {url.rpartition('/')[2]} with (force)")

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass
class Running:
    """One service that runs inside this process."""

    name: str
    app: FastAPI
    settings: Settings
    keys: Path
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def kit(self) -> Kit:
        """What the app holds."""
        kit: Kit = self.app.state.kit
        return kit

    @property
    def transport(self) -> httpx.ASGITransport:
        """The way in for its peers."""
        return httpx.ASGITransport(self.app, raise_app_exceptions=False)

    def client(self, caller: Caller | None = None, *, issuer: str = "gateway") -> httpx.AsyncClient:
        """A client with the caller's inner token, signed by the gateway (or, for a peer, by that service)."""
        headers = {}
        if caller is not None:
            token = Signer.load(self.keys / f"{issuer}.json").sign(caller, audience=self.name)
            headers["Authorization"] = f"Bearer {token}"
        client = httpx.AsyncClient(
            transport=self.transport, base_url=f"http://{self.name}", headers=headers, timeout=30, trust_env=False
        )
        self.clients.append(client)
        return client

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in its database, seen over every brand on a connection of its own."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            await connection.execute("select set_config('maison.brand_id', '*', false)")
            return [dict(row) for row in await connection.fetch(query, *args)]
        finally:
            await connection.close()

    async def facts(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The facts it announced, oldest first, each {type, data}; only those of one type if named."""
        rows = await self.rows("select type, data from outbox order by id")
        told = [{"type": row["type"], "data": json.loads(row["data"])} for row in rows]
        return [fact for fact in told if kind in {None, fact["type"]}]


class Way(httpx.AsyncBaseTransport):
    """The way to a service that may start later; until then it is away."""

    def __init__(self, find: Callable[[], FastAPI | None]) -> None:
        self._find = find

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask it, if it is there."""
        app = self._find()
        if app is None:
            raise httpx.ConnectError("nobody listens")
        return await httpx.ASGITransport(app, raise_app_exceptions=False).handle_async_request(request)


@asynccontextmanager
async def start(
    server: Throwaway,
    name: str,
    *,
    log_url: str,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    clock: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Run a service until the block ends."""
    url = await server.database(f"maison_{name}")
    made = Settings(
        environment="test",
        database_url=url,
        log_url=log_url,
        keys=server.keys / f"{name}.json",
        inner_jwks=server.keys / "inner-jwks.json",
        **settings,
    )
    app = importlib.import_module(f"services.{name}.app").build(made, transports=transports, clock=clock)
    running = Running(name, app, made, server.keys)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            yield running
            for client in running.clients:
                await client.aclose()
    finally:
        await server.drop(url)
