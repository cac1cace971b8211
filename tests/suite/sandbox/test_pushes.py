"""Pushes from the sandbox to a callback that reads them with infra.wechat."""

import asyncio
import itertools

import pytest

from infra.wechat.push_events import AuthorisationRevoked, PopupAnswered
from tests.suite.sandbox.house import CONFIRMED, SURVEY, House, open_house

MODES, NOTATIONS = ("plain", "compatible", "safe"), ("json", "xml")


@pytest.mark.parametrize(("mode", "notation"), list(itertools.product(MODES, NOTATIONS)))
async def test_a_popup_is_understood_in_every_mode_and_notation(mode: str, notation: str) -> None:
    house = open_house(plain_allowed=mode == "plain", sandbox_push_mode=mode, sandbox_push_format=notation)
    openid = await house.user()
    await house.accept(openid, SURVEY)
    await house.accept(openid, SURVEY, CONFIRMED)
    got = [(event.template_id, event.accepted) for event in house.callback.events if isinstance(event, PopupAnswered)]
    assert got == [(SURVEY, True), (SURVEY, True), (CONFIRMED, True)]
    body, query = house.callback.bodies[0], house.callback.queries[0]
    assert body.startswith(b"<xml>" if notation == "xml" else b"{")
    assert (b"Encrypt" in body) == (mode != "plain") == ("msg_signature" in query)
    assert (openid.encode() in body) == (mode != "safe")
    await house.sandbox.pusher.close()


async def test_mode_and_notation_can_be_changed_while_it_runs(house: House) -> None:
    openid = await house.user()
    await house.put("/push", {"mode": "compatible", "format": "xml"})
    await house.accept(openid, SURVEY)
    assert b"<SubscribeMsgPopupEvent><List>" in house.callback.bodies[0]


async def test_a_push_without_an_answer_is_sent_again_three_times(house: House) -> None:
    openid = await house.user()
    house.callback.failing = 3
    await house.accept(openid, SURVEY)
    assert len(house.callback.received) == 4
    assert len({push.dedup_key for push in house.callback.received}) == 1
    assert len({query["msg_signature"] for query in house.callback.queries}) == 4
    house.callback.failing = 4
    await house.accept(openid, SURVEY)
    assert [(push["state"], push["attempts"]) for push in (await house.get("/pushes"))["items"]] == [
        ("accepted", 4),
        ("failed", 4),
    ]
    assert (await house.get("/status"))["pushes"] == {"pending": 0, "accepted": 1, "failed": 1}


async def test_a_push_can_be_sent_twice_and_is_one_event(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    await house.post("/pushes/1/again")
    await house.sandbox.pusher.settled()
    assert len(house.callback.received) == 2
    assert len(house.callback.events) == 1
    assert (await house.control.post("/sandbox/pushes/99/again")).status_code == 404


async def test_quick_taps_are_different_events(house: House) -> None:
    openid = await house.user()
    await asyncio.gather(*(house.accept(openid, SURVEY) for _ in range(5)))
    assert len(house.callback.events) == 5


async def test_the_url_check_tells_whether_the_callback_is_ours(house: House) -> None:
    assert await house.post("/push/check") == {"ok": True}
    other = open_house(wechat_push_token="another")
    assert await other.post("/push/check") == {"ok": False}
    await other.sandbox.pusher.close()


@pytest.mark.parametrize("notation", NOTATIONS)
async def test_a_withdrawn_phone_number_names_its_owner(notation: str) -> None:
    house = open_house(sandbox_push_format=notation)
    openid = await house.user()
    await house.post(f"/users/{openid}/authorisation", {"event": "user_authorization_revoke", "revoke_info": "8"})
    await house.sandbox.pusher.settled()
    (event,) = house.callback.events
    assert isinstance(event, AuthorisationRevoked)
    assert (event.openid, event.items) == (openid, ("8",))
    await house.sandbox.pusher.close()


async def test_a_suite_that_is_down_loses_the_push_and_she_keeps_her_credit() -> None:
    house = open_house()
    house.callback.failing = 4
    openid = await house.user()
    await house.accept(openid, SURVEY)
    assert (await house.get("/status"))["pushes"]["failed"] == 1
    assert await house.get(f"/users/{openid}/credits") == {SURVEY: 1}
    await house.sandbox.pusher.close()
