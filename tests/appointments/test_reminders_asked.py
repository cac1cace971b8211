"""What a client is told of a visit that she asked for, that the house would like to move, or that is held by video."""

from typing import Any

from services.appointments.bookings.actions.expiry import expire_overdue
from tests.appointments.build import House, at, client, house, said
from tests.appointments.door import Door
from tests.appointments.test_proposals import answers, proposed
from tests.asking import until
from tests.conftest import Start


async def begun(running: Start, door: Door, **given: Any) -> House:
    return await house(running, transports={"profile": door.transport}, **given)


async def told(place: House, door: Door, *templates: str) -> None:
    """Until she has been told these, in this order, and nothing waits."""

    async def so() -> bool:
        waiting = await place.running.rows("select 1 from notice where status = 'waiting'")
        return not waiting and [form["template"] for form in door.taken.values()] == list(templates)

    await until(so)


async def test_a_request_is_acknowledged_and_then_confirmed(running: Start) -> None:
    door, her = Door(), client()
    place = await begun(running, door, needs_approval=True)
    held = await place.hold(her, "2030-01-09 11:00")
    await place.step(place.by(her), held["appointment_id"], "confirm")
    await told(place, door, "visit-requested")
    await place.step(place.manager(), held["appointment_id"], "approve")
    await told(place, door, "visit-requested", "visit-confirmed")
    # That it was received is true of a visit that is agreed, too: nobody is asked to take it back.
    assert door.recalled == set()


async def test_a_refusal_and_an_answer_that_never_came_are_told(running: Start) -> None:
    door, her = Door(), client()
    place = await begun(running, door, needs_approval=True)
    held = await place.hold(her, "2030-01-09 11:00")
    await place.step(place.by(her), held["appointment_id"], "confirm")
    await told(place, door, "visit-requested")
    await place.step(place.manager(), held["appointment_id"], "refuse", reason="当日贵宾厅有活动")
    await told(place, door, "visit-requested", "visit-refused")
    [form] = [form for form in door.taken.values() if form["template"] == "visit-refused"]
    assert "活动" not in str(form)
    other = client()
    again = await place.hold(other, "2030-01-07 18:00")
    await place.step(place.by(other), again["appointment_id"], "confirm")
    place.clock.now = at("2030-01-07 16:00")
    await expire_overdue(place.running.kit.database, now=place.clock.now)

    async def refused() -> bool:
        return [one["template"] for one in door.taken.values() if one["client_id"] == str(other.client_id)][-1:] == [
            "visit-refused"
        ]

    await until(refused)


async def test_a_proposal_is_told_and_not_asked_again_once_it_is_answered(running: Start) -> None:
    door, her = Door(), client()
    place = await begun(running, door)
    visit = await place.visit(her)
    await told(place, door, "visit-confirmed")
    offer = await proposed(place, visit, "2030-01-08 15:00")
    await told(place, door, "visit-confirmed", "visit-proposed")
    [asking] = [form for form in door.taken.values() if form["template"] == "visit-proposed"]
    assert asking["variables"]["date"] == "2030年1月8日 15:00"
    said(await answers(place, her, offer, "accept"))
    await told(place, door, "visit-confirmed", "visit-proposed", "visit-moved")

    async def recalled() -> bool:
        return asking["reference"] in door.recalled

    await until(recalled)


async def test_a_proposal_that_she_declines_leaves_her_visit_as_it_is(running: Start) -> None:
    door, her = Door(), client()
    place = await begun(running, door)
    visit = await place.visit(her)
    await told(place, door, "visit-confirmed")
    offer = await proposed(place, visit, "2030-01-08 15:00")
    await told(place, door, "visit-confirmed", "visit-proposed")
    said(await answers(place, her, offer, "decline"))

    async def recalled() -> bool:
        return len(door.recalled) == 1

    await until(recalled)
    await told(place, door, "visit-confirmed", "visit-proposed")


async def test_a_video_visit_is_told_as_one_and_stands_so_in_the_calendar(running: Start) -> None:
    door, her = Door(), client()
    place = await begun(running, door, modes=["in-person", "video"])
    visit = await place.visit(her, mode="video")
    await told(place, door, "visit-confirmed")
    [form] = door.taken.values()
    assert form["variables"]["text"].startswith("视频预约")
    answer = await place.by(her).get(f"/v1/me/appointments/{visit['appointment_id']}/calendar")
    assert "LOCATION:视频预约\r\n" in answer.text
    place.clock.now = at("2030-01-08 09:00")
    brief = said(await place.manager().get(f"/v1/boutiques/{place.boutique_id}/morning-brief"))
    assert [(one["mode"], "link" in one["missing"], "room" in one["missing"]) for one in brief["visits"]] == [
        ("video", True, False)
    ]


async def test_what_she_asked_for_and_answered_stands_in_the_sheet(running: Start) -> None:
    questions = [{"code": "tea", "text_zh": "您喜欢什么茶？", "text_en": "Which tea?"}]
    place = await begun(running, Door(), questions=[*questions, {**questions[0], "code": "music"}])
    visit = await place.visit(client(), requests="请准备婚戒", answers={"tea": "龙井"})
    path = f"/v1/appointments/{visit['appointment_id']}"
    words = said(await place.manager().get(f"{path}/preparation"))["words"]
    assert words["requests"] == "请准备婚戒"
    assert [(one["code"], one["answer"]) for one in words["answers"]] == [("tea", "龙井"), ("music", None)]
    page = await place.manager().get(f"{path}/preparation/print", params={"language": "zh"})
    assert "您喜欢什么茶？ 龙井" in page.text
    place.clock.now = at("2030-01-08 09:00")
    brief = said(await place.manager().get(f"/v1/boutiques/{place.boutique_id}/morning-brief"))
    assert "answers" in brief["visits"][0]["missing"]
