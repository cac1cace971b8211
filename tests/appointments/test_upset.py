"""What the house upset is not held against her, until her visit stands where it can be again."""

from typing import Any

from infra.identity import Role
from tests.appointments.build import House, ask, at, client, headquarters, house, said, staff
from tests.appointments.test_disruptions import disrupted, outcomes
from tests.appointments.test_reports import report
from tests.asking import problem
from tests.conftest import Start


async def left_out(place: House, advisor_id: str) -> dict[str, Any]:
    """Leave of an advisor for the whole Tuesday."""
    away = {"starts": "2030-01-08T00:00", "ends": "2030-01-09T00:00", "reason": "sick"}
    return said(await ask(place.manager(), f"/v1/advisors/{advisor_id}/leaves", away), 201)


async def declines(place: House, settled: dict[str, Any], her: Any) -> None:
    [visit] = settled["visits"]
    said(await place.by(her).post(f"/v1/proposals/{visit['proposal_id']}/decline"))


async def test_who_does_not_come_to_a_visit_that_the_house_upset_has_missed_nothing(running: Start) -> None:
    place = await house(running, notice_minutes=0)
    policy = {"no_shows": 1, "no_show_consequence": "boutique"}
    said(await place.by(headquarters()).put("/v1/booking-policy", json=policy, headers={"If-Match": "*"}))
    her, other = client(), client()
    upset = await place.visit(her)
    await declines(place, await disrupted(place, boutique_id=place.boutique_id, reason="emergency"), her)
    place.clock.now = at("2030-01-08 11:30")
    missed = await place.step(place.manager(), upset["appointment_id"], "no-show")
    assert (missed["status"], missed["excused"]) == ("no-show", True)
    assert (await place.visit(her, "2030-01-09 11:00"))["status"] == "confirmed"
    # Whoever has only herself to blame books through the boutique.
    hers = await place.visit(other, "2030-01-08 15:00")
    place.clock.now = at("2030-01-08 15:30")
    assert not (await place.step(place.manager(), hers["appointment_id"], "no-show"))["excused"]
    assert problem(await place.asks(other, "2030-01-09 15:00")) == "book-through-boutique"
    told = await place.running.facts("appointments.no-show-recorded.v1")
    assert [one["data"]["excused"] for one in told] == [True, False]
    _, own = await report(place, "bookings", staff(Role.MANAGER, place.boutique_id))
    assert (own["no_shows"]["counted"], own["no_shows"]["out_of"]) == (1, 1)


async def test_another_time_that_she_agreed_to_and_did_not_come_to_is_missed(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    [offered] = (await disrupted(place, boutique_id=place.boutique_id))["visits"]
    accepted = said(await place.by(her).post(f"/v1/proposals/{offered['proposal_id']}/accept"))
    place.clock.now = at("2030-01-10 20:00")
    assert accepted["starts_at"] == offered["proposed_at"] < place.clock.now.isoformat()
    assert not (await place.step(place.manager(), visit["appointment_id"], "no-show"))["excused"]


async def test_once_somebody_else_receives_her_she_owes_notice_again(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, cancel_notice_minutes=2880)
    ill, other = place.advisor_ids
    her = client()
    visit = (await place.visit(her, advisor_id=ill))["appointment_id"]
    busy = (await place.visit(advisor_id=other))["appointment_id"]
    first = await disrupted(place, advisor_id=ill)
    assert outcomes(first) == {visit: "offered"}
    await declines(place, first, her)
    await place.step(place.manager(), busy, "cancel")
    assert outcomes(await disrupted(place, advisor_id=ill)) == {visit: "reassigned"}
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"
    # She is well again, and the other one ill: what upset her visit then is over.
    assert outcomes(await disrupted(place, advisor_id=other)) == {visit: "reassigned"}
    assert said(await place.manager().get(f"/v1/appointments/{visit}"))["advisor_id"] == ill
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"


async def test_a_visit_of_two_stays_upset_while_one_of_them_is_away(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False, needs_second_advisor=True, cancel_notice_minutes=2880)
    her = client()
    visit = await place.visit(her, advisor_id=place.advisor_ids[0])
    (third,) = set(place.advisor_ids) - {visit["advisor_id"], visit["second_advisor_id"]}
    away = await left_out(place, third)
    first = await disrupted(place, advisor_id=visit["advisor_id"])
    assert outcomes(first) == {visit["appointment_id"]: "offered"}
    await declines(place, first, her)
    path = f"/v1/advisors/{third}/leaves/{away['leave_id']}"
    assert (await place.manager().delete(path, headers={"If-Match": "*"})).status_code == 204
    second = await disrupted(place, advisor_id=visit["second_advisor_id"])
    assert outcomes(second) == {visit["appointment_id"]: "reassigned"}
    # The second advisor is another one now; the first is ill still.
    assert (await place.step(place.by(her), visit["appointment_id"], "cancel"))["status"] == "cancelled"


async def test_a_request_that_is_approved_after_all_is_a_visit_like_any_other(running: Start) -> None:
    place = await house(running, needs_approval=True, cancel_notice_minutes=2880)
    her = client()
    visit = (await place.visit(her))["appointment_id"]
    assert outcomes(await disrupted(place, boutique_id=place.boutique_id)) == {visit: "nothing-free"}
    await place.step(place.manager(), visit, "approve")
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"


async def test_the_house_says_that_a_visit_is_kept_by_agreeing_to_its_time_again(running: Start) -> None:
    place = await house(running, cancel_notice_minutes=2880)
    her = client()
    visit = (await place.visit(her))["appointment_id"]
    await declines(place, await disrupted(place, boutique_id=place.boutique_id), her)
    service = place.by(staff(Role.CLIENT_SERVICE))
    again = {"starts_at": at("2030-01-08 11:00").isoformat(), "agreed_by": "telephone"}
    assert (await place.step(service, visit, "move", **again))["status"] == "confirmed"
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"
