"""One HTTP exchange with WeChat: busy retries, JSON whatever the content type, and nothing of it in an exception."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx
import structlog

from infra.trust import trusted
from infra.wechat.errors import WeChatRejected, WeChatUnavailable

BUSY = -1
# Waits before the second, third and fourth try of a call that WeChat was too busy for, in seconds.
BACKOFF = (0.2, 0.5, 1.0)

_RID = re.compile(r"rid: ?([0-9a-f]+(?:-[0-9a-f]+)*)")

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Account:
    """One mini-program or official account."""

    appid: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What WeChat answered. `errcode` 0 is success; WeChat often leaves it out then."""

    path: str
    errcode: int
    errmsg: str = field(repr=False)
    fields: Mapping[str, object] = field(repr=False)

    def text(self, name: str) -> str:
        """A field that must be there as text; raises WeChatUnavailable if the answer is not the documented one."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise WeChatUnavailable
        return value

    def rejected(self) -> WeChatRejected:
        """The fault for an errcode no caller can act on, logged once here with what may be said of it."""
        found = _RID.search(self.errmsg)
        rid = found[1] if found else None
        structlog.get_logger().error("wechat_rejected", errcode=self.errcode, where=self.path, rid=rid)
        return WeChatRejected(self.errcode, rid)


def open_http(api_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client all calls to one WeChat host go through; the caller closes it."""
    timeout = httpx.Timeout(5.0, connect=2.0)
    return httpx.AsyncClient(base_url=api_url, timeout=timeout, transport=transport, verify=trusted(), trust_env=False)


async def ask(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    pause: Pause = asyncio.sleep,
) -> Answer:
    """Call WeChat, again up to three times while it is busy (-1).

    Raises WeChatUnavailable when it stays busy, does not answer in time, or does not answer in JSON. A time-out is
    not repeated here: the call may have taken effect.
    """
    answer = await _once(http, method, path, params, body)
    for wait in BACKOFF:
        if answer.errcode != BUSY:
            break
        await pause(wait)
        answer = await _once(http, method, path, params, body)
    if answer.errcode == BUSY:
        structlog.get_logger().warning("wechat_busy", errcode=BUSY, where=path)
        raise WeChatUnavailable
    return answer


async def _once(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    params: Mapping[str, str] | None,
    body: Mapping[str, object] | None,
) -> Answer:
    try:
        # httpx writes JSON as UTF-8 without \u escapes, which some WeChat endpoints refuse.
        response = await http.request(method, path, params=params, json=body)
        fields = response.json()
        errcode = int(fields.get("errcode") or 0)
    except (httpx.HTTPError, ValueError, AttributeError, TypeError) as failure:
        # The failure knows the URL, and the URL knows the secret or the token: only its class leaves this place.
        structlog.get_logger().warning("wechat_unavailable", fault=type(failure).__name__, where=path)
        raise WeChatUnavailable from None
    # Success is decided by the errcode; but a proxy's own 502 with a JSON body is not WeChat speaking.
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        structlog.get_logger().warning("wechat_unavailable", status=response.status_code, where=path)
        raise WeChatUnavailable
    return Answer(path, errcode, str(fields.get("errmsg", "")), fields)
