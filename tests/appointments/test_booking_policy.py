"""What a brand lets its clients book, and what a manager sets aside."""

from typing import Any

import httpx

from infra.identity import Role
from infra.ids import new_id
from tests.appointments.build import House, at, client, headquarters, house, post, room, said, staff
from tests.asking import problem
from tests.conftest import Start


async def sets(place: House, tag: str = "*", **given: Any) -> httpx.Response:
    return await place.by(headquarters()).put("/v1/booking-policy", json=given, headers={"If-Match": tag})


async def missed(place: House, her: Any, *locals_: str) -> None:
    """Visits that she did not come to."""
    for local in locals_:
        visit = await place.visit(her, local)
        place.clock.now = at(local)
        await place.step(place.manager(), visit["appointment_id"], "no-show")


async def test_the_policy_is_read_and_replaced_by_version(running: Start) -> None:
    place = await house(running)
    http = place.by(headquarters())
    read = await http.get("/v1/booking-policy")
    assert (said(read)["hold_minutes"], read.json()["version"], read.headers["ETag"]) == (5, 0, '"0"')
    written = await sets(place, '"0"', hold_minutes=10, most_open=2)
    assert (said(written)["hold_minutes"], written.headers["ETag"]) == (10, '"1"')
    assert problem(await sets(place, '"0"')) == "stale"
    assert problem(await http.put("/v1/booking-policy", json={})) == "precondition-missing"
    assert problem(await sets(place, hold_minutes=31)) == "malformed"
    assert said(await place.manager().get("/v1/booking-policy"))["most_open"] == 2
    assert problem(await place.manager().put("/v1/booking-policy", json={}, headers={"If-Match": "*"})) == (
        "not-permitted"
    )
    aurore = await place.by(headquarters("aurore")).get("/v1/booking-policy")
    assert said(aurore)["version"] == 0


async def test_a_hold_lasts_as_long_as_the_brand_says(running: Start) -> None:
    place = await house(running)
    await sets(place, hold_minutes=10)
    her = client()
    held = await place.hold(her)
    place.clock.advance(minutes=9)
    assert (await place.step(place.by(her), held["appointment_id"], "confirm"))["status"] == "confirmed"


async def test_a_client_has_so_many_visits_to_come_and_the_boutique_books_more(running: Start) -> None:
    place = await house(running)
    await sets(place, most_open=2)
    her = client()
    await place.visit(her, "2030-01-08 10:00")
    await place.hold(her, "2030-01-08 12:00")
    refused = await place.asks(her, "2030-01-08 14:00")
    assert (problem(refused), refused.json()["most_open"]) == ("too-many-bookings", 2)
    form = place.form("2030-01-08 14:00", client_id=str(her.client_id))
    await post(place.manager(), "/v1/appointments", form)


async def test_who_did_not_come_three_times_has_her_next_visit_approved(running: Start) -> None:
    place = await house(running, notice_minutes=0, horizon_days=300)
    her = client()
    await missed(place, her, "2030-01-07 11:00", "2030-01-07 13:00")
    assert (await place.visit(her, "2030-01-08 10:00"))["status"] == "confirmed"
    await missed(place, her, "2030-01-07 15:00")
    pending = await place.visit(her, "2030-01-08 14:00")
    assert pending["status"] == "pending"
    read = said(await place.manager().get(f"/v1/appointments/{pending['appointment_id']}"))
    assert read["needs_approval_for"] == "no-shows"
    [fact] = await place.running.facts("appointments.requested.v1")
    assert fact["data"]["because"] == "no-shows"
    # The house's own people book for her as before, and half a year later it is forgotten.
    form = place.form("2030-01-08 16:00", client_id=str(her.client_id))
    held = await post(place.manager(), "/v1/appointments", form)
    assert (await place.step(place.manager(), held["appointment_id"], "confirm"))["status"] == "confirmed"
    place.clock.now = at("2030-07-10 11:00")
    assert (await place.visit(her, "2030-07-11 11:00"))["status"] == "confirmed"


async def test_or_she_books_through_the_boutique(running: Start) -> None:
    place = await house(running, notice_minutes=0)
    await sets(place, no_shows=1, no_show_consequence="boutique")
    her = client()
    await missed(place, her, "2030-01-07 11:00")
    assert problem(await place.asks(her)) == "book-through-boutique"
    await sets(place, no_shows=1, no_show_consequence="none")
    assert (await place.visit(her))["status"] == "confirmed"


async def test_a_manager_books_against_horizon_party_and_shift_with_a_reason_that_is_kept(running: Start) -> None:
    place = await house(running, horizon_days=30)
    path = f"/v1/advisors/{place.advisor_ids[0]}/shifts"
    weekly = [{"weekday": day, "starts": "10:00", "ends": "14:00"} for day in range(1, 8)]
    said(await place.manager().put(path, json={"weekly": weekly}, headers={"If-Match": "*"}))
    form = place.form("2030-03-05 16:00", client_id=str(new_id()), party_size=6)
    manager = place.manager()
    for given, slug in (({}, "beyond-horizon"), ({"starts_at": at("2030-01-08 16:00").isoformat()}, "outside-shift")):
        refused = await manager.post(
            "/v1/appointments", json={**form, **given}, headers={"Idempotency-Key": str(new_id())}
        )
        assert problem(refused) == slug
    held = await post(manager, "/v1/appointments", {**form, "override_reason": "王女士的婚礼，已与总部确认"})
    assert held["overridden"] == ["beyond-horizon", "outside-shift", "no-room-for-party"]
    assert held["override_reason"] == "王女士的婚礼，已与总部确认"
    visit = await place.step(manager, held["appointment_id"], "confirm")
    [fact] = await place.running.facts("appointments.confirmed.v1")
    assert fact["data"]["overridden"] == held["overridden"]
    assert "婚礼" not in str(fact)
    kept = await place.running.rows("select override_reason from appointment")
    assert "婚礼".encode() not in kept[0]["override_reason"]
    # Never against who is there already, and not out of hours.
    for local, slug in (("2030-03-05 16:00", "slot-taken"), ("2030-03-05 21:00", "outside-opening-hours")):
        again = {**place.form(local, client_id=str(new_id())), "override_reason": "特殊客人"}
        answer = await manager.post("/v1/appointments", json=again, headers={"Idempotency-Key": str(new_id())})
        assert problem(answer) == slug
    moved = await place.step(
        manager,
        visit["appointment_id"],
        "move",
        starts_at=at("2030-03-06 17:00").isoformat(),
        agreed_by="telephone",
        override_reason="客人行程有变",
    )
    assert moved["overridden"] == ["beyond-horizon", "outside-shift", "no-room-for-party"]


async def test_what_was_set_aside_for_one_time_is_not_said_of_another(running: Start) -> None:
    place = await house(running, horizon_days=30)
    given = {"client_id": str(new_id()), "override_reason": "特殊客人"}
    held = await place.hold(staff(Role.MANAGER, place.boutique_id), "2030-03-05 16:00", **given)
    await place.step(place.manager(), held["appointment_id"], "confirm")
    target = {"starts_at": at("2030-01-08 16:00").isoformat(), "agreed_by": "telephone"}
    moved = await place.step(place.manager(), held["appointment_id"], "move", **target)
    assert (held["overridden"], moved["overridden"], moved["override_reason"]) == (["beyond-horizon"], [], None)


async def test_a_room_that_is_too_small_is_taken_only_when_no_other_is_free(running: Start) -> None:
    place = await house(running, advisors=2, horizon_days=30)
    large = await room(place.running.client(headquarters()), place.boutique_id, capacity=8)
    middle = await room(place.running.client(headquarters()), place.boutique_id, capacity=5)
    manager, given = staff(Role.MANAGER, place.boutique_id), {"party_size": 6, "override_reason": "特殊客人"}
    first = await place.hold(manager, "2030-03-05 16:00", client_id=str(new_id()), **given)
    assert (first["room_id"], first["overridden"]) == (large["room_id"], ["beyond-horizon"])
    second = await place.hold(manager, "2030-03-05 16:00", client_id=str(new_id()), **given)
    assert (second["room_id"], second["overridden"]) == (middle["room_id"], ["beyond-horizon", "no-room-for-party"])


async def test_an_override_is_the_managers_and_one_that_breaks_no_rule_breaks_none(running: Start) -> None:
    place = await house(running)
    for caller in (client(), staff(Role.ADVISOR, place.boutique_id), staff(Role.CLIENT_SERVICE)):
        given = {} if caller.role is Role.CLIENT else {"client_id": str(new_id())}
        assert problem(await place.asks(caller, override_reason="特殊客人", **given)) == "override-is-managers"
    manager = staff(Role.MANAGER, place.boutique_id)
    held = await place.hold(manager, client_id=str(new_id()), override_reason="特殊客人")
    assert held["overridden"] == []
    # Whoever works is asked before somebody who does not.
    assert held["advisor_id"] == place.advisor_ids[0]
