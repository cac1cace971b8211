"""How WeChat reads requests and says no: always HTTP 200, an errcode, and an errmsg with a rid."""

import asyncio
import json
import secrets

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from suite.sandbox.kit import Here

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40033: "invalid request char, must not contain \\u",
    40056: "invalid agentid",
    40066: "invalid party id",
    40096: "invalid external userid",
    40097: "handover user has not been dismissed",
    40098: "takeover user has not been verified",
    40099: "takeover user reaches max customer count",
    40100: "customer is being transferred",
    40128: "customer transferred too often within 90 days",
    40129: "customer is being transferred",
    40130: "handover and takeover are the same",
    40131: "handover user is not a follower",
    40132: "team account",
    40163: "code been used",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    41048: "no customer to send",
    41050: "invalid welcome code",
    41051: "external user has started chatting",
    41054: "user is not activated",
    41096: "welcome message is being sent by another app",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit",
    47001: "data format error",
    47003: "argument invalid!",
    60011: "no privilege to access/modify contact/party/agent",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    82001: "all touser & toparty & totag invalid",
    84061: "not external contact",
    87009: "invalid signature",
}


class No(Exception):
    """WeChat refuses with this errcode."""

    def __init__(self, errcode: int, errmsg: str | None = None) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.errmsg = errmsg or ERRMSG[errcode]


class BadGateway(Exception):  # the situation of a proxy in front of WeChat
    """The switch `broken`: an answer that is not WeChat's."""


async def say_no(_request: Request, no: Exception) -> Response:
    """The refusal on the wire. Clients must branch on the errcode: the text changes with every answer."""
    if not isinstance(no, No):
        raise no
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return JSONResponse({"errcode": no.errcode, "errmsg": f"{no.errmsg} rid: {rid}"})


async def say_bad_gateway(_request: Request, _no: Exception) -> Response:
    """A proxy's own page."""
    return Response("<html><body>502 Bad Gateway</body></html>", status_code=502, media_type="text/html")


async def pass_faults(here: Here) -> None:
    """What every WeChat endpoint goes through first."""
    faults = here.world.faults
    if faults.slow_seconds:
        await asyncio.sleep(faults.slow_seconds)
    if faults.broken:
        faults.broken -= 1
        raise BadGateway
    if faults.busy:
        faults.busy -= 1
        raise No(-1)


def require(request: Request, method: str) -> None:
    """Refuse the other method."""
    if request.method != method:
        raise No(43002 if method == "POST" else 43001)


async def json_body(request: Request) -> dict[str, object]:
    """The JSON object a POST carries."""
    require(request, "POST")
    body = await request.body()
    if not body:
        raise No(44002)
    try:
        fields = json.loads(body)
    except ValueError:
        raise No(47001) from None
    if not isinstance(fields, dict):
        raise No(47001)
    return fields


def text(fields: dict[str, object], name: str) -> str:
    """A field that is text, or an empty one."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""
