"""One exchange with WeChat: what is tried again, what is not, and what never shows."""

import secrets
import traceback
from collections.abc import Callable, Iterator

import httpx
import pytest

from infra.wechat.call import Account, ask, open_http
from infra.wechat.errors import WeChatUnavailable

Handler = Callable[[httpx.Request], httpx.Response]


class Pauses:
    """Waits for nothing and remembers how long it should have."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def answering(*answers: object) -> Handler:
    waiting: Iterator[object] = iter(answers)

    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=next(waiting))

    return handle


def http(handler: Handler) -> httpx.AsyncClient:
    return open_http("https://wechat.test", transport=httpx.MockTransport(handler))


async def test_a_busy_wechat_is_asked_again_three_times_and_ever_more_slowly() -> None:
    pauses = Pauses()
    busy = {"errcode": -1, "errmsg": "system error"}
    answer = await ask(http(answering(busy, busy, busy, {"x": 1})), "GET", "/x", pause=pauses)
    assert answer.errcode == 0
    assert answer.fields == {"x": 1}
    assert pauses.taken == sorted(pauses.taken)
    assert len(pauses.taken) == 3
    with pytest.raises(WeChatUnavailable):
        await ask(http(answering(busy, busy, busy, busy, {"x": 1})), "GET", "/x", pause=pauses)


async def test_an_answer_is_json_whatever_its_content_type_says() -> None:
    def plain(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text='{"errcode":"40029","errmsg":"no"}')

    assert (await ask(http(plain), "GET", "/x")).errcode == 40029


async def test_chinese_is_sent_as_it_is_and_never_escaped() -> None:
    bodies: list[bytes] = []

    def keep(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={})

    await ask(http(keep), "POST", "/x", body={"thing1": "上海"})
    assert "上海".encode() in bodies[0]
    assert b"\\u" not in bodies[0]


def _times_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


@pytest.mark.parametrize(
    "handler",
    [
        _times_out,
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(200, json=[]),
        lambda _: httpx.Response(200, json={"errcode": "many"}),
        lambda _: httpx.Response(502, json={}),
    ],
    ids=["time-out", "a page", "a list", "no errcode", "a proxy"],
)
async def test_whatever_is_not_wechats_protocol_is_unavailable_and_shows_no_secret(
    handler: Handler, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = secrets.token_hex()
    with pytest.raises(WeChatUnavailable) as refused:
        await ask(http(handler), "GET", "/x", params={"secret": secret})
    said = capsys.readouterr().out
    assert "wechat_unavailable" in said
    assert secret not in said + caplog.text + "".join(traceback.format_exception(refused.value))


async def test_a_refusal_of_wechat_keeps_its_errcode_and_rid_and_not_its_text() -> None:
    errmsg = "invalid appsecret, hint: sesame rid: 65f2a1b2-1c2d3e4f-5a6b7c8d"
    answer = await ask(http(answering({"errcode": 40125, "errmsg": errmsg})), "GET", "/x")
    rejected = answer.rejected()
    assert (rejected.errcode, rejected.rid) == (40125, "65f2a1b2-1c2d3e4f-5a6b7c8d")
    assert "sesame" not in str(rejected)
    assert "sesame" not in repr(answer)
    assert "sesame" not in repr(Account("wx1", "sesame"))


async def test_a_field_that_must_be_there_and_is_not_makes_wechat_unavailable() -> None:
    answer = await ask(http(answering({"openid": 7})), "GET", "/x")
    for name in ("openid", "session_key"):
        with pytest.raises(WeChatUnavailable):
            answer.text(name)
