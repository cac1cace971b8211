"""Pushes of WeCom: checked and taken in its own way, handed to whom they concern; staff out of its address book."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from gateway.wechat.actions import staff
from gateway.wechat.actions.corp import Corp
from infra.ids import new_id
from infra.wechat.call import open_http
from infra.wechat.push_cipher import PushCipher, sign
from infra.wechat.token_store import MemoryTokenStore
from infra.wecom.access_token import Agent
from infra.wecom.client import open_channel
from tests.asking import BRAND, problem, tell, until
from tests.gateway.build import FIRST, Gateway, Profile, opened, signed_in
from tests.gateway.conftest import Start
from tests.suite.sandbox.house import House, no_pause, open_house

CORPID, SECRET, AGENT = "ww0000000000000001", "corp-secret", 1000002
TOKEN, AES_KEY = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
SETTINGS = {
    "wecom_corpid": CORPID,
    "wecom_secret": SECRET,
    "wecom_agent_id": AGENT,
    "wecom_api_url": "http://wecom",
    "wecom_push_token": TOKEN,
    "wecom_push_aes_key": AES_KEY,
    "wecom_brand": BRAND,
}
AT = f"/wecom/{CORPID}/push"
CONTACTS = "/v1/wecom/events"


def signed(sealed: str, at: datetime) -> dict[str, str]:
    timestamp, nonce = str(int(at.timestamp())), "1372623149"
    return {"msg_signature": sign(TOKEN, timestamp, nonce, sealed), "timestamp": timestamp, "nonce": nonce}


def said(change: str, at: datetime, *, event: str = "change_external_contact", **fields: str) -> str:
    """The clear text of a push: from `sys`, as all of WeCom's are."""
    whole = {"ToUserName": CORPID, "FromUserName": "sys", "CreateTime": str(int(at.timestamp())), "MsgType": "event"}
    whole |= {"Event": event, "ChangeType": change, **fields}
    return f"<xml>{''.join(f'<{name}><![CDATA[{value}]]></{name}>' for name, value in whole.items())}</xml>"


async def push(running: Gateway, text: str, *, corpid: str = CORPID) -> httpx.Response:
    sealed = PushCipher(AES_KEY, corpid).encrypt(text)
    body = f"<xml><ToUserName>{CORPID}</ToUserName><AgentID>{AGENT}</AgentID><Encrypt>{sealed}</Encrypt></xml>"
    return await running.client().post(AT, params=signed(sealed, running.clock()), content=body)


async def handed(running: Gateway, *, count: int = 1) -> None:
    async def so() -> bool:
        return len(await running.rows("select 1 from wechat_push where state = 'handed'")) == count

    await until(so)


def corp_of(house: House) -> httpx.ASGITransport:
    return httpx.ASGITransport(house.app)


def played() -> House:
    return open_house(wecom_corpid=CORPID, wecom_secret=SECRET, wecom_agent_id=AGENT)


async def test_the_check_of_the_address_is_answered_with_what_the_echostr_says(gateway: Start) -> None:
    running = await gateway(**SETTINGS)
    sealed = PushCipher(AES_KEY, CORPID).encrypt("1616140317555161061")
    asked = signed(sealed, running.clock()) | {"echostr": sealed}
    answer = await running.client().get(AT, params=asked)
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    for changed in ({"nonce": "1"}, {"echostr": sealed.lower()}, {"msg_signature": ""}):
        assert problem(await running.client().get(AT, params=asked | changed)) == "wechat-push-forged"
    foreign = PushCipher(AES_KEY, "wwOTHER").encrypt("1")
    asked = signed(foreign, running.clock()) | {"echostr": foreign}
    assert problem(await running.client().get(AT, params=asked)) == "wechat-push-forged"
    assert problem(await running.client().get("/wecom/wwOTHER/push", params=asked)) == "not-found"


async def test_a_push_is_kept_once_sealed_and_tells_profile_of_the_contact(gateway: Start) -> None:
    house = played()
    await house.post("/wecom/clients", {"items": [{"external_userid": "wmHER", "unionid": "uHER", "userids": ["ada"]}]})
    profile = Profile({"/recognise": lambda _: (200, {"client_id": str(new_id())}), CONTACTS: lambda _: (200, {})})
    ways = {"profile": profile.transport, "wecom": corp_of(house)}
    running = await gateway(transports=ways, **SETTINGS)
    now = running.clock()
    for userid in ("ada", "bo"):
        await described(running, userid)
    added = said("add_external_contact", now, UserID="ada", ExternalUserID="wmHER", State="q", WelcomeCode="c0de")
    for _ in range(3):
        answer = await push(running, added)
        assert (answer.status_code, answer.text) == (200, "success")
    # The same second, the same `sys`: another member is another push.
    await push(running, said("del_follow_user", now, UserID="bo", ExternalUserID="wmHER"))
    await push(running, said("transfer_fail", now, UserID="bo", ExternalUserID="wmHER", FailReason="customer_refused"))
    await push(running, said("edit_external_contact", now, UserID="bo", ExternalUserID="wmHER"))
    # Whom somebody of the corp knows who is no advisor is no business of the house.
    await push(running, said("add_external_contact", now, UserID="cook", ExternalUserID="wmHIS"))
    await handed(running, count=5)
    rows = await running.rows("select appid, house, body from wechat_push")
    assert {(row["appid"], row["house"]) for row in rows} == {(CORPID, "wecom")}
    assert not any(b"wmHER" in row["body"] for row in rows)
    known, *events = profile.asked
    assert known == ("/v1/clients/recognise", {"corpid": CORPID, "external_userid": "wmHER", "unionid": "uHER"})
    told = [body["events"][0] for path, body in events if path == CONTACTS]
    assert {(one["kind"], one["userid"]) for one in told} == {
        ("contact-added", "ada"),
        ("contact-deleted", "bo"),
        ("transfer-failed", "bo"),
    }
    assert {one["occurred_at"] for one in told} == {now.isoformat()}
    assert {(one["corpid"], one["external_userid"]) for one in told} == {(CORPID, "wmHER")}


async def test_while_wecom_does_not_answer_its_own_push_waits_and_no_other(gateway: Start) -> None:
    house = played()
    await house.put("/faults", {"broken": 1000})
    profile = Profile({"/recognise": lambda _: (200, {"client_id": str(new_id())}), CONTACTS: lambda _: (200, {})})
    ways = {"profile": profile.transport, "wecom": corp_of(house)}
    running = await gateway(transports=ways, **SETTINGS)
    await described(running, "ada")
    now = running.clock()
    await push(running, said("add_external_contact", now, UserID="ada", ExternalUserID="wmHER"))
    await push(running, said("del_follow_user", now, UserID="ada", ExternalUserID="wmOTHER"))
    await handed(running)
    assert [body["events"][0]["kind"] for _, body in profile.asked] == ["contact-deleted"]

    async def waits() -> bool:
        rows = await running.rows("select attempts, refusals from wechat_push where state = 'waiting'")
        return [(row["attempts"] > 0, row["refusals"]) for row in rows] == [(True, 0)]

    await until(waits)
    await house.put("/faults", {})
    await house.post("/wecom/clients", {"items": [{"external_userid": "wmHER", "userids": ["ada"]}]})
    running.clock.advance(minutes=2)  # type: ignore[attr-defined]
    running.app.state.corp_mailbox.arrived.give()
    await handed(running, count=2)
    assert profile.asked[-2][1] == {"corpid": CORPID, "external_userid": "wmHER"}


async def test_forged_old_and_unreadable_pushes_are_refused(gateway: Start) -> None:
    running = await gateway(**SETTINGS)
    left = said("delete_user", running.clock(), event="change_contact", UserID="ada")
    assert problem(await push(running, left, corpid="wwOTHER")) == "wechat-push-forged"
    sealed = PushCipher(AES_KEY, CORPID).encrypt(left)
    whole = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    right = signed(sealed, running.clock())
    for changed in ({"nonce": "1"}, {"timestamp": "1"}, {"msg_signature": "0" * 40}):
        answer = await running.client().post(AT, params=right | changed, content=whole)
        assert problem(answer) == "wechat-push-forged"
    for garbage in (b"", b"<x", b"[1]"):
        assert problem(await running.client().post(AT, params=right, content=garbage)) == "wechat-push-unreadable"
    # Plain, as anybody could write it.
    assert problem(await running.client().post(AT, params=right, content=left)) == "wechat-push-forged"
    assert await running.rows("select 1 from wechat_push") == []


async def test_a_push_of_ours_that_says_not_who_is_kept_for_somebody_to_look_at(gateway: Start) -> None:
    running = await gateway(**SETTINGS)
    await push(running, said("delete_user", running.clock(), event="change_contact"))

    async def kept() -> bool:
        return [row["state"] for row in await running.rows("select state from wechat_push")] == ["kept"]

    await until(kept)


class Directory:
    """A double of appointments: answers as it is told, keeps who asked for what."""

    def __init__(self, running: list[Gateway]) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        self.status = 200
        self._running = running

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        caller = self._running[0].inner("appointments", request.headers["authorization"])
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, f"{caller.subject}/{caller.role}", body))
        return httpx.Response(self.status, json={})


async def working(gateway: Start, house: House, **settings: Any) -> tuple[Gateway, Directory]:
    there: list[Gateway] = []
    directory = Directory(there)
    ways = {"appointments": directory.transport, "wecom": corp_of(house)}
    there.append(await gateway(transports=ways, **FIRST, **SETTINGS, **settings))
    return there[0], directory


async def described(running: Gateway, userid: str | None) -> UUID:
    """An advisor whom appointments announces."""
    advisor_id = new_id()
    fact: dict[str, Any] = {"advisor_id": str(advisor_id), "boutique_id": str(new_id()), "languages": [], "skills": []}
    fact |= {"wecom_userid": userid, "absent_from_on": None, "absent_until_on": None}
    await tell(running, "appointments.advisor-described.v1", fact, about=f"advisor:{advisor_id}")
    return advisor_id


async def test_who_leaves_in_wecom_is_out_at_once_also_while_the_directory_is_away(gateway: Start) -> None:
    running, directory = await working(gateway, played())
    directory.status = 503
    ada, bo = await described(running, "Ada"), await described(running, "bo")
    admin = running.client((await signed_in(running))["access_token"])
    hers = await opened(running, admin, role="headquarters", advisor_id=str(ada))
    stays = await opened(running, admin, username="bo.li", role="headquarters", advisor_id=str(bo))
    signed_in_as_her = running.client((await signed_in(running, "lin.yue"))["access_token"])
    assert (await signed_in_as_her.get("/v1/accounts")).status_code == 200
    # WeCom's names are the same in capitals and small letters.
    await push(running, said("delete_user", running.clock(), event="change_contact", UserID="ada"))

    async def is_out() -> bool:
        return (await signed_in_as_her.get("/v1/accounts")).status_code == 401

    await until(is_out)
    assert (await admin.get(f"/v1/accounts/{hers}")).json()["closed_at"] is not None
    assert (await admin.get(f"/v1/accounts/{stays}")).json()["closed_at"] is None
    directory.status = 200
    running.clock.advance(minutes=2)  # type: ignore[attr-defined]
    running.app.state.corp_mailbox.arrived.give()
    await handed(running)
    assert directory.asked[-1] == ("POST", f"/v1/advisors/{ada}/leave", "wecom/headquarters", None)
    # Somebody of the corp who is no advisor of ours has nothing to lose here.
    before = len(directory.asked)
    await push(running, said("delete_user", running.clock(), event="change_contact", UserID="cook"))
    await handed(running, count=2)
    assert len(directory.asked) == before


async def read(running: Gateway, house: House, **boutiques: str) -> None:
    """Read the address book, in which a department's number is behind an underscore."""
    http = open_http("http://wecom", transport=corp_of(house))
    wecom = open_channel(http, Agent(CORPID, AGENT, SECRET), MemoryTokenStore(), pause=no_pause)
    departments = {int(name.lstrip("_")): code for name, code in boutiques.items()}
    await staff.read_book(running.kit, Corp(BRAND, wecom, departments))
    await http.aclose()


async def test_the_address_book_lets_go_who_is_gone_and_brings_who_is_new(gateway: Start) -> None:
    house = played()
    running, directory = await working(gateway, house)
    await house.put("/wecom/departments/12?below=1", {})
    await house.put("/wecom/departments/13?below=12", {})
    for userid, member in {
        "ada": {"departments": [12]},
        "dan": {"departments": [13], "name": "丹 王"},
        "eve": {"departments": [1]},
        "fay": {"departments": [1], "is_seen": False},
        "~x": {"departments": [12]},
    }.items():
        await house.put(f"/wecom/members/{userid}", member)
    await house.put("/wecom/members/gone", {"departments": [12], "left_at": 1.0})
    who = {userid: await described(running, userid) for userid in ("ADA", "gone", "eve", "fay")}
    await described(running, None)
    await read(running, house, _12="SH-PLAZA")
    assert directory.asked == [
        ("POST", f"/v1/advisors/{who['gone']}/leave", "wecom/headquarters", None),
        (
            "PUT",
            "/v1/staff/batch",
            "wecom/partner",
            {
                "items": [
                    {
                        "employee_number": "dan",
                        "display_name": "丹 王",
                        "boutique_code": "SH-PLAZA",
                        "wecom_userid": "dan",
                    }
                ]
            },
        ),
    ]
    # Who has left stays out, also while WeCom still has her; told again, nothing happens.
    directory.asked.clear()
    dan = await described(running, "dan")
    for advisor_id in (who["gone"], dan):
        left = {"advisor_id": str(advisor_id), "boutique_id": str(new_id()), "left_at": "2026-05-20T06:00:00Z"}
        await tell(running, "appointments.advisor-left.v1", left, about=f"advisor:{advisor_id}")
    await read(running, house, _12="SH-PLAZA")
    assert directory.asked == []


async def test_a_book_that_has_lost_half_the_house_is_not_believed(gateway: Start) -> None:
    house = played()
    running, directory = await working(gateway, house)
    for number in range(8):
        await described(running, f"m{number}")
        if number < 4:
            await house.put(f"/wecom/members/m{number}", {})
    await read(running, house)
    assert directory.asked == []
    await house.put("/wecom/members/m4", {})
    await read(running, house)
    assert len(directory.asked) == 3
