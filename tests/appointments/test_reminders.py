"""What a client is told of her visits: each thing once, what is true, and what did not arrive is seen."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from infra.identity import Role
from infra.ids import new_id
from services.appointments.bookings.actions.expiry import expire_overdue
from services.appointments.reminders.actions import noting
from tests.appointments.build import House, ask, at, client, headquarters, house, said, staff
from tests.appointments.door import Door, dispatch_once
from tests.asking import BRAND, problem, tell, until
from tests.conftest import Start


async def begun(running: Start, door: Door, **given: Any) -> House:
    return await house(running, transports={"profile": door.transport}, **given)


async def _settled(place: House, count: int) -> None:
    """Until so many notices are neither to be told nor to be recalled any more."""

    async def quiet() -> bool:
        rows = await place.running.rows("select status, recall_until from notice")
        return len(rows) == count and all(row["status"] != "waiting" for row in rows)

    await until(quiet)


async def _undelivered(place: House, **params: Any) -> list[dict[str, Any]]:
    path = f"/v1/boutiques/{place.boutique_id}/reminders"
    items: list[dict[str, Any]] = said(await place.manager().get(path, params={"status": "refused", **params}))["items"]
    return items


async def test_a_confirmation_says_when_and_where_and_leads_to_the_file(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    [message] = door.taken.values()
    assert (message["template"], message["purpose"], message["client_id"]) == (
        "visit-confirmed",
        "service",
        visit["client_id"],
    )
    assert message["variables"] == {
        "experience": "私人预约",
        "boutique": "恒隆",
        "date": "2030年1月8日 11:00",
        "text": "预约成功，期待您的光临",
        "experience_en": "Private appointment",
        "boutique_en": "Plaza 66",
        "date_en": "8 Jan. 2030, 11:00",
    }
    assert message["expires_at"] == at("2030-01-08 11:00").isoformat()
    path = message["link"].removeprefix(place.running.settings.public_url)
    answer = await place.running.client().get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "METHOD:PUBLISH" in answer.text


async def test_a_move_and_a_cancellation_are_told_and_what_was_said_before_is_taken_back(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    await place.step(
        place.manager(),
        visit["appointment_id"],
        "move",
        starts_at=at("2030-01-08 15:00").isoformat(),
        agreed_by="telephone",
    )
    await _settled(place, 2)
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    await _settled(place, 3)

    async def recalled() -> bool:
        return len(door.recalled) == 2

    await until(recalled)
    told = [(form["template"], form["variables"]["date"]) for form in door.taken.values()]
    assert told == [
        ("visit-confirmed", "2030年1月8日 11:00"),
        ("visit-moved", "2030年1月8日 15:00"),
        ("visit-cancelled", "2030年1月8日 15:00"),
    ]
    assert door.told() == ["visit-cancelled"]


async def test_she_is_reminded_a_day_and_two_hours_before_and_once_each(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    await place.visit(local="2030-01-09 11:00")
    await _settled(place, 1)
    for when, count in (("08 10:59", 1), ("08 11:00", 2), ("09 08:59", 2), ("09 09:00", 3), ("09 10:59", 3)):
        place.clock.now = at(f"2030-01-{when}")
        for _ in range(3):
            await dispatch_once(place.running.kit)
        await _settled(place, count)
    assert [form["template"] for form in door.taken.values()] == ["visit-confirmed", *["visit-reminder"] * 2]
    leads = await place.running.rows("select lead_minutes from notice where kind = 'reminder' order by created_at")
    assert [row["lead_minutes"] for row in leads] == [1440, 120]


async def test_the_loop_reminds_by_itself_and_looks_at_the_times_that_have_come_since(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    await place.visit(local="2030-01-09 11:00")
    await _settled(place, 1)
    for when, count in (("08 11:00", 2), ("09 09:00", 3)):
        place.clock.now = at(f"2030-01-{when}")
        await _settled(place, count)
    assert [form["template"] for form in door.taken.values()] == ["visit-confirmed", *["visit-reminder"] * 2]


async def test_a_visit_that_somebody_changes_just_then_is_reminded_in_the_next_round_and_held_up_by_none(
    running: Start,
) -> None:
    place = await begun(running, Door())
    visit = await place.visit(local="2030-01-09 11:00")
    database, now = place.running.kit.database, at("2030-01-08 11:00")
    came = {"since": now - timedelta(seconds=1), "now": now}
    one = {"visit": visit["appointment_id"]}
    async with database.transaction(BRAND) as tx:
        await tx.execute(text("select 1 from appointment where appointment_id = :visit for update"), one)
        assert await noting.plan(database, **came) == 1
    reminders = "select lead_minutes from notice where kind = 'reminder'"
    assert await place.running.rows(reminders) == []
    # What came before the moment since when somebody looks is nobody's business any more.
    assert await noting.plan(database, since=now, now=now + timedelta(seconds=5)) == 0
    for _ in range(2):
        await noting.plan(database, **came)
    assert [row["lead_minutes"] for row in await place.running.rows(reminders)] == [1440]


async def test_who_books_for_today_is_reminded_two_hours_before_alone_and_for_at_once_not_at_all(
    running: Start,
) -> None:
    door = Door()
    place = await begun(running, door, notice_minutes=0, needs_room=False, advisors=2)
    await place.visit(local="2030-01-07 15:00")
    await place.visit(local="2030-01-07 10:00")
    await _settled(place, 2)
    for hour in (9, 10, 12, 13, 14):
        place.clock.now = at(f"2030-01-07 {hour:02}:30")
        await dispatch_once(place.running.kit)
    await _settled(place, 3)
    assert [form["template"] for form in door.taken.values()][2:] == ["visit-reminder"]


async def test_a_moved_visit_is_reminded_of_at_its_new_time_and_a_cancelled_one_never(running: Start) -> None:
    door = Door()
    place = await begun(running, door, needs_room=False, advisors=2)
    moved = await place.visit(local="2030-01-09 11:00")
    gone = await place.visit(local="2030-01-09 11:00")
    await _settled(place, 2)
    await place.step(
        place.manager(),
        moved["appointment_id"],
        "move",
        starts_at=at("2030-01-10 16:00").isoformat(),
        agreed_by="telephone",
    )
    await place.step(place.manager(), gone["appointment_id"], "cancel")
    await _settled(place, 4)
    for day in ("08", "09", "10"):
        for hour in (9, 11, 14, 16):
            place.clock.now = at(f"2030-01-{day} {hour:02}:00")
            await dispatch_once(place.running.kit)
    await _settled(place, 6)
    reminders = [form for form in door.taken.values() if form["template"] == "visit-reminder"]
    told = [(form["client_id"], form["variables"]["date"]) for form in reminders]
    assert told == [(moved["client_id"], "2030年1月10日 16:00")] * 2


async def test_while_profile_is_away_it_is_tried_again_with_the_same_key_and_she_hears_it_once(running: Start) -> None:
    lost = [httpx.Response(503), httpx.Response(200, text="<html>"), httpx.Response(401, json={})]
    door = Door(lambda _: lost.pop() if lost else None)
    place = await begun(running, door)
    await place.visit()

    async def tried(times: int) -> None:
        async def reached() -> bool:
            rows = await place.running.rows("select attempts, next_attempt_at from notice")
            # Not only asked, but also heard of: the lease of a claim is longer than the wait after it.
            waits = [row["next_attempt_at"] - place.clock.now for row in rows]
            return len(door.tries) == times and waits[0] < timedelta(seconds=10)

        await until(reached)

    for times in (1, 2, 3):
        await tried(times)
        place.clock.advance(seconds=31)
    await _settled(place, 1)
    assert (len(door.tries), len({one["key"] for one in door.tries}), len(door.taken)) == (4, 1, 1)


async def test_what_could_not_be_told_in_time_is_shown_to_the_boutique(running: Start) -> None:
    door = Door(lambda _: httpx.Response(503))
    place = await begun(running, door)
    visit = await place.visit()

    async def tried() -> bool:
        rows = await place.running.rows("select next_attempt_at from notice")
        # Not only asked, but also heard of: what is written then is told by the clock of then.
        soon = place.clock.now + timedelta(seconds=10)
        return bool(door.tries) and all(row["next_attempt_at"] < soon for row in rows)

    await until(tried)
    place.clock.now = at("2030-01-08 11:00")
    place.clock.advance(minutes=6)
    await _settled(place, 1)
    [missed] = await _undelivered(place)
    assert (missed["appointment_id"], missed["kind"], missed["reason"]) == (
        visit["appointment_id"],
        "confirmed",
        "not-sent-in-time",
    )


async def test_a_refusal_is_shown_until_somebody_has_telephoned(running: Start) -> None:
    door = Door(lambda _: httpx.Response(202, json={"status": "refused", "reason": "no-channel", "message_id": None}))
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    [missed] = await _undelivered(place, untold=True)
    assert (missed["client_id"], missed["status"], missed["reason"], missed["telephoned_at"]) == (
        visit["client_id"],
        "refused",
        "no-channel",
        None,
    )
    path = f"/v1/boutiques/{place.boutique_id}/reminders/{missed['notice_id']}/telephone"
    by = staff(Role.ADVISOR, place.boutique_id)
    first = said(await place.by(by).post(path))
    assert (first["telephoned_by"], first["telephoned_at"]) == (by.subject, "2030-01-07T01:00:00Z")
    assert said(await place.manager().post(path))["telephoned_by"] == by.subject
    assert await _undelivered(place, untold=True) == []
    assert len(await _undelivered(place)) == 1
    assert problem(await place.by(staff(Role.ADVISOR, str(new_id()))).post(path)) == "not-found"
    unknown = f"/v1/boutiques/{place.boutique_id}/reminders/{new_id()}/telephone"
    assert problem(await place.manager().post(unknown)) == "not-found"


async def test_what_profile_could_not_deliver_afterwards_is_shown_too(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    await place.visit()
    await _settled(place, 1)
    [form] = door.taken.values()
    about = {"client_id": form["client_id"], "purpose": "service", "template": form["template"]}
    told = {**about, "message_id": form["message_id"], "reason": "no-credit", "reference": form["reference"]}
    await tell(place.running, "profile.message-refused.v1", told)
    [missed] = await _undelivered(place)
    assert (missed["reason"], missed["notice_id"]) == ("no-credit", form["reference"])
    # A message of somebody else's, and one from before there were references.
    await tell(place.running, "profile.message-refused.v1", told | {"reference": str(new_id())})
    await tell(place.running, "profile.message-refused.v1", {**about, "message_id": form["message_id"], "reason": "x"})
    assert len(await _undelivered(place)) == 1


async def test_what_was_told_needs_no_telephone(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    await place.visit()
    await _settled(place, 1)
    [form] = door.taken.values()
    path = f"/v1/boutiques/{place.boutique_id}/reminders/{form['reference']}/telephone"
    assert problem(await place.manager().post(path)) == "nothing-to-telephone"


def _about(visit: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: visit[name] for name in ("appointment_id", "client_id", "boutique_id", "starts_at")} | more


async def test_another_advisor_at_the_same_time_is_no_news_for_her(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    await tell(place.running, "appointments.moved.v1", _about(visit))
    await _settled(place, 1)
    assert door.told() == ["visit-confirmed"]


@pytest.mark.parametrize(
    ("fact", "more", "template"),
    [
        ("appointments.proposed.v1", {"expires_at": "2030-01-07T12:00:00Z"}, "visit-proposed"),
        ("appointments.proposal-ended.v1", {"outcome": "expired"}, "visit-kept"),
        ("appointments.disrupted.v1", {"outcome": "nothing-free"}, "visit-disrupted"),
        ("appointments.disrupted.v1", {"outcome": "reassigned"}, "visit-reassigned"),
    ],
)
async def test_proposals_and_disruptions_are_told(
    running: Start, fact: str, more: dict[str, Any], template: str
) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    event = await tell(place.running, fact, _about(visit, **more))
    await tell(place.running, fact, _about(visit, **more), event_id=event)
    await _settled(place, 2)
    assert [form["template"] for form in door.taken.values()] == ["visit-confirmed", template]


@pytest.mark.parametrize(
    ("fact", "more"),
    [
        ("appointments.proposed.v1", {"expires_at": "2030-01-07T00:59:59Z"}),
        ("appointments.proposal-ended.v1", {"outcome": "accepted"}),
        ("appointments.disrupted.v1", {"outcome": "offered"}),  # the proposal says it
    ],
)
async def test_what_she_can_do_nothing_about_is_not_told(running: Start, fact: str, more: dict[str, Any]) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    await tell(place.running, fact, _about(visit, **more))
    await _settled(place, 1)


async def test_a_visit_that_the_house_upset_reminds_nobody_and_is_not_said_to_be_kept(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit(local="2030-01-10 11:00")
    await _settled(place, 1)
    closed = {"from_at": at("2030-01-10 00:00").isoformat(), "to_at": at("2030-01-11 00:00").isoformat()}
    form = {"boutique_id": place.boutique_id, "reason": "emergency", **closed}
    [settled] = said(await ask(place.manager(), "/v1/disruptions", form), 201)["visits"]
    assert settled["outcome"] == "offered"
    await _settled(place, 2)
    place.clock.now = at("2030-01-09 11:00")
    await expire_overdue(place.running.kit.database, now=place.clock.now)
    await _settled(place, 3)
    for when in ("09 11:00", "10 09:00", "10 10:59"):
        place.clock.now = at(f"2030-01-{when}")
        await dispatch_once(place.running.kit)
    await _settled(place, 3)
    told = [form["template"] for form in door.taken.values()]
    assert told == ["visit-confirmed", "visit-proposed", "visit-disrupted"]
    # At another time it reminds as any other.
    place.clock.now = at("2030-01-10 10:00")
    await place.step(
        place.manager(),
        visit["appointment_id"],
        "move",
        starts_at=at("2030-01-12 15:00").isoformat(),
        agreed_by="telephone",
    )
    await _settled(place, 4)
    place.clock.now = at("2030-01-11 15:00")
    await dispatch_once(place.running.kit)
    await _settled(place, 5)
    assert [form["template"] for form in door.taken.values()][3:] == ["visit-moved", "visit-reminder"]


async def test_an_upset_visit_that_takes_place_after_all_reminds_as_any_other(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    her = client()
    visit = await place.visit(her, local="2030-01-10 11:00")
    await _settled(place, 1)
    closed = {"from_at": at("2030-01-10 00:00").isoformat(), "to_at": at("2030-01-11 00:00").isoformat()}
    form = {"boutique_id": place.boutique_id, "reason": "emergency", **closed}
    [offered] = said(await ask(place.manager(), "/v1/disruptions", form), 201)["visits"]
    said(await place.by(her).post(f"/v1/proposals/{offered['proposal_id']}/decline"))
    # The boutique opens that day after all, and somebody has told her so.
    kept = {"starts_at": at("2030-01-10 11:00").isoformat(), "agreed_by": "telephone"}
    await place.step(place.manager(), visit["appointment_id"], "move", **kept)

    async def reminded() -> bool:
        await dispatch_once(place.running.kit)
        return door.told().count("visit-reminder") == 1

    place.clock.now = at("2030-01-09 11:00")
    await until(reminded)


async def test_nobody_is_asked_to_telephone_about_a_time_that_is_no_more_or_is_over(running: Start) -> None:
    door = Door(lambda _: httpx.Response(202, json={"status": "refused", "reason": "no-channel", "message_id": None}))
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    form = {"starts_at": at("2030-01-08 15:00").isoformat(), "agreed_by": "telephone"}
    await place.step(place.manager(), visit["appointment_id"], "move", **form)
    await _settled(place, 2)
    assert [one["kind"] for one in await _undelivered(place, untold=True)] == ["moved"]
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    await _settled(place, 3)
    assert [one["kind"] for one in await _undelivered(place, untold=True)] == ["cancelled"]
    place.clock.now = at("2030-01-08 15:00")
    assert await _undelivered(place, untold=True) == []
    assert len(await _undelivered(place)) == 3


async def test_what_is_not_true_any_more_when_its_turn_comes_is_told_to_nobody(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    await tell(place.running, "appointments.moved.v1", _about(visit, starts_at="2030-01-08T09:00:00Z"))
    await _settled(place, 2)
    rows = await place.running.rows("select status, reason from notice where kind = 'moved'")
    assert [(row["status"], row["reason"]) for row in rows] == [("dropped", "changed")]
    assert len(door.taken) == 1


async def test_nothing_is_kept_or_told_of_who_was_erased(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    visit = await place.visit()
    await _settled(place, 1)
    erased = {"erasure_id": str(new_id()), "client_ids": [visit["client_id"]]}
    await tell(place.running, "profile.client-erased.v1", erased, about=f"erasure:{erased['erasure_id']}")

    async def heard() -> bool:
        facts = await place.running.facts("appointments.cancelled.v1")
        cursor = await place.running.rows("select count(*) as open from outbox where published_at is null")
        return bool(facts) and cursor[0]["open"] == 0

    await until(heard)
    await tell(place.running, "appointments.moved.v1", _about(visit, client_id=str(new_id())))
    assert await place.running.rows("select 1 from notice where client_id = $1::uuid", visit["client_id"]) == []


async def test_the_brand_sets_when_it_reminds(running: Start) -> None:
    door = Door()
    place = await begun(running, door)
    http = place.by(headquarters())
    first = await http.get("/v1/reminder-policy")
    assert (said(first), first.headers["ETag"]) == ({"lead_minutes": [1440, 120], "version": 0}, '"0"')
    put: dict[str, Any] = {"json": {"lead_minutes": [30, 2880]}}
    assert problem(await http.put("/v1/reminder-policy", **put)) == "precondition-missing"
    second = await http.put("/v1/reminder-policy", **put, headers={"If-Match": '"0"'})
    assert (said(second), second.headers["ETag"]) == ({"lead_minutes": [2880, 30], "version": 1}, '"1"')
    assert problem(await http.put("/v1/reminder-policy", **put, headers={"If-Match": '"0"'})) == "stale"
    for wrong in ([10], [30, 30], [20161], [15, 16, 17, 18, 19]):
        refused = await http.put("/v1/reminder-policy", json={"lead_minutes": wrong}, headers={"If-Match": '"1"'})
        assert problem(refused) == "reminder-leads-unfit"
    await place.visit(local="2030-01-10 11:00")
    for when, count in (("08 10:59", 1), ("08 11:00", 2), ("10 09:00", 2), ("10 10:30", 3)):
        place.clock.now = at(f"2030-01-{when}")
        await dispatch_once(place.running.kit)
        await _settled(place, count)
    # None at all is a setting, too.
    said(await http.put("/v1/reminder-policy", json={"lead_minutes": []}, headers={"If-Match": '"1"'}))
    await place.visit(local="2030-01-12 11:00")
    place.clock.now = at("2030-01-12 10:00")
    await dispatch_once(place.running.kit)
    await _settled(place, 4)


async def test_the_list_is_the_boutiques_own(running: Start) -> None:
    place = await begun(running, Door())
    path = f"/v1/boutiques/{place.boutique_id}/reminders"
    for hour in (11, 13, 15):
        await place.visit(local=f"2030-01-08 {hour}:00")
    await _settled(place, 3)
    assert (await place.by(client()).get(path)).status_code == 403
    assert problem(await place.by(staff(Role.MANAGER, str(new_id()))).get(path)) == "not-found"
    page = said(await place.manager().get(path, params={"limit": 2}))
    rest = said(await place.manager().get(path, params={"limit": 2, "cursor": page["next_cursor"]}))
    seen = [one["notice_id"] for one in page["items"] + rest["items"]]
    assert (len(seen), len(set(seen)), rest["next_cursor"]) == (3, 3, None)
    assert problem(await place.manager().get(path, params={"cursor": "x"})) == "bad-request"
