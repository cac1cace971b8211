"""How every service starts: one kit, one kind of route, the same edge around each request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import httpx
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from infra import copies, openapi, probes, problems, telemetry
from infra.copies import Portion
from infra.crypto import Keyring
from infra.database import Database
from infra.edge import Edge
from infra.eventlog import operations as log_operations
from infra.eventlog.background import run_plumbing
from infra.eventlog.follower import Reaction
from infra.eventlog.hint import pause
from infra.eventlog.postgres import PostgresLog
from infra.idempotency import Once, forget_expired, run_once
from infra.identity import Caller, Permission, Signer, Verifier
from infra.paths import Paths
from infra.peers import Peers
from infra.refusal import BodyTooSlow, Malformed, Refusal, Unauthenticated
from infra.retention import api as retention
from infra.retention.periods import Period
from infra.retention.sweeping import keep_short
from infra.settings import Settings
from infra.telemetry.sending import collector_of, keep_sending
from infra.telemetry.traces import Export, speak_for, stop_speaking

BODY_LIMIT = 1024 * 1024  # bytes; a route with larger batches names its own max_body_size
BODY_TIME = 15.0  # seconds that a body may take to arrive
BEARER = "bearer "
# FastAPI would trace on its own as soon as OpenTelemetry is set up, with queries and exception texts. infra.edge does.
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)


@dataclass
class Kit:
    """What one process holds: settings, stores, keys, peers and the clock."""

    service: str
    settings: Settings
    database: Database
    log: PostgresLog
    signer: Signer
    verifier: Verifier
    peers: Peers
    reactions: Sequence[Reaction] = ()
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


# Work a service does on its own, such as expiring holds: runs until the event is set.
Loop = Callable[[Kit, asyncio.Event], Awaitable[None]]
Clock = Callable[[], datetime]
Transports = Mapping[str, httpx.AsyncBaseTransport]  # by peer, and "wechat": tests reach them in the same process


class UndeclaredRouteError(Exception):
    """A route without a permission: the process does not start."""


class MaisonRoute(APIRoute):
    """A route that knows its permission, checks it before reading the body, and may take effect once per key."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        permission = getattr(endpoint, "__permission__", None)
        if not isinstance(permission, Permission):
            msg = f"{path} ({endpoint.__module__}.{endpoint.__qualname__}) declares no permission"
            raise UndeclaredRouteError(msg)
        self.permission = permission
        self.once: Once | None = getattr(endpoint, "__once__", None)
        roles = sorted(permission.roles) if permission.roles is not None else ["public"]
        options["openapi_extra"] = {
            **(options.get("openapi_extra") or {}),
            "x-roles": [str(role) for role in roles],
            "x-idempotent": self.once is not None,
        }
        if options.get("max_body_size") is None:
            options["max_body_size"] = BODY_LIMIT
        options["openapi_extra"]["x-max-body"] = options["max_body_size"]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the permission and, where declared, the idempotency key."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            if request.app.state.paths.hides(self.path, request.url.path):
                raise HTTPException(405)
            request.state.caller = caller_of(request)
            self.permission.check(request.state.caller)
            await read_body(request)
            if self.once is not None:
                return await run_once(request, handler, self.once, route=f"{request.method} {self.path}")
            return await handler(request)

        return guarded


async def read_body(request: Request) -> None:
    """Read the whole body, within its time; raises BodyTooSlow, or Malformed where it holds NUL.

    PostgreSQL's text cannot hold NUL, so it is refused here, once for all fields. In UTF-16 and UTF-32, which JSON
    readers accept too, every ASCII character brings one.
    """
    try:
        async with asyncio.timeout(BODY_TIME):
            body = await request.body()
    except TimeoutError:
        raise BodyTooSlow from None
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if b"\x00" in body or b"\\u0000" in body or (is_form and b"%00" in body) or "%00" in str(request.url):
        raise Malformed


def router(prefix: str = "/v1") -> APIRouter:
    """A router of one capability."""
    return APIRouter(prefix=prefix, route_class=MaisonRoute)


def caller_of(request: Request) -> Caller | None:
    """The caller of the inner token, None without a token; raises Unauthenticated for a bad one."""
    header = request.headers.get("authorization", "")
    if not header:
        return None
    if not header.lower().startswith(BEARER):
        raise Unauthenticated
    caller: Caller = request.app.state.kit.verifier.verify(header[len(BEARER) :].strip())
    return caller


# Coroutines, although none of them waits: FastAPI would send each of them through a thread.
async def _by(request: Request) -> Caller:
    caller: Caller | None = request.state.caller
    if caller is None:
        raise Unauthenticated
    return caller


async def _kit(request: Request) -> Kit:
    kit: Kit = request.app.state.kit
    return kit


async def _now(request: Request) -> datetime:
    kit: Kit = request.app.state.kit
    return kit.clock()


By = Annotated[Caller, Depends(_by)]
OfKit = Annotated[Kit, Depends(_kit)]
Now = Annotated[datetime, Depends(_now)]


def create_app(
    service: str,
    settings: Settings,
    *,
    routers: Sequence[APIRouter],
    reactions: Sequence[Reaction] = (),
    loops: Sequence[Loop] = (),
    periods: Sequence[Period] = (),
    copied: Sequence[Portion] = (),
    transports: Transports | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The app of one service. `transports` let tests reach peers in one process; `clock` lets them set the time.

    `periods` are how long it keeps what: it sweeps by itself. `copied` is what it tells profile of a client who wants a
    copy of her data.
    """
    telemetry.configure_logs(service)
    signer = Signer.load(settings.keys)
    keyring = Keyring.load(settings.keys)
    kit = Kit(
        service=service,
        settings=settings,
        database=Database(settings.database_url, pool_size=settings.database_pool, name=service, keyring=keyring),
        log=PostgresLog(settings.log_url),
        signer=signer,
        verifier=Verifier(service, settings.inner_jwks),
        peers=Peers(settings, signer, transports),
        reactions=reactions,
    )
    if clock is not None:
        kit.clock = clock

    collector = collector_of(settings, service)
    export = collector.export if collector is not None else None
    speak_for(export)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(kit.database.dispose)
            stack.push_async_callback(kit.log.dispose)
            stack.push_async_callback(kit.peers.close)
            running = [_forget, *loops]
            if periods:
                running.append(lambda kit, stop: keep_short(kit.database, periods, stop, source=service))
            if collector is not None:
                stack.push_async_callback(asyncio.to_thread, collector.close)
                running.append(lambda kit, stop: keep_sending(collector, partial(probes.look, kit), stop))
            token = speak_for(export)  # what is started here, and no other app of this process
            tasks = [asyncio.create_task(run_plumbing(kit.database, kit.log, service, reactions, stop))]
            tasks += [asyncio.create_task(forever(loop, kit, stop)) for loop in running]
            stop_speaking(token)
            yield
            stop.set()
            await asyncio.gather(*tasks)

    routers = [*routers, *([retention.routes(router(), service, periods)] if periods else [])]
    inside = [probes.routes(_inside()), log_operations.routes(_inside(log_operations.PREFIX))]
    if copied:
        inside.append(copies.routes(_inside(copies.PATH), copied))
    app = FastAPI(
        title=f"Maison {service}",
        version="1",
        # The routes themselves: of an included router FastAPI builds each once more, at the app's first request.
        routes=[route for one in [*routers, *inside] for route in one.routes],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # each service's document is merged into the gateway's, which serves it
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.kit = kit
    app.state.paths = Paths(route for one in routers for route in one.routes)
    refuse(app, export=export)
    openapi.describe(app, service)
    return app


def refuse(app: FastAPI, *, export: Export | None = None) -> None:
    """Let every no and every fault leave the app as a problem document."""
    app.add_exception_handler(Refusal, problems.of_request)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, problems.of_http_exception)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, problems.of_validation)  # type: ignore[arg-type]
    app.add_middleware(Edge, export=export)


async def _forget(kit: Kit, stop: asyncio.Event) -> None:
    await forget_expired(kit.database, stop)


async def forever(loop: Loop, kit: Kit, stop: asyncio.Event) -> None:
    """Run a loop until stopped; a fault is logged and the loop starts again after a second."""
    while not stop.is_set():
        try:
            await loop(kit, stop)
        except Exception as fault:  # noqa: BLE001 - the edge of a background loop
            structlog.get_logger().error("loop-fault", **telemetry.reduced(fault))
            await pause(stop, 1.0)


def _inside(prefix: str = "") -> APIRouter:
    return APIRouter(prefix=prefix, route_class=MaisonRoute, include_in_schema=False)
