"""The contact-permission ledger: budget over all senders, quiet hours, her word on channels, the reason of each."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.identity import Role
from services.profile.messages.actions import permission
from services.profile.messages.rules import Channel, Purpose, Reason
from tests.asking import once, problem, until
from tests.conftest import Start
from tests.profile.post import BY_SMS, NEWS, Post, opened, ruled
from tests.profile.relationship import as_role, as_service, consented, owned, registered
from tests.profile.todo import by_hand, settled
from tests.suite.sandbox.house import CONFIRMED, SURVEY

PHONE = "+8613900000001"
# In the sandbox's account both are the same template; what each is for, the settings say.
SMS_TEMPLATES = {CONFIRMED: "1000001?purpose=service&1=thing1&2=time2", NEWS: "1000002?purpose=marketing&1=boutique"}


@pytest.fixture
async def post(running: Start) -> Post:
    return await opened(running, sms_templates=SMS_TEMPLATES, **BY_SMS)


async def phoned(post: Post, client_id: UUID, phone: str = PHONE) -> None:
    """She gave us her number."""
    form = {"kind": "phone", "value": phone, "source": "wechat"}
    given = await as_service(post.profile, "gateway").post(f"/v1/clients/{client_id}/identities", json=form)
    assert given.is_success, given.text


async def willing(post: Post, key: str = "li-na", *purposes: str) -> tuple[UUID, str]:
    """A client with a phone who allows these purposes (marketing, unless said)."""
    client_id, openid = await post.client(key)
    for purpose in purposes or ("marketing",):
        await consented(post.profile, client_id, purpose)
    await phoned(post, client_id, f"+861390000{len(key):04d}")
    return client_id, openid


def news(**more: Any) -> dict[str, Any]:
    return {"purpose": "marketing", "template": NEWS, "variables": {"boutique": "上海恒隆店"}, "link": None} | more


async def said(post: Post, client_id: UUID, channel: str, purpose: str = "marketing", *, declined: bool = True) -> None:
    form = {"words": [{"channel": channel, "purpose": purpose, "declined": declined}]}
    answer = await as_role(post.profile, Role.CLIENT, client_id=client_id).put("/v1/me/channels", json=form)
    assert answer.status_code == httpx.codes.OK, answer.text


def reasons(asked: dict[str, Any]) -> dict[str, str | None]:
    return {one["channel"]: one["reason"] for one in asked["channels"]}


async def test_the_policy_is_headquarters_and_knows_its_version(post: Post) -> None:
    hq = as_role(post.profile)
    found = await hq.get("/v1/message-policy")
    form = found.json() | {"budget": 2, "quiet_from": "20:30"}
    assert problem(await hq.put("/v1/message-policy", json=form)) == "precondition-missing"
    put = await hq.put("/v1/message-policy", json=form, headers={"If-Match": found.headers["ETag"]})
    assert put.json() == form
    stale = await hq.put("/v1/message-policy", json=form, headers={"If-Match": found.headers["ETag"]})
    assert (stale.status_code, problem(stale)) == (412, "stale")
    wrong = await hq.put("/v1/message-policy", json=form | {"zone": "Mars/Base"}, headers={"If-Match": "*"})
    assert problem(wrong) == "message-zone-unknown"
    for bad in ({"budget": -1}, {"quiet_from": "24:00"}, {"days": 0}):
        answer = await hq.put("/v1/message-policy", json=form | bad, headers={"If-Match": "*"})
        assert answer.status_code == 422


async def test_an_offer_that_was_made_by_telephone_counts_in_the_budget_and_what_was_written_for_it_counts_once(
    post: Post,
) -> None:
    await ruled(post.profile, budget=2)
    client_id, _ = await willing(post)
    await owned(post.profile, client_id)
    due_on = post.clock.now.date().isoformat()

    async def offered(outcome: str, *, is_offer: bool = True) -> None:
        await settled(post.profile, await by_hand(post.profile, client_id, due_on=due_on, is_offer=is_offer), outcome)

    await offered("reached", is_offer=False)
    await offered("not-reached")
    assert (await post.ask(client_id, **news()))["reason"] is None
    # What she was told of just now is the message that counts already.
    await offered("replied")
    assert (await post.ask(client_id, **news()))["reason"] is None
    assert (await post.ask(client_id, **news()))["reason"] == "fatigue"
    other, _ = await willing(post, "another")
    await owned(post.profile, other)
    client_id = other
    for _ in range(2):
        await offered("left-word")
    assert (await post.ask(other, **news()))["reason"] == "fatigue"


async def test_of_twenty_rivals_as_many_get_through_as_the_budget_has_over_all_senders_and_channels(post: Post) -> None:
    await ruled(post.profile, budget=3)
    client_id, openid = await willing(post, "li-na", "marketing", "survey")
    await post.accepts(openid, times=10)
    await asyncio.sleep(0)
    asked = [{}, news()] * 10
    answers = await asyncio.gather(*(post.ask(client_id, **one) for one in asked))
    assert Counter(one["reason"] for one in answers) == {None: 3, "fatigue": 17}
    refused = next(one for one in answers if one["status"] == "refused")
    assert set(reasons(refused).values()) == {"fatigue"}
    assert all(one["opens_at"] for one in refused["channels"])
    # What she waits for herself is exempt, and is told at once.
    await post.accepts(openid, template=CONFIRMED)
    assert (await post.ask(client_id, purpose="service"))["status"] == "queued"
    post.clock.advance(days=30, minutes=1)
    assert (await post.ask(client_id, **news()))["status"] == "queued"


async def test_at_night_a_message_waits_for_the_morning_and_one_that_expires_before_is_refused(post: Post) -> None:
    client_id, openid = await willing(post, "li-na", "survey")
    await post.accepts(openid, times=2)
    await post.accepts(openid, template=CONFIRMED)
    post.clock.advance(hours=11)  # 23:00
    asked = await post.ask(client_id)
    assert (asked["status"], asked["due_at"][11:16]) == ("queued", "01:00")
    soon = (post.clock() + timedelta(hours=2)).isoformat()
    late = await post.ask(client_id, expires_at=soon)
    assert (late["status"], late["reason"]) == ("refused", "quiet-hours")
    served = await post.ask(client_id, purpose="service")
    await post.becomes(served["message_id"], "sent")
    assert (await post.seen(asked["message_id"]))["status"] == "queued"
    assert len(await post.received(openid)) == 1
    post.clock.advance(hours=10, minutes=1)
    await post.becomes(asked["message_id"], "sent")


async def test_a_message_whose_hour_has_passed_meanwhile_waits_for_the_next(post: Post) -> None:
    client_id, openid = await willing(post, "li-na", "survey")
    await post.accepts(openid)
    post.line.down = True
    asked = await post.ask(client_id)
    post.clock.advance(hours=11)
    post.line.down = False

    async def waits() -> bool:
        due = "select 1 from message where status = 'queued' and due_at > asked_at + interval '20 hours'"
        return bool(await post.profile.rows(due))

    await until(waits)
    assert await post.received(openid) == []
    post.clock.advance(hours=10, minutes=1)
    await post.becomes(asked["message_id"], "sent")


async def test_without_a_credit_it_goes_by_sms_and_the_reason_of_every_channel_is_said(post: Post) -> None:
    client_id, _ = await willing(post)
    asked = await post.ask(client_id, **news())
    assert (asked["status"], asked["channel"]) == ("queued", "sms")
    assert reasons(asked) == {
        "wechat-subscribe": "no-credit",
        "wecom": "not-set-up",
        "sms": None,
        "email": "not-set-up",
    }
    await post.becomes(asked["message_id"], "sent")
    [text] = (await post.house.get("/sms"))["items"]
    assert text["phone"].startswith("+86139")
    assert text["text"] == "【Maison】上海恒隆店有新作到店，期待您的光临。拒收请回复R"


async def test_her_no_to_a_channel_counts_at_once_and_for_that_purpose_alone(post: Post) -> None:
    client_id, _ = await willing(post)
    await said(post, client_id, "sms")
    asked = await post.ask(client_id, **news())
    assert (asked["status"], reasons(asked)["sms"]) == ("refused", "channel-declined")
    served = await post.ask(client_id, purpose="service", link=None)
    assert served["channel"] == "sms"
    await said(post, client_id, "sms", declined=False)
    assert (await post.ask(client_id, **news()))["channel"] == "sms"


async def test_the_ledger_of_a_client_says_every_purpose_and_channel(post: Post) -> None:
    client_id, openid = await willing(post, "li-na", "survey")
    await post.accepts(openid)
    await said(post, client_id, "sms", "survey")
    seen = (await as_service(post.profile).get(f"/v1/clients/{client_id}/permissions")).json()
    by = {one["purpose"]: {two["channel"]: two for two in one["channels"]} for one in seen["purposes"]}
    assert by["marketing"]["sms"]["reason"] == "no-consent"
    assert by["survey"]["sms"]["reason"] == "channel-declined"
    assert by["survey"]["wechat-subscribe"]["permitted"]
    assert by["service"]["sms"]["permitted"]
    assert by["service"]["email"]["reason"] == "not-set-up"
    assert seen["credits"] == [{"channel": "wechat-subscribe", "template": SURVEY, "remaining": 1}]


async def test_decisions_are_made_for_many_at_once_and_follow_merges(post: Post) -> None:
    one, _ = await willing(post, "one")
    other = await registered(post.profile)
    nobody = await registered(post.profile)
    await said(post, other, "sms")
    merged = await as_role(post.profile).post(
        f"/v1/clients/{one}/merges", json={"other_client_id": str(other)}, headers=once()
    )
    assert merged.is_success, merged.text
    async with post.profile.kit.database.transaction("lumiere") as tx:
        found = await permission.decide(tx, [one, other, nobody], Purpose.MARKETING, now=post.clock())
    assert set(found) == {one, other, nobody}
    assert found[one] == found[other]
    assert found[one].channels[Channel.SMS].reason == Reason.CHANNEL_DECLINED
    assert found[one].channel is Channel.SUBSCRIBE
    assert (found[nobody].channel, found[nobody].reason) == (None, Reason.NO_CONSENT)


async def test_where_there_is_no_way_her_advisor_is_asked_to_call_once_a_day(post: Post) -> None:
    client_id = await registered(post.profile)
    advisor_id, _ = await owned(post.profile, client_id)
    for _ in range(3):
        assert (await post.ask(client_id, purpose="service"))["reason"] == "no-channel"
    await post.ask(client_id)  # a survey, for which nobody rings
    rows = await post.profile.rows("select kind, client_id, advisor_id from task")
    assert [(row["kind"], row["client_id"]) for row in rows] == [("call", client_id)]
    assert rows[0]["advisor_id"] in {None, advisor_id}
    await consented(post.profile, client_id, "marketing")
    await consented(post.profile, client_id, "marketing", granted=False)
    assert (await post.ask(client_id, **news()))["reason"] == "no-consent"
    assert len(await post.profile.rows("select 1 from task")) == 1


async def test_a_call_in_place_of_an_offer_is_one_and_goes_when_she_says_no(post: Post) -> None:
    client_id = await registered(post.profile)
    await consented(post.profile, client_id, "marketing")
    for asked in ({"purpose": "service"}, news()):
        assert (await post.ask(client_id, **asked))["reason"] == "no-channel"
    await consented(post.profile, client_id, "marketing", granted=False)

    async def cancelled() -> bool:
        rows = await post.profile.rows("select is_offer, status from task order by is_offer")
        return [(row["is_offer"], row["status"]) for row in rows] == [(False, "open"), (True, "cancelled")]

    await until(cancelled)


async def test_whoever_answers_r_is_written_to_by_sms_no_more(post: Post) -> None:
    client_id, _ = await willing(post)
    [phone] = [one["value"] for one in await _identities(post, client_id) if one["kind"] == "phone"]
    await post.house.post("/sms/replies", {"phone": phone})
    asked = await post.ask(client_id, **news())
    assert (await post.becomes(asked["message_id"], "failed"))["reason"] == "sms-PhoneNumberInBlacklist"
    again = await post.ask(client_id, purpose="service", link=None)
    assert reasons(again)["sms"] == "channel-declined"


async def _identities(post: Post, client_id: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await as_service(post.profile).get(f"/v1/clients/{client_id}")).json()["identities"]
    return found


async def test_no_sequence_of_events_sends_without_a_permission(post: Post) -> None:
    """A short walk through PostgreSQL and the sandboxes; the long one goes over the rules alone."""
    await ruled(post.profile, budget=2, days=7)
    chance = random.Random(20260302)
    # By WeChat alone: the sandbox's SMS counts half-minutes on the real clock.
    client_id, openid = await post.client("walk")
    for purpose in ("marketing", "survey"):
        await consented(post.profile, client_id, purpose)
    allowed = {"marketing": True, "survey": True}
    accepted, arrived, counted = 0, 0, []
    for _ in range(40):
        match chance.choice(["ask", "ask", "ask", "accept", "consent", "wait"]):
            case "ask":
                purpose = chance.choice(["marketing", "survey", "service"])
                asked = await post.ask(client_id, **(news() if purpose == "marketing" else {"purpose": purpose}))
                queued = asked["status"] == "queued"
                assert not queued or allowed.get(purpose, True)
                if queued and asked["due_at"] <= post.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"):
                    await post.becomes(asked["message_id"], "sent")
                if queued and purpose != "service":
                    counted.append(post.clock())
            case "accept":
                await post.accepts(openid)
                accepted += 1
            case "consent":
                purpose = chance.choice(list(allowed))
                allowed[purpose] = not allowed[purpose]
                await consented(post.profile, client_id, purpose, granted=allowed[purpose])
            case _:
                post.clock.advance(hours=chance.randint(1, 40))
    arrived = len(await post.received(openid))
    assert arrived <= accepted
    for first, third in zip(counted, counted[2:], strict=False):
        # What was refused when its time came has freed its place; nothing else may.
        assert third - first > timedelta(days=6) or await post.profile.rows(
            "select 1 from message where status = 'refused' and settled_at > asked_at"
        )
    rows = await post.profile.rows("select sum(remaining) as left from message_credit")
    assert (rows[0]["left"] or 0) >= 0
