"""Appointments over HTTP: from the hold to the end of the visit."""

from datetime import datetime, timedelta
from typing import Any

from infra.identity import Role
from infra.ids import NOBODY, new_id
from infra.retention.sweeping import sweep
from services.appointments.rights.tables.periods import PERIODS
from tests.appointments import build
from tests.appointments.build import at, client, house, said, staff
from tests.asking import problem, until
from tests.conftest import Start


async def test_a_client_holds_confirms_comes_and_leaves(running: Start) -> None:
    place = await house(running, buffer_after_minutes=15)
    her = client()
    held = await place.hold(her, piece_code="RG-0012", party_size=2)
    assert held["status"] == "held"
    assert datetime.fromisoformat(held["expires_at"]) - place.clock.now == timedelta(minutes=5)
    assert (held["advisor_id"], held["room_id"]) == (place.advisor_ids[0], place.room["room_id"])
    assert held["client_id"] == str(her.client_id)
    visit = await place.step(place.by(her), held["appointment_id"], "confirm")
    assert (visit["status"], visit["expires_at"], visit["version"]) == ("confirmed", None, 2)
    advisor = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0]))
    place.clock.now = at("2030-01-08 10:55")
    await place.step(advisor, held["appointment_id"], "check-in")
    place.clock.advance(hours=1)
    done = await place.step(advisor, held["appointment_id"], "complete")
    assert (done["status"], done["version"]) == ("completed", 4)
    # That she entered follows from her arrival, in its own time.
    told = [
        fact
        for fact in await place.running.facts()
        if fact["data"].get("appointment_id") and fact["type"] != "appointments.visitor-arrived.v1"
    ]
    assert [fact["type"] for fact in told] == [
        "appointments.confirmed.v1",
        "appointments.client-arrived.v1",
        "appointments.visit-completed.v1",
    ]
    assert told[0]["data"] == {
        "appointment_id": held["appointment_id"],
        "client_id": str(her.client_id),
        "boutique_id": place.boutique_id,
        "advisor_id": place.advisor_ids[0],
        "room_id": place.room["room_id"],
        "experience_id": place.experience["experience_id"],
        "starts_at": "2030-01-08T03:00:00Z",
        "ends_at": "2030-01-08T04:00:00Z",
        "piece_code": "RG-0012",
        "mode": "in-person",
        "second_advisor_id": None,
        "made_by": "client",
        "overridden": [],
    }


async def test_buffers_widen_the_advisors_and_the_rooms_time_but_not_the_clients(running: Start) -> None:
    place = await house(running, buffer_before_minutes=10, buffer_after_minutes=20)
    held = await place.hold()
    rows = await place.running.rows("select resource_id, lower(during) as low, upper(during) as high from occupation")
    taken = {str(row["resource_id"]): (row["low"], row["high"]) for row in rows}
    start, minute = at("2030-01-08 11:00"), timedelta(minutes=1)
    assert taken == {
        held["client_id"]: (start, start + 60 * minute),
        held["advisor_id"]: (start - 10 * minute, start + 80 * minute),
        held["room_id"]: (start - 10 * minute, start + 80 * minute),
    }


async def test_a_taken_time_is_answered_with_alternatives_that_are_really_free(running: Start) -> None:
    place = await house(running)
    await place.hold()
    refused = await place.asks()
    assert problem(refused) == "slot-taken"
    offers = refused.json()["alternatives"]
    assert [offer["starts_at"] for offer in offers] == [
        at(f"2030-01-08 {clock}").isoformat() for clock in ("10:00", "12:00", "12:30")
    ]
    for offer in [offers[0], offers[1]]:
        await place.hold(starts_at=offer["starts_at"], advisor_id=offer["advisor_id"])


async def test_alternatives_leave_out_her_own_other_visits(running: Start) -> None:
    place = await house(running, advisors=2)
    await place.hold(advisor_id=place.advisor_ids[0])
    her = client()
    await place.hold(her, "2030-01-08 12:00", advisor_id=place.advisor_ids[1])
    refused = await place.asks(her, advisor_id=place.advisor_ids[0])
    offered = {offer["starts_at"] for offer in refused.json()["alternatives"]}
    assert offered.isdisjoint({at(f"2030-01-08 {clock}").isoformat() for clock in ("11:30", "12:00", "12:30")})


async def test_one_client_cannot_be_in_two_places_at_a_time(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    her = client()
    await place.hold(her, advisor_id=place.advisor_ids[0])
    again = await place.asks(her, "2030-01-08 11:30", advisor_id=place.advisor_ids[1])
    assert problem(again) == "slot-taken"


async def test_another_rooms_freedom_helps_when_the_first_is_taken(running: Start) -> None:
    place = await house(running, advisors=2)
    small = await build.room(place.manager(), place.boutique_id, capacity=2)
    one = await place.hold(party_size=2)
    two = await place.hold(party_size=3)
    assert (one["room_id"], two["room_id"]) == (small["room_id"], place.room["room_id"])
    assert problem(await place.asks(party_size=5)) == "no-room-for-party"


async def test_a_hold_that_ran_out_gives_way_at_once_and_nobody_hears_of_it(running: Start) -> None:
    place = await house(running)
    her = client()
    held = await place.hold(her)
    place.clock.advance(minutes=5)
    # Perhaps the expiry has not come round yet: the insert does not wait for it.
    rival = await place.hold()
    assert rival["starts_at"] == held["starts_at"]
    late = await place.tries(place.by(her), held["appointment_id"], "confirm")
    assert problem(late) == "hold-expired"

    async def expired() -> bool:
        read = await place.by(her).get(f"/v1/appointments/{held['appointment_id']}")
        return bool(said(read)["status"] == "expired")

    await until(expired)
    assert [fact for fact in await place.running.facts() if "appointment_id" in fact["data"]] == []
    # The rival's rows are untouched by the expiry of the first.
    assert len(await place.running.rows("select 1 from occupation")) == 3


async def test_a_hold_is_confirmed_until_its_last_moment(running: Start) -> None:
    place = await house(running)
    her = client()
    held = await place.hold(her)
    place.clock.advance(minutes=4, seconds=59)
    await place.step(place.by(her), held["appointment_id"], "confirm")
    again = await place.tries(place.by(her), held["appointment_id"], "confirm")
    assert (problem(again), again.json()["appointment_status"]) == ("appointment-step-not-possible", "confirmed")


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("2030-01-07 08:30", {}, "time-passed"),
    ("2030-01-07 10:30", {}, "booking-notice-too-short"),
    ("2030-04-01 11:00", {}, "beyond-horizon"),
    ("2030-01-08 11:07", {}, "off-grid"),
    ("2030-01-08 09:30", {}, "outside-opening-hours"),
    ("2030-01-08 19:30", {}, "outside-opening-hours"),
    ("2030-01-08 11:00", {"advisor_id": str(new_id())}, "advisor-does-not-offer"),
]


async def test_times_that_cannot_be_had_are_refused_by_name(running: Start) -> None:
    place = await house(running)
    for local, given, slug in REFUSED:
        assert problem(await place.asks(local=local, **given)) == slug, local
    off = {"dated": [{"on": "2030-01-09", "stretches": []}], **build.DAILY}
    path = f"/v1/advisors/{place.advisor_ids[0]}/shifts"
    assert (await place.manager().put(path, json=off, headers={"If-Match": "*"})).status_code == 200
    assert problem(await place.asks(local="2030-01-09 11:00")) == "outside-shift"


async def test_a_skill_that_nobody_has_leaves_no_time(running: Start) -> None:
    place = await house(running, skill="high-jewellery")
    assert await place.free() == []
    assert problem(await place.asks()) == "nobody-offers-this-here"
    skilled = await build.advisor(place.manager(), place.boutique_id, skills=["high-jewellery"])
    assert (await place.hold())["advisor_id"] == skilled["advisor_id"]


async def test_a_client_owes_the_notice_and_the_boutique_none(running: Start) -> None:
    place = await house(running, cancel_notice_minutes=1440)
    her = client()
    visit = await place.visit(her)
    place.clock.now = at("2030-01-07 11:01")
    for step, body in (("cancel", {}), ("move", {"starts_at": at("2030-01-09 11:00").isoformat()})):
        refused = await place.tries(place.by(her), visit["appointment_id"], step, **body)
        assert (problem(refused), refused.json()["notice_minutes"]) == ("notice-too-short", 1440)
    gone = await place.step(place.manager(), visit["appointment_id"], "cancel")
    assert gone["status"] == "cancelled"
    assert await place.running.rows("select 1 from occupation") == []
    (fact,) = await place.running.facts("appointments.cancelled.v1")
    assert fact["data"]["appointment_id"] == visit["appointment_id"]


async def test_a_visit_moves_with_its_advisor_and_frees_its_old_time(running: Start) -> None:
    place = await house(running, advisors=3)
    her = client()
    visit = await place.visit(her, advisor_id=place.advisor_ids[2])
    target = at("2030-01-08 11:30").isoformat()
    moved = await place.step(place.by(her), visit["appointment_id"], "move", starts_at=target)
    # It overlaps its own old time, which does not stand in its way.
    assert moved["advisor_id"] == place.advisor_ids[2]
    assert await place.assigned_for(visit["appointment_id"]) == "requested"
    assert moved["starts_at"] == "2030-01-08T03:30:00Z"
    (fact,) = await place.running.facts("appointments.moved.v1")
    assert fact["data"]["starts_at"] == "2030-01-08T03:30:00Z"
    await place.hold(local="2030-01-08 10:30", advisor_id=place.advisor_ids[2])


async def test_a_move_to_a_taken_time_changes_nothing(running: Start) -> None:
    place = await house(running)
    her = client()
    visit, _ = await place.visit(her), await place.hold(local="2030-01-08 14:00")
    before = await place.running.rows("select * from occupation order by resource_id, during")
    body = {"starts_at": at("2030-01-08 14:30").isoformat()}
    refused = await place.tries(place.by(her), visit["appointment_id"], "move", **body)
    assert (problem(refused), len(refused.json()["alternatives"])) == ("slot-taken", 3)
    assert await place.running.rows("select * from occupation order by resource_id, during") == before


async def test_the_tag_of_an_older_version_stops_a_step(running: Start) -> None:
    place = await house(running)
    her = client()
    held = await place.hold(her)
    http = place.by(her)
    read = await http.get(f"/v1/appointments/{held['appointment_id']}")
    await place.step(http, held["appointment_id"], "confirm")
    stale = await http.post(
        f"/v1/appointments/{held['appointment_id']}/cancel", headers={"If-Match": read.headers["ETag"]}
    )
    assert stale.status_code == 412


async def test_a_move_starts_from_the_version_that_was_read(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path, body = f"/v1/appointments/{visit['appointment_id']}", {"starts_at": at("2030-01-08 14:00").isoformat()}
    for http in (place.by(her), place.manager()):
        assert problem(await http.post(f"{path}/move", json=body)) == "precondition-missing"
    tag = (await place.manager().get(path)).headers["ETag"]
    await place.step(place.by(her), visit["appointment_id"], "move", tag=tag, **body)
    late = await place.tries(place.manager(), visit["appointment_id"], "move", tag=tag, agreed_by="telephone", **body)
    assert problem(late) == "stale"


async def test_giving_up_a_mere_hold_frees_it_and_is_announced_to_nobody(running: Start) -> None:
    place = await house(running)
    her = client()
    held = await place.hold(her)
    await place.step(place.by(her), held["appointment_id"], "cancel")
    assert await place.running.rows("select 1 from occupation") == []
    assert [fact for fact in await place.running.facts() if "appointment_id" in fact["data"]] == []


async def test_whose_turn_it_is_receives_her_unless_somebody_is_requested(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    first = await place.hold()
    second = await place.hold(local="2030-01-08 14:00")
    assert {first["advisor_id"], second["advisor_id"]} == set(place.advisor_ids)
    third = await place.hold(local="2030-01-08 16:00", advisor_id=first["advisor_id"])
    assert await place.assigned_for(third["appointment_id"]) == "requested"
    fourth = await place.hold(local="2030-01-08 18:00")
    assert fourth["advisor_id"] == second["advisor_id"]
    assert await place.assigned_for(fourth["appointment_id"]) == "rotation"


async def test_a_client_keeps_three_times_and_no_more(running: Start) -> None:
    place = await house(running)
    her = client()
    for clock in ("10:00", "12:00", "14:00"):
        await place.hold(her, f"2030-01-08 {clock}")
    assert problem(await place.asks(her, "2030-01-08 16:00")) == "too-many-holds"
    place.clock.advance(minutes=5)
    await place.hold(her, "2030-01-08 16:00")


async def test_a_visit_of_which_nobody_said_what_became_of_it_ends_with_its_period_like_any_other(
    running: Start,
) -> None:
    place = await house(running)
    await place.visit(piece_code="RG-0012")
    [period] = [one for one in PERIODS if one.category == "visits"]
    for days, whose in ((1000, False), (1200, True)):
        await sweep(place.running.kit.database, period, now=place.clock.now + timedelta(days=days))
        [row] = await place.running.rows("select client_id, piece_code, status from appointment")
        assert (row["client_id"] == NOBODY, row["piece_code"] is None, row["status"]) == (whose, whose, "confirmed")
