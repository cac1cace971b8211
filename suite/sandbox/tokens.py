"""The two families of access tokens, which never touch each other, and the check every endpoint makes."""

import secrets
from typing import Literal

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here
from suite.sandbox.settings import SandboxSettings
from suite.sandbox.wire import No, json_body, require, text
from suite.sandbox.world import DAY, MINUTE, Token, World

LIFE = 7200  # seconds
OVERLAP = 300  # seconds in which the old and the new token both work
FORCE_GAP = 30  # seconds between forced refreshes that have an effect

Family = Literal["ordinary", "stable"]


router = APIRouter()


@router.api_route("/cgi-bin/token", methods=["GET", "POST"])
async def token(here: Here, request: Request) -> dict[str, str | int]:
    """The ordinary token: each call gives a new one."""
    require(request, "GET")
    query: dict[str, object] = dict(request.query_params)
    _identify(query, here.settings)
    if not here.world.within("ordinary-token", DAY, here.world.quotas.ordinary_token_per_day):
        raise No(45009)
    return _told(*_issue(here.world, "ordinary", here.world.now() + OVERLAP), here.world)


@router.api_route("/cgi-bin/stable_token", methods=["GET", "POST"])
async def stable_token(here: Here, request: Request) -> dict[str, str | int]:
    """The stable token: the same one until its last five minutes."""
    fields = await json_body(request)
    _identify(fields, here.settings)
    if not here.world.within("stable-token", MINUTE, here.world.quotas.stable_token_per_minute):
        raise No(45011)
    if not here.world.within("stable-token", DAY, here.world.quotas.stable_token_per_day):
        raise No(45009)
    return _told(*_stable(here.world, force=fields.get("force_refresh") is True), here.world)


def authorise(world: World, request: Request) -> None:
    """Refuse a call without a living token of either family."""
    value = request.query_params.get("access_token", "")
    if not value:
        raise No(41001)
    token, now = world.tokens.get(value), world.now()
    if token is None:
        raise No(40001 if len(value) > 100 else 40014)
    if token.dead_from is not None and now >= token.dead_from:
        raise No(40001)
    if now >= token.expires_at:
        raise No(42001)


def expire_all(world: World) -> None:
    """The switch: every token is past its time now (42001)."""
    for token in world.tokens.values():
        token.expires_at = min(token.expires_at, world.now())


def supersede_all(world: World) -> None:
    """The switch: somebody else has forced a newer token (40001)."""
    for token in world.tokens.values():
        token.dead_from = world.now()


def _identify(fields: dict[str, object], settings: SandboxSettings) -> None:
    if text(fields, "grant_type") != "client_credential":
        raise No(40002)
    if not text(fields, "appid"):
        raise No(41002)
    if not text(fields, "secret"):
        raise No(41004)
    if text(fields, "appid") != settings.wechat_appid:
        raise No(40013)
    if text(fields, "secret") != settings.wechat_secret:
        raise No(40001)


def _stable(world: World, *, force: bool) -> tuple[str, Token]:
    now = world.now()
    # An earlier repetition does not refresh and does not count.
    if force and (world.forced_at is None or now - world.forced_at >= FORCE_GAP):
        if not world.within("forced-token", DAY, world.quotas.forced_token_per_day):
            raise No(45009)
        world.forced_at = now
        return _issue(world, "stable", now)
    for value, token in world.tokens.items():
        if token.family == "stable" and token.dead_from is None and token.expires_at - now > OVERLAP:
            return value, token
    return _issue(world, "stable", now + OVERLAP)


def _issue(world: World, family: Family, others_die_at: float) -> tuple[str, Token]:
    """A new token; those of its family still work until `others_die_at`."""
    now = world.now()
    for token in world.tokens.values():
        if token.family != family:
            continue
        if token.dead_from is None and token.expires_at > now:
            token.expires_at = max(token.expires_at, others_die_at)
        token.dead_from = min(token.dead_from or others_die_at, others_die_at)
    world.tokens = {value: token for value, token in world.tokens.items() if token.expires_at > now - DAY}
    value, token = secrets.token_urlsafe(117), Token(family=family, expires_at=now + LIFE)
    world.tokens[value] = token
    return value, token


def _told(value: str, token: Token, world: World) -> dict[str, str | int]:
    # No errcode on success, as WeChat does it. Rounded down: a token is never said to live longer than it does.
    return {"access_token": value, "expires_in": min(LIFE, int(token.expires_at - world.now()))}
