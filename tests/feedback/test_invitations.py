"""Invitations on their way to profile."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.feedback.app import build as build_app
from tests.asking import Clock, until
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.conftest import House, draw, opened


async def status_of(house: House, invitation_id: str) -> tuple[str, str | None]:
    shown = await house.feedback.client(build.MANAGER).get(f"/v1/survey-invitations/{invitation_id}")
    assert shown.status_code == 200
    return shown.json()["status"], shown.json()["reason"]


async def becomes(house: House, invitation_id: str, status: str, reason: str | None = None) -> None:
    async def there() -> bool:
        return await status_of(house, invitation_id) == (status, reason)

    await until(there)


async def postponed(house: House, *, times: int) -> None:
    async def there() -> bool:
        rows = await house.feedback.rows("select attempts, next_attempt_at - due_at as wait from invitation")
        return [(row["attempts"], row["wait"] < timedelta(seconds=30)) for row in rows] == [(times, True)]

    await until(there)


async def test_a_manager_asks_a_client_and_the_link_is_shown_to_nobody(house: House) -> None:
    asked = await house.manual()
    assert asked.status_code == 201
    assert asked.json()["trigger"] == "manual"
    await becomes(house, asked.json()["invitation_id"], "sent")
    assert house.profile.messages[0]["key"] == asked.json()["invitation_id"]
    token = house.profile.links()[0].rpartition(".")[2]
    assert token not in asked.text
    assert await house.feedback.rows("select 1 from invitation where token is not null") == []


async def test_the_date_in_the_message_is_the_boutiques_own(house: House) -> None:
    await house.tell("appointments.boutique-opened.v1", build.boutique_opened(build.ELSEWHERE, "America/New_York"))
    # The day before in New York, in summer and winter.
    completed_at = (datetime.now(UTC) - timedelta(days=1)).replace(hour=2, minute=0)
    await house.invited(boutique_id=build.ELSEWHERE, completed_at=completed_at)
    day = completed_at.date() - timedelta(days=1)
    assert house.profile.messages[-1]["variables"]["date"] == f"{day.year}年{day.month}月{day.day}日"


async def test_what_profile_refuses_is_kept_with_its_reason(house: House) -> None:
    house.profile.answer = {"status": "refused", "reason": "no-consent"}
    first = (await house.manual()).json()["invitation_id"]
    await becomes(house, first, "refused", "no-consent")
    house.profile.answer, house.profile.status = {"type": "urn:maison:problem:not-found"}, 404
    second = (await house.manual()).json()["invitation_id"]
    await becomes(house, second, "refused", "not-found")
    house.profile.answer = {"type": "urn:maison:problem:idempotency-key-reused"}
    house.profile.status = 422
    third = (await house.manual()).json()["invitation_id"]
    await becomes(house, third, "sent")


async def test_while_profile_is_away_the_invitation_waits_and_then_goes_once(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    house = await opened(running, clock=clock)
    house.profile.away = True
    invitation_id = (await house.manual()).json()["invitation_id"]
    await postponed(house, times=1)
    clock.advance(seconds=1)
    await postponed(house, times=2)
    assert await status_of(house, invitation_id) == ("due", None)
    house.profile.away = False
    house.profile.garbled = True  # something else answers at its address
    clock.advance(seconds=2)
    await postponed(house, times=3)
    house.profile.garbled = False
    clock.advance(seconds=4)
    await becomes(house, invitation_id, "sent")
    assert set(house.profile.tries) == {invitation_id}
    assert {message["key"] for message in house.profile.messages} == {invitation_id}
    assert len(await house.feedback.facts("feedback.survey-due.v1")) == 1


async def test_a_claim_that_a_killed_instance_left_behind_lapses(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    house = await opened(running, clock=clock)
    house.profile.away = True
    invitation_id = (await house.manual()).json()["invitation_id"]
    await postponed(house, times=1)
    # As the claim had left it.
    await house.feedback.rows("update invitation set next_attempt_at = $1", clock.now + timedelta(seconds=30))
    house.profile.away = False
    clock.advance(seconds=30)
    await becomes(house, invitation_id, "sent")


async def test_one_invitation_that_cannot_be_opened_or_said_holds_up_none_of_its_neighbours(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    house = await opened(running, clock=clock)
    await house.tell("appointments.boutique-opened.v1", build.boutique_opened(build.ELSEWHERE, "Nowhere/Lost"))
    asked = [(await house.manual(delay_minutes=60)).json()["invitation_id"] for _ in range(8)]
    unreadable, unsayable = asked[2:4]
    await house.feedback.rows("update invitation set token = '\\x00' where invitation_id = $1", UUID(unreadable))
    await house.feedback.rows(
        "update invitation set boutique_id = $1 where invitation_id = $2", build.ELSEWHERE, UUID(unsayable)
    )
    clock.advance(minutes=60)
    for invitation_id in asked:
        if invitation_id == unreadable:
            await becomes(house, invitation_id, "refused", "link-unreadable")
        elif invitation_id != unsayable:
            await becomes(house, invitation_id, "sent")
    # A fault may pass, so it is tried again, ever more rarely.
    row = "select attempts, next_attempt_at from invitation where status = 'due'"
    [waiting] = await house.feedback.rows(row)
    assert (waiting["attempts"], waiting["next_attempt_at"]) == (1, clock.now + timedelta(seconds=30))
    clock.advance(seconds=30)
    await house.tell("appointments.boutique-opened.v1", build.boutique_opened(build.ELSEWHERE))
    clock.advance(minutes=5)
    await house.profile.asked(7)


@pytest.mark.parametrize("early", [False, True])
async def test_what_is_refused_after_profile_has_taken_it_was_not_sent(house: House, *, early: bool) -> None:
    async def refuse(message_id: str) -> None:
        told = {"client_id": str(uuid4()), "template": "survey-invitation", "reason": "wechat-43101"}
        for purpose, about in (("marketing", str(uuid4())), ("survey", message_id)):
            await house.tell("profile.message-refused.v1", {"message_id": about, "purpose": purpose, **told})

    if early:  # the fact overtakes the answer
        house.profile.before_answering = refuse
    invitation_id = (await house.manual()).json()["invitation_id"]
    if not early:
        await becomes(house, invitation_id, "sent")
        await refuse(house.profile.messages[0]["message_id"])
    await becomes(house, invitation_id, "refused", "wechat-43101")
    shown = await house.feedback.client(build.MANAGER).get(f"/v1/survey-invitations/{invitation_id}")
    assert shown.json()["sent_at"] is None
    assert (await house.feedback.client().get(house.profile.links()[0])).status_code == 410


async def test_two_dispatchers_hand_each_invitation_over_once(house: House) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(2):
            app = build_app(house.feedback.settings, transports={"profile": house.profile.transport})
            await stack.enter_async_context(app.router.lifespan_context(app))
        asked = await asyncio.gather(*(house.manual() for _ in range(40)))
        assert {answer.status_code for answer in asked} == {201}

        async def gone() -> bool:
            return len(await house.feedback.rows("select 1 from invitation where status = 'sent'")) == 40

        await until(gone)
    assert Counter(house.profile.tries) == {answer.json()["invitation_id"]: 1 for answer in asked}
    assert len(await house.feedback.facts("feedback.survey-due.v1")) == 40


async def test_an_invitation_waits_for_its_time(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    house = await opened(running, clock=clock)
    late = (await house.manual(delay_minutes=120)).json()["invitation_id"]
    soon = (await house.manual(delay_minutes=60)).json()["invitation_id"]
    clock.advance(minutes=60)
    await becomes(house, soon, "sent")
    assert await status_of(house, late) == ("scheduled", None)


async def test_the_youngest_journey_that_names_a_touchpoint_holds_and_asks_once(house: House) -> None:
    drawn = await draw(
        house.feedback, {"trigger": "visit-completed", "survey_id": str(house.survey_id), "delay_minutes": 90}
    )
    assert drawn.status_code == 201
    await house.tell("appointments.visit-completed.v1", build.visit_completed())

    async def waiting() -> bool:
        rows = await house.feedback.rows(
            "select due_at - touched_at as delay from invitation where status = 'scheduled'"
        )
        return [row["delay"] for row in rows] == [timedelta(minutes=90)]

    await until(waiting)


async def test_only_who_leads_the_boutique_asks(house: House) -> None:
    form = {"survey_id": str(house.survey_id), "client_id": str(uuid4()), "boutique_id": str(build.BOUTIQUE)}
    expected = [(build.ADVISOR, 403), (build.CLIENT, 403), (None, 401), (build.STRANGER, 404), (build.OTHER_BRAND, 404)]
    for caller, status in expected:
        answer = await house.feedback.client(caller).post(
            "/v1/survey-invitations", json=form, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == status


async def test_invitations_are_listed_by_page_and_kept_from_other_boutiques(house: House) -> None:
    made = [(await house.manual()).json()["invitation_id"] for _ in range(3)]
    manager = house.feedback.client(build.MANAGER)
    first = (await manager.get("/v1/survey-invitations", params={"limit": 2})).json()
    rest = (await manager.get("/v1/survey-invitations", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["invitation_id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    client_id = rest["items"][0]["client_id"]
    for params, count in (
        ({"client_id": client_id}, 1),
        ({"client_id": str(uuid4())}, 0),
        ({"boutique_id": str(build.BOUTIQUE)}, 3),
        ({"boutique_id": str(build.ELSEWHERE)}, 0),
        ({"status": "expired"}, 0),
    ):
        assert len((await manager.get("/v1/survey-invitations", params=params)).json()["items"]) == count
    assert (await house.feedback.client(build.STRANGER).get("/v1/survey-invitations")).json()["items"] == []
    hidden = await house.feedback.client(build.STRANGER).get(f"/v1/survey-invitations/{made[0]}")
    assert hidden.status_code == 404
    for cursor in ("x", first["next_cursor"][:-2], "e30", "é"):
        assert (await manager.get("/v1/survey-invitations", params={"cursor": cursor})).status_code == 400


async def test_an_invitation_of_a_boutique_we_have_not_heard_of_waits_until_we_have(house: House) -> None:
    await house.tell("appointments.visit-completed.v1", build.visit_completed(boutique_id=build.ELSEWHERE))

    async def tried() -> bool:
        return len(await house.feedback.rows("select 1 from invitation where attempts > 0")) == 1

    await until(tried)
    assert house.profile.tries == []
    await house.tell("appointments.boutique-opened.v1", build.boutique_opened(build.ELSEWHERE))
    await house.profile.asked(1)


async def test_without_a_journey_nobody_is_asked(running: Start) -> None:
    house = await opened(running, drawn=False)
    await house.tell("appointments.visit-completed.v1", build.visit_completed())
    order = (await house.raised()).json()["work_order_id"]
    await house.closed(order)
    assert (await house.detail(order))["loop"]["state"] == "awaiting"
    await house.tell("appointments.advisor-joined.v1", build.advisor_joined(uuid4()))
    assert await house.feedback.rows("select 1 from invitation") == []
