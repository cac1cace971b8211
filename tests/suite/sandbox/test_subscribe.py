"""Subscribe messages through the real adapter: credits, parameters, quotas, delivery."""

import json
from typing import Any

import pytest

from infra.wechat.errors import (
    CalledTooOften,
    NoSendsLeft,
    ParameterUnfit,
    RecipientUnknown,
    WeChatRejected,
)
from infra.wechat.push_events import MessageDelivered, PopupAnswered, SubscriptionEnded
from infra.wechat.subscribe import SubscribeMessage
from tests.suite.sandbox.house import CONFIRMED, SURVEY, House


async def test_each_acceptance_is_one_message(house: House) -> None:
    openid = await house.user()
    with pytest.raises(NoSendsLeft):
        await house.invite(openid)
    await house.accept(openid, SURVEY, CONFIRMED)
    await house.accept(openid, SURVEY)
    assert await house.get(f"/users/{openid}/credits") == {SURVEY: 2, CONFIRMED: 1}
    await house.invite(openid)
    await house.invite(openid)
    with pytest.raises(NoSendsLeft):
        await house.invite(openid)


async def test_a_message_arrives_with_the_page_it_leads_to(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    msgid = await house.invite(openid)
    (message,) = (await house.get(f"/users/{openid}/messages"))["items"]
    assert message["msgid"] == msgid
    assert int(msgid) > 2**53
    assert message["page"] == "pages/survey?token=lumiere.abc"
    assert message["data"]["thing1"] == "上海恒隆店"
    assert (await house.get("/messages"))["items"] == [message]


async def test_the_suite_hears_of_the_popup_and_of_the_delivery(house: House) -> None:
    openid = await house.user()
    await house.post(f"/users/{openid}/taps", {"answers": {SURVEY: "accept", CONFIRMED: "reject"}})
    msgid = await house.invite(openid)
    await house.sandbox.pusher.settled()
    first, second, sent = house.callback.events
    assert (isinstance(first, PopupAnswered), first.openid) == (True, openid)
    assert isinstance(second, PopupAnswered)
    assert not second.accepted
    assert isinstance(sent, MessageDelivered)
    assert (sent.msgid, sent.template_id, sent.errcode) == (msgid, SURVEY, 0)


async def test_a_message_may_be_accepted_and_not_delivered(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    await house.put("/faults", {"failed_deliveries": 1})
    await house.invite(openid)
    await house.sandbox.pusher.settled()
    sent = house.callback.events[-1]
    assert isinstance(sent, MessageDelivered)
    assert sent.errcode != 0
    assert (await house.get(f"/users/{openid}/messages"))["items"] == []


async def test_a_template_switched_off_loses_its_credits(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    await house.post(f"/users/{openid}/subscriptions", {"template_id": SURVEY})
    await house.sandbox.pusher.settled()
    assert isinstance(house.callback.events[-1], SubscriptionEnded)
    with pytest.raises(NoSendsLeft):
        await house.invite(openid)


async def test_what_the_adapter_cannot_know_wechat_refuses(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    with pytest.raises(RecipientUnknown):
        await house.invite("nobody")
    with pytest.raises(WeChatRejected) as fault:
        await house.wechat.send_subscribe_message(SubscribeMessage(openid, "no-such-template", {}))
    assert fault.value.errcode == 40037
    with pytest.raises(ParameterUnfit) as refused:
        await house.wechat.send_subscribe_message(SubscribeMessage(openid, SURVEY, {"thing1": "店"}))
    assert refused.value.parameter == "date2"
    with pytest.raises(ParameterUnfit) as refused:
        await house.invite(openid, thing9="extra")
    assert refused.value.parameter == "thing9"
    await house.put("/pages", {"pages": ["pages/home"]})
    with pytest.raises(WeChatRejected) as fault:
        await house.invite(openid)
    assert fault.value.errcode == 41030
    await house.put("/pages", {"pages": ["pages/survey"]})
    await house.invite(openid)


async def test_sends_have_quotas(house: House) -> None:
    openid = await house.user()
    await house.pass_time(seconds=86_400 - house.sandbox.world.now() % 86_400)
    await house.put("/quotas", {"send_per_minute": 1, "send_per_day": 2})
    await house.accept(openid, SURVEY)
    await house.invite(openid)
    with pytest.raises(CalledTooOften):
        await house.invite(openid)
    await house.pass_time(minutes=1)
    with pytest.raises(NoSendsLeft):
        await house.invite(openid)
    await house.pass_time(minutes=1)
    with pytest.raises(CalledTooOften):
        await house.invite(openid)


@pytest.mark.parametrize(
    ("changed", "errcode", "said"),
    [
        ({"data": "{}"}, 47003, "data format"),
        ({"data": {"thing1": "店", "date2": "2026年3月1日", "thing3": "x"}}, 47003, "data.thing1.value is emtpy"),
        ({"data": {"thing1": {"value": ""}}}, 47003, "data.thing1.value is emtpy"),
        ({"data": {"thing1": {"value": "店" * 21}}}, 47003, "data.thing1.value invalid"),
        ({"data": {"thing1": {"value": "店"}, "date2": {"value": "2026-03-01"}}}, 47003, "data.date2.value invalid"),
        ({"miniprogram_state": "release"}, 47003, "miniprogram_state"),
        ({"lang": "zh"}, 47003, "lang"),
        ({"touser": ""}, 40003, "openid"),
    ],
)
async def test_a_request_in_the_wrong_form_is_refused_by_name(
    house: House, changed: dict[str, Any], errcode: int, said: str
) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    body = SubscribeMessage(openid, SURVEY, {"thing1": "店", "date2": "2026年3月1日", "thing3": "好"}).body() | changed
    answer = await house.control.post(
        "/cgi-bin/message/subscribe/send",
        params={"access_token": await house.tokens.current()},
        content=json.dumps(body),
    )
    assert answer.status_code == 200
    assert answer.json()["errcode"] == errcode
    assert said in answer.json()["errmsg"]
    assert await house.get(f"/users/{openid}/credits") == {SURVEY: 1}


@pytest.mark.parametrize(
    ("answers", "err_code"),
    [
        ({}, 10001),
        ({"unknown": "accept"}, 20001),
        ({f"t{n}": "accept" for n in range(6)}, 20003),
    ],
)
async def test_a_popup_that_cannot_be_shown_fails_in_the_mini_program(
    house: House, answers: dict[str, str], err_code: int
) -> None:
    openid = await house.user()
    answer = await house.control.post(f"/sandbox/users/{openid}/taps", json={"answers": answers})
    assert answer.status_code == 400
    assert answer.json()["detail"]["errCode"] == err_code


async def test_a_user_who_turned_messages_off_is_neither_asked_nor_reached(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    await house.control.patch(f"/sandbox/users/{openid}", json={"messages_on": False})
    with pytest.raises(NoSendsLeft):
        await house.invite(openid)
    answer = await house.control.post(f"/sandbox/users/{openid}/taps", json={"answers": {SURVEY: "accept"}})
    assert answer.json()["detail"]["errCode"] == 20004
