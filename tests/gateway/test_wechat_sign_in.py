"""Clients: from the mini-program's code to the client the house knows."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx

from gateway.identity.reactions import IdentitiesSeparated
from infra.identity import Role
from infra.ids import new_id
from tests.asking import BRAND, problem, tell
from tests.gateway.build import Gateway, Profile
from tests.gateway.conftest import Start

APPID = "wxTESTAPPID0001"
SETTINGS = {
    "wechat_appid": APPID,
    "wechat_secret": "s" * 32,
    "wechat_push_token": "t" * 32,
    "wechat_push_aes_key": "A" * 43,
    "wechat_brand": BRAND,
}

Answers = dict[str, Callable[[httpx.Request], dict[str, Any]]]


def _wechat(**changed: Callable[[httpx.Request], dict[str, Any]]) -> httpx.MockTransport:
    """WeChat's three endpoints that signing in needs."""
    answers: Answers = {
        "jscode2session": lambda _: {"openid": "oOPEN", "session_key": "a" * 24, "unionid": "uUNION"},
        "stable_token": lambda _: {"access_token": "t" * 160, "expires_in": 7200},
        "getuserphonenumber": lambda _: {
            "errcode": 0,
            "phone_info": {"purePhoneNumber": "13800138000", "countryCode": 86, "watermark": {"appid": APPID}},
        },
        **changed,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers[request.url.path.rpartition("/")[2]](request))

    return httpx.MockTransport(answer)


async def _signed_in(running: Gateway) -> dict[str, Any]:
    answer = await running.client().post("/v1/auth/wechat", json={"code": "c0de"})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def test_a_code_becomes_the_tokens_of_the_client_profile_knows(gateway: Start) -> None:
    client_id = str(new_id())
    profile = Profile({"/recognise": lambda _: (200, {"client_id": client_id})})
    running = await gateway(transports={"profile": profile.transport, "wechat": _wechat()}, **SETTINGS)
    tokens = await _signed_in(running)
    assert tokens["client_id"] == client_id
    assert profile.asked == [
        ("/v1/clients/recognise", {"appid": APPID, "openid": "oOPEN", "unionid": "uUNION"}),
    ]
    caller = running.exchange.verify(tokens["access_token"], now=running.clock()).caller
    assert (caller.role, caller.client_id, caller.brand_id) == (Role.CLIENT, UUID(client_id), BRAND)
    stored = await running.rows("select openid from session")
    assert b"oOPEN" not in stored[0]["openid"]


async def test_her_phone_turns_her_into_the_client_the_house_has_known(gateway: Start) -> None:
    newcomer, known = str(new_id()), str(new_id())
    asked: list[dict[str, Any]] = []

    def phone(request: httpx.Request) -> dict[str, Any]:
        asked.append(json.loads(request.content))
        return {
            "errcode": 0,
            "phone_info": {"purePhoneNumber": "13800138000", "countryCode": "86", "watermark": {"appid": APPID}},
        }

    profile = Profile(
        {
            "/recognise": lambda _: (200, {"client_id": newcomer}),
            "/identities": lambda _: (200, {"client_id": known, "merged": True}),
        }
    )
    transports = {"profile": profile.transport, "wechat": _wechat(getuserphonenumber=phone)}
    running = await gateway(transports=transports, **SETTINGS)
    tokens = await _signed_in(running)
    answer = await running.client(tokens["access_token"]).post("/v1/auth/wechat/phone", json={"code": "ph0ne"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["client_id"] == known
    assert asked == [{"code": "ph0ne", "openid": "oOPEN"}]
    assert profile.asked[-1] == (
        f"/v1/clients/{newcomer}/identities",
        {"kind": "phone", "value": "+8613800138000", "source": "wechat"},
    )
    refreshed = await running.client().post("/v1/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert refreshed.json()["client_id"] == known


async def test_the_phone_button_is_for_clients_who_came_from_the_mini_program(gateway: Start) -> None:
    running = await gateway(transports={"wechat": _wechat()}, **SETTINGS)
    form = {"code": "ph0ne"}
    assert problem(await running.client().post("/v1/auth/wechat/phone", json=form)) == "unauthenticated"
    staff = running.client(running.token(Role.ADVISOR))
    assert problem(await staff.post("/v1/auth/wechat/phone", json=form)) == "not-permitted"
    elsewhere = running.client(running.token(Role.CLIENT, client_id=new_id()))
    assert problem(await elsewhere.post("/v1/auth/wechat/phone", json=form)) == "not-a-wechat-session"


def _refusing(errcode: int) -> Callable[[httpx.Request], dict[str, Any]]:
    return lambda _: {"errcode": errcode, "errmsg": "no"}


REFUSED = {
    40029: "wechat-login-code-refused",
    40163: "wechat-login-code-refused",
    40226: "wechat-login-blocked",
    45011: "wechat-called-too-often",
}


async def test_what_wechat_refuses_is_refused(gateway: Start) -> None:
    for errcode, slug in REFUSED.items():
        running = await gateway(transports={"wechat": _wechat(jscode2session=_refusing(errcode))}, **SETTINGS)
        answer = await running.client().post("/v1/auth/wechat", json={"code": "s3cret-code"})
        assert problem(answer) == slug
        assert "s3cret-code" not in answer.text


async def test_without_profile_signing_in_waits_and_staff_go_on(gateway: Start) -> None:
    profile = Profile({"/recognise": lambda _: (500, {})})
    running = await gateway(transports={"profile": profile.transport, "wechat": _wechat()}, **SETTINGS)
    answer = await running.client().post("/v1/auth/wechat", json={"code": "c0de"})
    assert problem(answer) == "peer-unavailable"
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert (await running.client(running.token()).get("/v1/accounts")).status_code == 200


async def test_without_a_mini_program_there_is_no_such_sign_in(gateway: Start) -> None:
    running = await gateway()
    assert problem(await running.client().post("/v1/auth/wechat", json={"code": "c0de"})) == "wechat-not-set-up"


async def test_an_erased_client_is_gone_at_sign_in_and_at_the_phone_button(gateway: Start) -> None:
    erased = {"type": "urn:maison:problem:client-erased"}
    newcomer = str(new_id())
    answers = iter([(200, {"client_id": newcomer}), (410, erased)])
    profile = Profile({"/recognise": lambda _: next(answers), "/identities": lambda _: (410, erased)})
    running = await gateway(transports={"profile": profile.transport, "wechat": _wechat()}, **SETTINGS)
    tokens = await _signed_in(running)
    signed_in, gone = running.client(tokens["access_token"]), list[httpx.Response]()
    gone.append(await signed_in.post("/v1/auth/wechat/phone", json={"code": "c0de"}))
    gone.append(await running.client().post("/v1/auth/wechat", json={"code": "c0de"}))
    assert [(answer.status_code, problem(answer)) for answer in gone] == [(410, "client-erased")] * 2


async def test_whoever_signed_in_as_one_of_two_who_are_separated_signs_in_anew(gateway: Start) -> None:
    survivor, leaver, somebody = str(new_id()), str(new_id()), str(new_id())
    named = [survivor, leaver, somebody]
    profile = Profile({"/recognise": lambda _: (200, {"client_id": named.pop(0)})})
    running = await gateway(transports={"profile": profile.transport, "wechat": _wechat()}, **SETTINGS)
    tokens = [await _signed_in(running) for _ in range(3)]
    data = {
        "merge_id": str(new_id()),
        "client_id": str(new_id()),
        "merged_client_id": leaver,
        "known_as_client_id": survivor,
    }
    await tell(running, IdentitiesSeparated.type, data, about=f"client:{survivor}")

    async def refreshed() -> list[int]:
        form = [{"refresh_token": one["refresh_token"]} for one in tokens]
        return [(await running.client().post("/v1/auth/refresh", json=one)).status_code for one in form]

    assert await refreshed() == [401, 401, 200]
