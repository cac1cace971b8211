"""What becomes of a visit agreed: she comes, leaves early, or does not come."""

from tests.appointments.build import at, house
from tests.asking import problem
from tests.conftest import Start


async def test_whom_the_boutique_misses_is_recorded_and_her_time_is_free(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    early = await place.tries(place.manager(), visit["appointment_id"], "no-show")
    assert problem(early) == "too-early-for-that"
    place.clock.now = at("2030-01-08 11:20")
    assert (await place.step(place.manager(), visit["appointment_id"], "no-show"))["status"] == "no-show"
    (fact,) = await place.running.facts("appointments.no-show-recorded.v1")
    assert fact["data"]["client_id"] == visit["client_id"]
    assert await place.running.rows("select 1 from occupation") == []


async def test_a_visit_cannot_begin_a_day_after_its_end(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    place.clock.now = at("2030-01-09 12:00")
    late = await place.tries(place.manager(), visit["appointment_id"], "check-in")
    assert (problem(late), late.json()["possible_until"]) == ("too-late-for-that", place.clock.now.isoformat())
    place.clock.advance(seconds=-1)
    await place.step(place.manager(), visit["appointment_id"], "check-in")


async def test_what_a_completed_visit_no_longer_needs_can_be_booked(running: Start) -> None:
    place = await house(running, duration_minutes=120, buffer_after_minutes=30, notice_minutes=0)
    visit = await place.visit()
    place.clock.now = at("2030-01-08 11:30")
    await place.step(place.manager(), visit["appointment_id"], "check-in")
    assert problem(await place.asks(local="2030-01-08 11:30")) == "slot-taken"
    await place.step(place.manager(), visit["appointment_id"], "complete")
    rows = await place.running.rows("select lower(during) as low, upper(during) as high from occupation")
    assert [(row["low"], row["high"]) for row in rows] == [(at("2030-01-08 11:00"), place.clock.now)] * 3
    next_visit = await place.hold(local="2030-01-08 11:30")
    assert (next_visit["advisor_id"], next_visit["room_id"]) == (visit["advisor_id"], visit["room_id"])


async def test_a_visit_over_before_its_time_leaves_all_of_it_free(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    place.clock.now = at("2030-01-08 10:59")
    for step in ("check-in", "complete"):
        await place.step(place.manager(), visit["appointment_id"], step)
    assert await place.running.rows("select 1 from occupation") == []
