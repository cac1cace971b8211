"""Access tokens: what the adapter does when they end, and the rules of the two families."""

import asyncio
from typing import Any

import httpx
import pytest

from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.errors import WeChatRejected, WeChatUnavailable
from infra.wechat.token_store import MemoryTokenStore
from tests.suite.sandbox.house import APPID, SECRET, House

ASKED = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}


async def stable(house: House, **fields: object) -> Any:
    return (await house.control.post("/cgi-bin/stable_token", json=ASKED | fields)).json()


async def ordinary(house: House) -> Any:
    return (await house.control.get("/cgi-bin/token", params=ASKED)).json()


async def errcode_of(house: House, token: str) -> int:
    """What an endpoint says to a token: 0 when it gets past it, to the openid nobody has."""
    answer = await house.control.get("/wxa/checksession", params={"access_token": token, "openid": "nobody"})
    code = int(answer.json()["errcode"])
    return 0 if code == 40003 else code


async def test_many_callers_of_one_process_ask_for_one_token(house: House) -> None:
    assert len(set(await asyncio.gather(*(house.tokens.current() for _ in range(20))))) == 1
    assert len(house.sandbox.world.tokens) == 1


@pytest.mark.parametrize("switch", ["expire", "supersede"])
async def test_a_token_that_dies_early_is_replaced_and_the_call_replayed_once(house: House, switch: str) -> None:
    openid = await house.user()
    first = await house.tokens.current()
    await house.post(f"/tokens/{switch}")
    number = await house.wechat.phone_number(await house.phone_code(openid))
    assert number.e164 == "+8613800138000"
    assert await house.tokens.current() != first
    assert len(house.sandbox.world.tokens) == 2


async def test_a_second_refusal_is_a_fault_and_not_a_loop() -> None:
    calls: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if request.url.path == "/cgi-bin/stable_token":
            return httpx.Response(200, json={"access_token": f"token-{len(calls)}", "expires_in": 7200})
        return httpx.Response(200, json={"errcode": 40001, "errmsg": "invalid credential"})

    http = open_http("http://wechat", transport=httpx.MockTransport(refuse))
    account = Account(APPID, SECRET)
    with pytest.raises(WeChatRejected) as fault:
        await WeChat(http, account, AccessTokens(http, account, MemoryTokenStore())).phone_number("any")
    assert fault.value.errcode == 40001
    asked = "/wxa/business/getuserphonenumber"
    assert calls == ["/cgi-bin/stable_token", asked, "/cgi-bin/stable_token", asked]


async def test_the_adapter_changes_tokens_in_the_overlap_and_never_fails(house: House) -> None:
    first = await house.tokens.current()
    await house.pass_time(seconds=7200 - 302)
    assert await house.tokens.current() == first
    await house.pass_time(seconds=3)
    second = await house.tokens.current()
    assert second != first
    assert [await errcode_of(house, token) for token in (first, second)] == [0, 0]
    await house.pass_time(seconds=301)
    assert [await errcode_of(house, token) for token in (first, second)] == [40001, 0]


async def test_a_stable_token_stays_the_same_until_its_last_five_minutes(house: House) -> None:
    first = await stable(house)
    assert first["expires_in"] in {7199, 7200}
    assert "errcode" not in first
    assert len(first["access_token"]) > 150
    await house.pass_time(seconds=3600)
    again = await stable(house)
    assert again["access_token"] == first["access_token"]
    assert 3598 <= again["expires_in"] <= 3600


async def test_an_ordinary_token_is_new_each_time_and_the_old_one_works_five_minutes_more(house: House) -> None:
    first, second = (await ordinary(house))["access_token"], (await ordinary(house))["access_token"]
    assert first != second
    await house.pass_time(seconds=299)
    assert await errcode_of(house, first) == 0
    await house.pass_time(seconds=2)
    assert [await errcode_of(house, token) for token in (first, second)] == [40001, 0]


async def test_the_two_families_leave_each_other_alone(house: House) -> None:
    kept = (await stable(house))["access_token"]
    for _ in range(3):
        await ordinary(house)
    other = (await ordinary(house))["access_token"]
    await stable(house, force_refresh=True)
    assert [await errcode_of(house, token) for token in (kept, other)] == [40001, 0]


async def test_a_forced_refresh_kills_at_once_and_counts_at_most_every_thirty_seconds(house: House) -> None:
    first = (await stable(house))["access_token"]
    second = (await stable(house, force_refresh=True))["access_token"]
    assert [await errcode_of(house, token) for token in (first, second)] == [40001, 0]
    assert (await stable(house, force_refresh=True))["access_token"] == second
    await house.put("/quotas", {"forced_token_per_day": 2})
    await house.pass_time(seconds=31)
    assert (await stable(house, force_refresh=True))["access_token"] != second
    await house.pass_time(seconds=31)
    assert (await stable(house, force_refresh=True))["errcode"] == 45009


async def test_token_quotas_are_per_minute_and_per_day(house: House) -> None:
    await house.pass_time(seconds=86_400 - house.sandbox.world.now() % 86_400)
    await house.put("/quotas", {"stable_token_per_minute": 2, "stable_token_per_day": 3, "ordinary_token_per_day": 1})
    assert [(await stable(house)).get("errcode") for _ in range(3)] == [None, None, 45011]
    await house.pass_time(minutes=1)
    assert [(await stable(house)).get("errcode") for _ in range(2)] == [None, 45009]
    assert [(await ordinary(house)).get("errcode") for _ in range(2)] == [None, 45009]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"grant_type": "other"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wxother"}, 40013),
        ({"secret": "wrong"}, 40001),
    ],
)
async def test_a_token_needs_the_accounts_credentials(house: House, changed: dict[str, str], errcode: int) -> None:
    assert (await stable(house, **changed))["errcode"] == errcode
    assert (await house.control.get("/cgi-bin/token", params=ASKED | changed)).json()["errcode"] == errcode


async def test_an_endpoint_tells_a_missing_a_foreign_and_a_made_up_token_apart(house: House) -> None:
    assert [await errcode_of(house, token) for token in ("", "short", "x" * 160)] == [41001, 40014, 40001]


async def test_a_busy_wechat_is_waited_for_three_times(house: House) -> None:
    openid = await house.user()
    await house.put("/faults", {"busy": 3})
    await house.wechat.code_to_session(await house.login_code(openid))
    await house.put("/faults", {"busy": 4})
    with pytest.raises(WeChatUnavailable):
        await house.wechat.code_to_session(await house.login_code(openid))


async def test_a_broken_proxy_makes_wechat_unavailable(house: House) -> None:
    await house.put("/faults", {"broken": 1})
    with pytest.raises(WeChatUnavailable):
        await house.tokens.current()
    assert await house.tokens.current()


async def test_requests_that_are_not_wechats_protocol_get_its_errcodes(house: House) -> None:
    async def post(content: bytes) -> int:
        return int((await house.control.post("/cgi-bin/stable_token", content=content)).json()["errcode"])

    assert [await post(content) for content in (b"", b"{", b"[]", b"a=b")] == [44002, 47001, 47001, 47001]
    assert (await house.control.get("/cgi-bin/stable_token")).json()["errcode"] == 43002
    assert (await house.control.post("/cgi-bin/token")).json()["errcode"] == 43001
