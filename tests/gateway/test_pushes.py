"""Pushes from WeChat: verified, answered at once, handed to profile until it has them."""

import json
from datetime import UTC, datetime

from tests.asking import Clock, problem, until
from tests.gateway.build import Profile
from tests.gateway.conftest import Start
from tests.gateway.pushing import APPID, AT, SETTINGS, event, handed, push

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
    await until(lambda: handed(running))
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
    clock.advance(minutes=11)
    assert problem(await caller.post(AT, params=SIGNED, content=body)) == "wechat-push-forged"
    assert await running.rows("select 1 from wechat_push") == []


async def test_what_she_granted_reaches_profile(gateway: Start) -> None:
    profile = Profile({"/v1/wechat/events": lambda _: (200, {"accepted": 1})})
    running = await gateway(transports={"profile": profile.transport}, **SETTINGS)
    now = running.clock()
    accepted = {"TemplateId": "TPL-1", "SubscribeStatusString": "accept", "PopupScene": "0"}
    declined = {"TemplateId": "TPL-1", "SubscribeStatusString": "reject", "PopupScene": "0"}
    delivered = {"TemplateId": "TPL-1", "MsgID": "9007199254740993", "ErrorCode": "0", "ErrorStatus": "success"}
    await push(running, event("subscribe_msg_popup_event", accepted, at=now))
    await push(running, event("subscribe_msg_popup_event", declined, at=now, openid="oOTHER"))
    await push(running, event("subscribe_msg_change_event", declined, at=now))
    await push(running, event("subscribe_msg_sent_event", delivered, at=now))

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
