"""The control API, the operator's side: clock, faults, quotas, tokens, pushes, status and reset."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from suite.sandbox.kit import Here
from suite.sandbox.pushes import Delivery
from suite.sandbox.settings import PushFormat, PushMode
from suite.sandbox.templates import Template
from suite.sandbox.tokens import expire_all, supersede_all
from suite.sandbox.world import Faults, Message, Quotas, World


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClockChange(_Body):
    """Set the offset to the real time, or move on from where the clock is; seconds."""

    offset_seconds: float | None = None
    advance_seconds: float = 0


class Time(BaseModel):
    """The sandbox's clock; `now` in seconds since 1970."""

    offset_seconds: float
    now: float


class PushChange(_Body):
    """How pushes look from now on; None is what the settings say."""

    mode: PushMode | None = None
    format: PushFormat | None = None


class Pages(_Body):
    """The pages of the released version; None: every page exists."""

    pages: list[str] | None


class Status(BaseModel):
    """What there is and what is under way."""

    appid: str
    now: float
    users: int
    tokens: int
    messages: int
    pushes: dict[Literal["pending", "accepted", "failed"], int]
    push_mode: PushMode
    push_format: PushFormat
    faults: Faults
    quotas: Quotas


router = APIRouter(prefix="/sandbox")


@router.get("/status")
async def status(here: Here) -> Status:
    """What there is and what is under way."""
    states = [delivery.state for delivery in here.pusher.deliveries]
    return Status(
        appid=here.settings.wechat_appid,
        now=here.world.now(),
        users=len(here.world.users),
        tokens=len(here.world.tokens),
        messages=len(here.world.messages),
        pushes={
            "pending": states.count("pending"),
            "accepted": states.count("accepted"),
            "failed": states.count("failed"),
        },
        push_mode=here.pusher.mode,
        push_format=here.pusher.notation,
        faults=here.world.faults,
        quotas=here.world.quotas,
    )


@router.post("/reset", status_code=204)
async def reset(here: Here) -> None:
    """Forget everything, faults and clock included."""
    fresh = World()
    # Going on counting: the suite has seen these numbers, and would take a second use for a repetition.
    for name in World.model_fields.keys() - {"next_msgid", "pushed_at"}:
        setattr(here.world, name, getattr(fresh, name))
    here.pusher.deliveries.clear()
    here.corp_pusher.deliveries.clear()


@router.get("/templates")
async def templates(here: Here) -> dict[str, tuple[Template, ...]]:
    """The templates of the account."""
    return {"items": here.settings.sandbox_templates}


@router.get("/messages")
async def messages(here: Here) -> dict[str, list[Message]]:
    """Every message to anybody, oldest first."""
    return {"items": here.world.messages}


@router.post("/clock")
async def clock(here: Here, change: ClockChange) -> Time:
    """Move the clock that codes, tokens and quotas live by."""
    if change.offset_seconds is not None:
        here.world.offset_seconds = change.offset_seconds
    here.world.offset_seconds += change.advance_seconds
    here.world.corp.settle(here.world.now())
    return Time(offset_seconds=here.world.offset_seconds, now=here.world.now())


@router.put("/faults")
async def faults(here: Here, new: Faults) -> Faults:
    """Set all fault switches."""
    here.world.faults = new
    return new


@router.put("/quotas")
async def quotas(here: Here, new: Quotas) -> Quotas:
    """Set all limits."""
    here.world.quotas = new
    return new


@router.put("/pages")
async def pages(here: Here, new: Pages) -> Pages:
    """Say which pages are released."""
    here.world.pages = new.pages
    return new


@router.post("/tokens/expire", status_code=204)
async def expire(here: Here) -> None:
    """Every token is past its time from now on (42001)."""
    expire_all(here.world)


@router.post("/tokens/supersede", status_code=204)
async def supersede(here: Here) -> None:
    """Every token has been replaced by somebody else (40001)."""
    supersede_all(here.world)


@router.put("/push")
async def push(here: Here, change: PushChange) -> PushChange:
    """Choose mode and notation of the pushes to come."""
    here.world.push_mode, here.world.push_format = change.mode, change.format
    return change


@router.post("/push/check")
async def check(here: Here) -> dict[str, bool]:
    """Do the URL check on the suite's callback."""
    return {"ok": await here.pusher.check_url()}


@router.get("/pushes")
async def pushes(here: Here) -> dict[str, list[Delivery]]:
    """The last thousand pushes, oldest first."""
    return {"items": list(here.pusher.deliveries)}


@router.post("/pushes/{push_id}/again", status_code=202)
async def again(here: Here, push_id: int) -> Delivery:
    """Send one push again, as WeChat does when it missed the answer."""
    for delivery in here.pusher.deliveries:
        if delivery.push_id == push_id:
            here.pusher.send(delivery)
            return delivery
    raise HTTPException(404, "no such push")
