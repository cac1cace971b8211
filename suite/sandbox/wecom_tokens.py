"""The application's access token, and what every WeCom endpoint checks first."""

import secrets

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.wecom_world import CorpToken, Member
from suite.sandbox.wire import No, json_body, require
from suite.sandbox.world import MINUTE

LIFE = 7200  # seconds
HOUR = 3600

router = APIRouter()


@router.api_route("/cgi-bin/gettoken", methods=["GET", "POST"])
async def gettoken(here: Here, request: Request) -> dict[str, str | int]:
    """The token of the application: the same one as long as it lives."""
    require(request, "GET")
    asked = request.query_params
    if not here.settings.wecom_corpid or asked.get("corpid") != here.settings.wecom_corpid:
        raise No(40013)
    if asked.get("corpsecret") != here.settings.wecom_secret:
        raise No(40001)
    _count(here, request)
    corp, now = here.world.corp, here.world.now()
    if corp.token is None or now >= corp.token.expires_at:
        corp.token = CorpToken(value=secrets.token_urlsafe(160), expires_at=now + LIFE)
    return {
        "errcode": 0,
        "errmsg": "ok",
        "access_token": corp.token.value,
        "expires_in": int(corp.token.expires_at - now),
    }


def admit(here: Sandbox, request: Request) -> None:
    """Refuse a call without the living token, or one too many; what transfers have come to by now is seen by all."""
    value = request.query_params.get("access_token", "")
    if not value:
        raise No(41001)
    token = here.world.corp.token
    if token is None or value != token.value:
        raise No(40014)
    if here.world.now() >= token.expires_at:
        raise No(42001)
    _count(here, request)
    here.world.corp.settle(here.world.now())


async def body(here: Sandbox, request: Request) -> dict[str, object]:
    """The JSON of a call that is admitted; WeCom refuses Chinese that is written as escapes."""
    fields = await json_body(request)
    if b"\\u" in await request.body():
        raise No(40033)
    admit(here, request)
    return fields


def member(here: Sandbox, userid: str) -> Member:
    """A member who is still there, or 60111."""
    found = here.world.corp.members.get(userid)
    if found is None or found.left_at is not None:
        raise No(60111)
    return found


def texts(value: object, *, most: int) -> list[str]:
    """A list of texts, not empty and not too long; WeCom does not document which code says so: 47001."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or not 0 < len(value) <= most:
        raise No(47001)
    return value


def _count(here: Sandbox, request: Request) -> None:
    path, quotas = request.url.path, here.world.quotas
    if not here.world.within(path, MINUTE, quotas.wecom_per_minute):
        raise No(45009)
    if not here.world.within(path, HOUR, quotas.wecom_per_hour):
        raise No(45009)
