"""What may be asked of a service about the log, from inside: how it stands, what is parked, replay, refill, verify."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from infra import problems
from infra.database import Database, is_passing
from infra.eventlog import parking, refill, replay, status, verify
from infra.eventlog.follower import Follower
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reaction import Reaction
from infra.eventlog.reconcile import Tell
from infra.eventlog.views import (
    ParkedView,
    RefilledView,
    ReplayedView,
    RetriedView,
    StatusView,
    VerifiedView,
)
from infra.identity import Caller, Role, permit
from infra.refusal import BadRequest, Fault, NotFound, NotPermitted, Refusal, Unavailable
from infra.telemetry import reduced
from infra.wire import After, Page, View, cursor, read_cursor

PREFIX = "/internal/log"
LINES = "application/x-ndjson"
BRIEF = 0.2  # seconds in which a refusal still gets a status of its own
EVERY = 0.5  # seconds between two lines of progress
LARGEST = 2**63 - 1

PARKED = "parked"


@dataclass(frozen=True)
class Plumbing:
    """One service at the log: what the operations work on."""

    service: str
    database: Database
    log: PostgresLog
    reactions: tuple[Reaction, ...]

    async def status(self, *, brand_id: str | None) -> StatusView:
        """How it stands; what is parked is counted of one brand or of all."""
        return await status.look(self.database, self.log, self.service, brand_id=brand_id)

    async def parked(self, *, brand_id: str | None, after: int, limit: int) -> list[ParkedView]:
        """What is parked behind this id, oldest first, of one brand or of all."""
        found = await parking.listed(self.database, self.service, brand_id=brand_id, after=after, limit=limit)
        return [ParkedView.model_validate(one) for one in found]

    async def retry(self, parked_id: int, *, brand_id: str | None) -> RetriedView:
        """Try a parked fact and all of its aggregate again; raises NotFound."""
        aggregate = await parking.aggregate_at(self.database, self.service, parked_id, brand_id=brand_id)
        if aggregate is None:
            raise NotFound
        follower = Follower(self.database, self.log, self.service, self.reactions)
        done = await follower.retry_aggregate(aggregate)
        left = await parking.still_parked(self.database, self.service, aggregate)
        return RetriedView(took_effect=done, still_parked=left)


def plumbing_of(request: Request) -> Plumbing:
    """The service that this request has reached."""
    kit: Any = request.app.state.kit
    return Plumbing(kit.service, kit.database, kit.log, tuple(kit.reactions))


def _brand(request: Request) -> str | None:
    """Whose parked facts the caller may see: the gateway asks for one of its brands, the operator sees all."""
    by: Caller = request.state.caller
    if by.role is Role.OPERATOR:
        return None
    if by.subject != "gateway":
        raise NotPermitted
    return by.brand_id


Few = Annotated[int, Field(ge=1, le=101)]  # a page of the gateway's, and one more to know whether there is another
OfPlumbing = Annotated[Plumbing, Depends(plumbing_of)]
OfBrand = Annotated[str | None, Depends(_brand)]
ParkedId = Annotated[int, Path(ge=1, le=LARGEST)]


def read_after(value: str | None, *, of: str) -> int:
    """The number inside a cursor; BadRequest when it was made up."""
    key = read_cursor(value, of=of, parts=1)
    if key is None:
        return 0
    if not key[0].isascii() or not key[0].isdigit() or int(key[0]) > LARGEST:
        raise BadRequest
    return int(key[0])


def routes(made: APIRouter) -> APIRouter:
    """Put the operations onto a router of the app; `infra.app` gives one whose routes know permissions."""

    @made.get("/status")
    @permit(Role.SERVICE, Role.OPERATOR)
    async def show_status(at: OfPlumbing, brand: OfBrand) -> StatusView:
        """Positions, lag, parked facts, leases, the last reconciliation."""
        return await at.status(brand_id=brand)

    @made.get("/parked")
    @permit(Role.SERVICE, Role.OPERATOR)
    async def list_parked(at: OfPlumbing, brand: OfBrand, limit: Few = 50, after: After = None) -> Page[ParkedView]:
        """What is parked, oldest first, without data."""
        found = await at.parked(brand_id=brand, after=read_after(after, of=PARKED), limit=limit + 1)
        more = cursor(found[limit - 1].id, of=PARKED) if len(found) > limit else None
        return Page(items=found[:limit], next_cursor=more)

    @made.post("/parked/{parked_id}/retry")
    @permit(Role.SERVICE, Role.OPERATOR)
    async def retry(parked_id: ParkedId, at: OfPlumbing, brand: OfBrand) -> RetriedView:
        """Try a parked fact, and in order all that wait with it."""
        return await at.retry(parked_id, brand_id=brand)

    @made.post("/replay")
    @permit(Role.OPERATOR)
    async def replay_follower(at: OfPlumbing) -> StreamingResponse:
        """Fill this service's projections anew. Lines of progress, then the outcome (ReplayedView)."""

        async def work(tell: Tell) -> View:
            done = await replay.replay(at.database, at.log, at.service, at.reactions, tell=tell)
            return ReplayedView.model_validate(asdict(done))

        return await _told(work)

    @made.post("/refill")
    @permit(Role.OPERATOR)
    async def refill_source(at: OfPlumbing) -> StreamingResponse:
        """Queue again what the log has lost of this service. Lines of progress, then the outcome (RefilledView)."""

        async def work(tell: Tell) -> View:
            return RefilledView.model_validate(await refill.refill(at.database, at.log, at.service, tell=tell))

        return await _told(work)

    @made.post("/verify")
    @permit(Role.OPERATOR)
    async def verify_source(at: OfPlumbing) -> StreamingResponse:
        """Look at every fact of this service. Lines of progress, then the outcome (VerifiedView)."""

        async def work(tell: Tell) -> View:
            done = await verify.verify(at.database, at.log, at.service, tell=tell)
            return VerifiedView.model_validate(asdict(done))

        return await _told(work)

    return made


async def _told(work: Callable[[Tell], Awaitable[View]]) -> StreamingResponse:
    """Answer long work as lines: {done, total} while it goes on, then {outcome} or {refused}.

    Whoever hangs up before the end ends the work: it is one transaction, and nothing has happened.
    """
    progress = {"done": 0, "total": 0}

    def tell(done: int, total: int) -> None:
        progress.update(done=done, total=total)

    task: asyncio.Future[View] = asyncio.ensure_future(work(tell))
    try:
        await asyncio.wait({task}, timeout=BRIEF)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.done():
        task.result()  # refused at once: that has a status
    return StreamingResponse(_lines(task, progress), media_type=LINES)


async def _lines(task: "asyncio.Future[View]", progress: dict[str, int]) -> AsyncIterator[str]:
    try:
        while not task.done():
            yield json.dumps(progress) + "\n"
            await asyncio.wait({task}, timeout=EVERY)
        yield _end(task) + "\n"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def _end(task: "asyncio.Future[View]") -> str:
    try:
        return json.dumps({"outcome": task.result().model_dump(mode="json")})
    except Refusal as refusal:
        refused = refusal
    except Exception as fault:  # noqa: BLE001 - the edge: the status has been sent long ago
        structlog.get_logger().error("fault", **reduced(fault))
        refused = Unavailable() if is_passing(fault) else Fault()
    return json.dumps({"refused": json.loads(bytes(problems.answer(refused, accept_language="en").body))})
