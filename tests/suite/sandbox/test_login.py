"""Signing in through the real adapter: codes, sessions, phone numbers."""

import httpx
import pytest

from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.errors import (
    CalledTooOften,
    LoginBlocked,
    LoginCodeRefused,
    PhoneCodeRefused,
    RecipientUnknown,
    WeChatRejected,
)
from infra.wechat.token_store import MemoryTokenStore
from tests.suite.sandbox.house import APPID, House


async def test_a_login_code_is_exchanged_once_for_who_she_is(house: House) -> None:
    openid = await house.user()
    code = await house.login_code(openid)
    session = await house.wechat.code_to_session(code)
    assert session.openid == openid
    assert session.unionid == (await house.get(f"/users/{openid}"))["unionid"]
    with pytest.raises(LoginCodeRefused):
        await house.wechat.code_to_session(code)


async def test_an_unbound_mini_program_gives_no_unionid(house: House) -> None:
    openid = await house.user(bound=False)
    assert (await house.wechat.code_to_session(await house.login_code(openid))).unionid is None


async def test_a_code_lives_five_minutes(house: House) -> None:
    openid = await house.user()
    early, late = await house.login_code(openid), await house.login_code(openid)
    await house.pass_time(seconds=298)
    await house.wechat.code_to_session(early)
    await house.pass_time(seconds=3)
    with pytest.raises(LoginCodeRefused):
        await house.wechat.code_to_session(late)


async def test_a_high_risk_user_is_refused(house: House) -> None:
    openid = await house.user(risky=True)
    with pytest.raises(LoginBlocked):
        await house.wechat.code_to_session(await house.login_code(openid))


async def test_one_user_may_sign_in_so_often_a_minute_and_others_still_may(house: House) -> None:
    await house.put("/quotas", {"login_per_user_minute": 2})
    # At the start of a minute, so that the test does not run over its end.
    await house.pass_time(seconds=60 - house.sandbox.world.now() % 60)
    openid, other = await house.user(), await house.user("other")
    for _ in range(2):
        await house.wechat.code_to_session(await house.login_code(openid))
    with pytest.raises(CalledTooOften) as refused:
        await house.wechat.code_to_session(await house.login_code(openid))
    assert refused.value.retry_after == 60
    await house.wechat.code_to_session(await house.login_code(other))
    await house.pass_time(minutes=1)
    await house.wechat.code_to_session(await house.login_code(openid))


async def test_a_session_is_over_when_she_signs_in_again(house: House) -> None:
    openid = await house.user()
    session = await house.wechat.code_to_session(await house.login_code(openid))
    assert await house.wechat.session_is_valid(openid, session.session_key)
    await house.login_code(openid)
    assert not await house.wechat.session_is_valid(openid, session.session_key)
    with pytest.raises(RecipientUnknown):
        await house.wechat.session_is_valid("nobody", session.session_key)


@pytest.mark.parametrize(
    ("phone", "e164", "country"),
    [("13800138000", "+8613800138000", "86"), ("+85291234567", "+85291234567", "852"), ("+33612345678",) * 2 + ("33",)],
)
async def test_a_phone_code_is_exchanged_once_for_the_number(house: House, phone: str, e164: str, country: str) -> None:
    openid = await house.user(phone=phone)
    code = await house.phone_code(openid)
    number = await house.wechat.phone_number(code, openid=openid)
    assert (number.e164, number.country_code) == (e164, country)
    assert e164 not in repr(number)
    with pytest.raises(PhoneCodeRefused):
        await house.wechat.phone_number(code)


async def test_a_phone_code_of_somebody_else_or_a_login_code_gives_no_number(house: House) -> None:
    openid, other = await house.user(), await house.user("other")
    with pytest.raises(PhoneCodeRefused):
        await house.wechat.phone_number(await house.login_code(openid))
    code = await house.phone_code(openid)
    with pytest.raises(PhoneCodeRefused):
        await house.wechat.phone_number(code, openid=other)
    with pytest.raises(LoginCodeRefused):
        await house.wechat.code_to_session(code)
    await house.pass_time(minutes=5)
    with pytest.raises(PhoneCodeRefused):
        await house.wechat.phone_number(code, openid=openid)


async def test_the_phone_button_fails_in_her_hand_when_the_paid_calls_are_used(house: House) -> None:
    openid = await house.user()
    await house.put("/quotas", {"phone_calls": 1})
    await house.wechat.phone_number(await house.phone_code(openid))
    answer = await house.control.post(f"/sandbox/users/{openid}/phone-codes")
    assert answer.status_code == 409
    assert answer.json()["detail"]["errno"] == 1400001


@pytest.mark.parametrize(("account", "errcode"), [(Account(APPID, "wrong"), 40125), (Account("wxother", "x"), 40013)])
async def test_wrong_credentials_are_our_fault_and_not_hers(house: House, account: Account, errcode: int) -> None:
    http = open_http("http://wechat", transport=httpx.ASGITransport(house.app))
    wechat = WeChat(http, account, AccessTokens(http, account, MemoryTokenStore()))
    with pytest.raises(WeChatRejected) as fault:
        await wechat.code_to_session(await house.login_code(await house.user()))
    assert fault.value.errcode == errcode
    assert fault.value.rid is not None
    with pytest.raises(WeChatRejected):
        await wechat.phone_number("any")
