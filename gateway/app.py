"""The gateway, put together."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import structlog
from fastapi import FastAPI
from starlette.middleware import Middleware

from gateway.forward.actions import Upstreams
from gateway.forward.api.door import Behind, Door
from gateway.forward.api.reference import reference
from gateway.forward.api.threshold import Threshold
from gateway.forward.rules import Table, operations
from gateway.identity import api as identity
from gateway.identity import reactions
from gateway.identity.actions import accounts, exchange, sessions
from gateway.identity.actions.exchange import Exchange
from gateway.identity.models.passwords import Passwords
from gateway.identity.models.tokens import OuterKeys
from gateway.limits.actions import Guesses, Meter, forget_guesses
from gateway.partners import api as partners
from gateway.partners.actions import Signatures, forget_nonces
from gateway.rights import reactions as rights
from gateway.rights.tables.copied import COPIED
from gateway.settings import GatewaySettings
from gateway.views import api as views
from gateway.wechat import api as wechat
from gateway.wechat import reactions as corp_reactions
from gateway.wechat.actions.loops import mailboxes, pushing
from infra.app import Kit, Loop, create_app
from infra.crypto import Keyring
from infra.database import is_passing
from infra.eventlog.hint import Hint
from infra.identity import Signer
from infra.settings import EX_CONFIG, load
from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.token_store import PostgresTokenStore

# Merged from what the services and the gateway say of themselves; the door opens to what stands in it.
DOCUMENT = Path(__file__).parent / "openapi.json"
SERVICES = ("profile", "appointments", "feedback", "recommend")


def build(
    settings: GatewaySettings | None = None,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    clock: Callable[[], datetime] | None = None,
    document: Mapping[str, Any] | None = None,
) -> FastAPI:
    """The app. In tests `transports` reach profile and `wechat`, and `document` stands in for the merged one.

    `maison openapi` passes an empty document: it asks the app for what it is about to merge.
    """
    settings = settings or load(GatewaySettings)
    clock = clock or (lambda: datetime.now(UTC))
    if document is None:
        document = merged()
    routes = [identity.routes, identity.keys, partners.routes, wechat.routes, views.routes]
    if document:
        routes.append(reference(document))
    doors = Exchange(OuterKeys.load(settings.keys, issuer=settings.public_url), Signer.load(settings.keys))
    arrived = Hint()
    loops: list[Loop] = [partial(exchange.watch, doors), sessions.forget, forget_nonces, forget_guesses]
    loops += pushing(settings, arrived, (transports or {}).get("wecom"))
    app = create_app(
        "gateway",
        settings,
        routers=routes,
        reactions=[*reactions.reactions(clock), *corp_reactions.REACTIONS, *rights.reactions(clock)],
        loops=loops,
        copied=COPIED,
        transports=transports,
        clock=clock,
    )
    kit: Kit = app.state.kit
    meter = Meter(factor=settings.limit_factor)
    addresses = {name: getattr(settings, f"{name}_url") for name in SERVICES}
    upstreams = Upstreams(addresses, patience=settings.answer_timeout)
    behind = Behind(kit, doors, Table(operations(document)), upstreams, meter, Signatures(kit.database))
    app.state.exchange, app.state.guesses = doors, Guesses(kit)
    app.state.mailbox, app.state.corp_mailbox = mailboxes(settings, arrived)
    app.state.passwords = Passwords()
    app.state.wechat = None
    # Inside the edge, which traces, logs and catches; the threshold outside it, for it takes away the caller's trace.
    app.user_middleware.append(Middleware(Door, behind=behind))
    app.add_middleware(
        Threshold,
        origins=settings.origins,
        proxies=settings.proxies,
        secure=settings.public_url.startswith("https://"),
    )
    started = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        await upstreams.open()
        http = open_http(settings.wechat_api_url, transport=(transports or {}).get("wechat"))
        app.state.wechat = _wechat(settings, kit, http)
        await _prepare(kit, settings, doors, app.state.passwords)
        async with started(running):
            yield
            arrived.give()  # nobody need wait for the next push any more
        await upstreams.close()
        await http.aclose()

    app.router.lifespan_context = lifespan
    return app


def merged(path: Path = DOCUMENT) -> Mapping[str, Any]:
    """The merged document; without one the process ends with status 78, for its door would lead nowhere."""
    try:
        document: Mapping[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"{path.name} cannot be read ({type(fault).__name__}). `make openapi` writes it anew.\n")
        raise SystemExit(EX_CONFIG) from None
    return document


async def _prepare(kit: Kit, settings: GatewaySettings, doors: Exchange, passwords: Passwords) -> None:
    """Before the first request: know what is revoked, and let the first person in."""
    try:
        if settings.first_account:
            await accounts.open_first(
                kit.database,
                passwords,
                named=settings.first_account,
                password=settings.first_password,
                now=kit.clock(),
            )
        await exchange.refresh(doors, kit)
    except Exception as fault:
        # The database may come up later than we do; until it has, nobody is let in.
        if not is_passing(fault):
            raise
        structlog.get_logger().warning("database-away", fault=type(fault).__name__)


def _wechat(settings: GatewaySettings, kit: Kit, http: httpx.AsyncClient) -> WeChat | None:
    if not settings.wechat_appid:
        return None
    account = Account(settings.wechat_appid, settings.wechat_secret)
    store = PostgresTokenStore(kit.database, Keyring.load(settings.keys))
    return WeChat(http, account, AccessTokens(http, account, store, clock=kit.clock))
