"""Pushes from WeChat: verified, answered at once, handed to profile until it has them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from infra.wechat.push_cipher import PushCipher, sign
from tests.gateway.build import BRAND, Clock, Gateway, Profile, problem, until
from tests.gateway.conftest import Start

APPID, TOKEN, AES_KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
SETTINGS = {
    "wechat_appid": APPID,
    "wechat_push_token": TOKEN,
    "wechat_push_aes_key": AES_KEY,
    "first_account": f"{BRAND}:admin",
}
AT = f"/wechat/{APPID}/push"

# The vectors of WeChat's documentation.
URL_CHECK = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "timestamp": "1714036504",
    "nonce": "1514711492",
    "echostr": "4375120948345356249",
}
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT"
    "740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8Y"
    "L/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
SIGNED = {
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    "timestamp": "1714112445",
    "nonce": "415670741",
    "encrypt_type": "aes",
}


def _clock_at(timestamp: str) -> Clock:
    return Clock(datetime.fromtimestamp(int(timestamp), UTC))


def _event(name: str, item: dict[str, Any], *, at: datetime, openid: str = "oOPEN") -> str:
    fields = {
        "ToUserName": "gh_1",
        "FromUserName": openid,
        "CreateTime": int(at.timestamp()),
        "MsgType": "event",
        "Event": name,
        "List": item,
    }
    return json.dumps(fields)


async def _push(running: Gateway, text: str) -> httpx.Response:
    encrypted = PushCipher(AES_KEY, APPID).encrypt(text, random=b"0123456789abcdef")
    timestamp, nonce = str(int(running.clock().timestamp())), "12345"
    query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes"}
    query["msg_signature"] = sign(TOKEN, timestamp, nonce, encrypted)
    body = json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted})
    return await running.client().post(AT, params=query, content=body)


async def _handed(running: Gateway) -> bool:
    rows = await running.rows("select handed_at from wechat_push")
    return bool(rows) and all(row["handed_at"] is not None for row in rows)


async def test_the_url_check_answers_the_echostr_of_a_right_signature(gateway: Start) -> None:
    running = await gateway(clock=_clock_at(URL_CHECK["timestamp"]), **SETTINGS)
    answer = await running.client().get(AT, params=URL_CHECK)
    assert (answer.status_code, answer.text) == (200, URL_CHECK["echostr"])
    assert answer.headers["content-type"].startswith("text/plain")
    forged = await running.client().get(AT, params=URL_CHECK | {"nonce": "1"})
    assert problem(forged) == "wechat-push-forged"
    assert problem(await running.client().get("/wechat/wxOTHER/push", params=URL_CHECK)) == "not-found"


async def test_the_documented_push_is_taken_and_kept_sealed(gateway: Start) -> None:
    profile = Profile({})
    running = await gateway(clock=_clock_at(SIGNED["timestamp"]), transports={"profile": profile.transport}, **SETTINGS)
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": ENCRYPTED})
    for _ in range(3):
        answer = await running.client().post(AT, params=SIGNED, content=body)
        assert (answer.status_code, answer.text) == (200, "success")
    stored = await running.rows("select body, appid from wechat_push")
    assert [row["appid"] for row in stored] == [APPID]
    assert b"debug_demo" not in stored[0]["body"]
    # It says nothing that profile needs.
    await until(lambda: _handed(running))
    assert profile.asked == []


async def test_a_forged_old_or_unreadable_push_is_refused_and_not_kept(gateway: Start) -> None:
    clock = _clock_at(SIGNED["timestamp"])
    running = await gateway(clock=clock, **SETTINGS)
    body = json.dumps({"Encrypt": ENCRYPTED})
    caller = running.client()
    for changed in ({"msg_signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "1714112446"}, {"msg_signature": ""}):
        assert problem(await caller.post(AT, params=SIGNED | changed, content=body)) == "wechat-push-forged"
    tampered = await caller.post(AT, params=SIGNED, content=body.replace("+qdx", "+qdy"))
    assert problem(tampered) == "wechat-push-forged"
    for garbage in (b"", b"\xff", b"<x", b"[1]", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
        assert problem(await caller.post(AT, params=SIGNED, content=garbage)) == "wechat-push-unreadable"
    clock.forward(timedelta(minutes=11))
    assert problem(await caller.post(AT, params=SIGNED, content=body)) == "wechat-push-forged"
    assert await running.rows("select 1 from wechat_push") == []


async def test_what_she_granted_reaches_profile(gateway: Start) -> None:
    profile = Profile({"/v1/wechat/events": lambda _: (200, {"accepted": 1})})
    running = await gateway(transports={"profile": profile.transport}, **SETTINGS)
    now = running.clock()
    granted = {"TemplateId": "TPL-1", "SubscribeStatusString": "accept", "PopupScene": "0"}
    declined = {"TemplateId": "TPL-1", "SubscribeStatusString": "reject", "PopupScene": "0"}
    delivered = {"TemplateId": "TPL-1", "MsgID": "9007199254740993", "ErrorCode": "0", "ErrorStatus": "success"}
    await _push(running, _event("subscribe_msg_popup_event", granted, at=now))
    await _push(running, _event("subscribe_msg_popup_event", declined, at=now, openid="oOTHER"))
    await _push(running, _event("subscribe_msg_change_event", declined, at=now))
    await _push(running, _event("subscribe_msg_sent_event", delivered, at=now))

    async def all_handed() -> bool:
        return len(await running.rows("select 1 from wechat_push where handed_at is not null")) == 4

    await until(all_handed)
    told = sorted((body["events"] for _, body in profile.asked), key=lambda events: str(events[0]["kind"]))
    keys = [row["dedup_key"] for row in await running.rows("select dedup_key from wechat_push")]
    common = {"appid": APPID, "openid": "oOPEN", "template_id": "TPL-1", "occurred_at": now.isoformat()}
    assert [[{name: one[name] for name in one if name != "event_id"} for one in events] for events in told] == [
        [{"kind": "granted", **common}],
        [{"kind": "rejected", **common}],
        [{"kind": "sent", "message_ref": "9007199254740993", "error_code": 0, **common}],
    ]
    assert {events[0]["event_id"] for events in told} <= set(keys)


async def test_while_profile_is_away_a_push_waits_and_is_told_again_with_the_same_id(gateway: Start) -> None:
    answers = [(503, {}), (409, {"type": "urn:maison:problem:still-running"}), (200, {"accepted": 1})]
    profile = Profile({"/v1/wechat/events": lambda _: answers[min(len(profile.asked), 3) - 1]})
    clock = Clock()
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    granted = {"TemplateId": "TPL-1", "SubscribeStatusString": "accept"}
    assert (await _push(running, _event("subscribe_msg_popup_event", granted, at=clock()))).text == "success"

    async def waits(attempts: int) -> bool:
        rows = await running.rows("select attempts, next_attempt_at from wechat_push")
        wait = timedelta(seconds=2 ** (attempts - 1))
        return bool(rows[0]["attempts"] == attempts and rows[0]["next_attempt_at"] == clock() + wait)

    await until(lambda: waits(1))
    assert len(profile.asked) == 1
    clock.forward(timedelta(seconds=1))
    await until(lambda: waits(2))
    clock.forward(timedelta(seconds=2))
    await until(lambda: _handed(running))
    ids = [body["events"][0]["event_id"] for _, body in profile.asked]
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_a_push_taken_by_a_process_that_died_is_handed_on_by_the_next(gateway: Start) -> None:
    profile = Profile({"/v1/wechat/events": lambda _: (200, {"accepted": 1})})
    clock = Clock()
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    granted = {"TemplateId": "TPL-1", "SubscribeStatusString": "accept"}
    await _push(running, _event("subscribe_msg_popup_event", granted, at=clock()))
    await until(lambda: _handed(running))
    # As a process leaves it that took it and was killed before profile had answered.
    await running.rows(
        "update wechat_push set handed_at = null, next_attempt_at = $1 returning 1", clock() + timedelta(seconds=30)
    )
    clock.forward(timedelta(seconds=30))
    await until(lambda: _handed(running))
    assert len(profile.asked) == 2
