"""Another time that the house proposes: both times are kept until she answers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from infra.identity import Caller, Role
from services.appointments.bookings.actions.expiry import expire_overdue
from tests.appointments.build import House, ask, at, client, house, said, staff
from tests.asking import problem
from tests.conftest import Start

OVERLAPS = (
    "select 1 from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
    " and a.ctid <> b.ctid"
)


async def proposes(place: House, visit: dict[str, Any], local: str, *, tag: str = "*", **given: Any) -> Any:
    """What a proposal is answered."""
    path = f"/v1/appointments/{visit['appointment_id']}/proposals"
    service = place.by(staff(Role.CLIENT_SERVICE))
    service.headers["If-Match"] = tag
    return await ask(service, path, {"starts_at": at(local).isoformat(), **given})


async def proposed(place: House, visit: dict[str, Any], local: str, **given: Any) -> dict[str, Any]:
    return said(await proposes(place, visit, local, **given), 201)


async def answers(place: House, caller: Caller, proposal: dict[str, Any], word: str, **body: Any) -> Any:
    """What an answer to a proposal is answered."""
    return await place.by(caller).post(f"/v1/proposals/{proposal['proposal_id']}/{word}", json=body or None)


async def told(place: House, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await place.running.facts(f"appointments.{kind}.v1")]


async def busy(place: House) -> set[str]:
    """The starts that nobody else can have that day."""
    free = {slot["starts_at"] for slot in await place.free()}
    all_day = {f"2030-01-08T{hour:02}:{minute:02}:00Z" for hour in range(2, 12) for minute in (0, 30)}
    return all_day - free - {"2030-01-08T11:30:00Z"}


async def test_both_times_are_kept_until_she_accepts_and_then_only_the_new_one(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    offer = await proposed(place, visit, "2030-01-08 15:00")
    assert (offer["status"], offer["starts_at"], offer["because"]) == ("open", "2030-01-08T07:00:00Z", "staff")
    assert {"2030-01-08T03:00:00Z", "2030-01-08T07:00:00Z"} <= await busy(place)
    read = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}"))
    assert (read["starts_at"], read["proposal_id"]) == (visit["starts_at"], offer["proposal_id"])
    [fact] = await told(place, "proposed")
    assert (fact["proposal_id"], fact["made_by"]) == (offer["proposal_id"], "client-service")
    moved = said(await answers(place, her, offer, "accept"))
    assert (moved["starts_at"], moved["version"], moved["proposal_id"]) == ("2030-01-08T07:00:00Z", 3, None)
    [fact] = await told(place, "moved")
    assert fact["agreed_by"] == "proposal"
    assert [one["outcome"] for one in await told(place, "proposal-ended")] == ["accepted"]
    assert "2030-01-08T03:00:00Z" not in await busy(place)
    rows = await place.running.rows("select distinct appointment_id, kind from occupation")
    assert [(str(row["appointment_id"]), row["kind"]) for row in rows] == [(visit["appointment_id"], "visit")]


async def test_a_time_that_overlaps_the_visits_own_is_kept_where_it_goes_beyond(running: Start) -> None:
    place = await house(running, buffer_after_minutes=15)
    her = client()
    visit = await place.visit(her)
    offer = await proposed(place, visit, "2030-01-08 11:30")
    assert await place.running.rows(OVERLAPS) == []
    # From the visit's start to the proposal's end nobody else comes in.
    for clock in ("10:30", "11:00", "11:30", "12:00"):
        assert problem(await place.asks(local=f"2030-01-08 {clock}")) == "slot-taken"
    moved = said(await answers(place, her, offer, "accept"))
    assert moved["starts_at"] == "2030-01-08T03:30:00Z"
    rows = await place.running.rows("select lower(during) as low, upper(during) as high from occupation")
    start, end = at("2030-01-08 11:30"), at("2030-01-08 12:30")
    assert sorted({(row["low"], row["high"]) for row in rows}) == [(start, end), (start, end + timedelta(minutes=15))]


async def test_what_she_declines_is_free_and_her_visit_stays(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    before = await place.running.rows("select * from occupation order by resource_id")
    offer = await proposed(place, visit, "2030-01-08 15:00")
    declined = said(await answers(place, her, offer, "decline"))
    assert declined["status"] == "declined"
    assert await place.running.rows("select * from occupation order by resource_id") == before
    again = await answers(place, her, offer, "accept")
    assert (problem(again), again.json()["proposal_status"]) == ("proposal-over", "declined")
    page = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}/proposals"))
    assert [one["status"] for one in page["items"]] == ["declined"]


async def test_an_unanswered_proposal_runs_out_by_itself(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her, "2030-01-10 11:00")
    offer = await proposed(place, visit, "2030-01-10 15:00")
    place.clock.advance(days=1)
    late = await answers(place, her, offer, "accept")
    assert (problem(late), late.json()["proposal_status"]) == ("proposal-over", "expired")
    await expire_overdue(place.running.kit.database, now=place.clock.now)
    assert [one["outcome"] for one in await told(place, "proposal-ended")] == ["expired"]
    assert len(await place.running.rows("select 1 from occupation")) == 3
    read = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}"))
    assert (read["status"], read["starts_at"], read["proposal_id"]) == ("confirmed", visit["starts_at"], None)


async def test_the_house_accepts_only_by_saying_how_she_agreed(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    offer = await proposed(place, visit, "2030-01-08 15:00")
    manager = staff(Role.MANAGER, place.boutique_id)
    assert problem(await answers(place, manager, offer, "accept")) == "her-agreement-missing"
    moved = said(await answers(place, manager, offer, "accept", agreed_by="telephone"))
    assert (moved["agreed_by"], moved["starts_at"]) == ("telephone", offer["starts_at"])
    assert problem(await answers(place, client(), offer, "accept")) == "not-found"


async def test_the_house_moves_nobody_without_her_agreement(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    target = at("2030-01-08 15:00").isoformat()
    refused = await place.tries(place.manager(), visit["appointment_id"], "move", starts_at=target)
    assert problem(refused) == "her-agreement-missing"
    moved = await place.step(place.manager(), visit["appointment_id"], "move", starts_at=target, agreed_by="telephone")
    assert moved["starts_at"] == "2030-01-08T07:00:00Z"
    [fact] = await told(place, "moved")
    assert (fact["agreed_by"], fact["made_by"]) == ("telephone", "manager")


async def test_one_proposal_stands_at_a_time_and_a_move_waits_for_her_answer(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    offer = await proposed(place, visit, "2030-01-08 15:00")
    assert problem(await proposes(place, visit, "2030-01-08 17:00")) == "proposal-stands"
    target = at("2030-01-08 17:00").isoformat()
    assert problem(await place.tries(place.by(her), visit["appointment_id"], "move", starts_at=target)) == (
        "proposal-stands"
    )
    withdrawn = said(await answers(place, staff(Role.MANAGER, place.boutique_id), offer, "decline"))
    assert withdrawn["status"] == "withdrawn"
    await proposed(place, visit, "2030-01-08 17:00")


async def test_a_proposal_ends_with_its_visit_and_with_her_arrival(running: Start) -> None:
    place = await house(running, advisors=2)
    her = client()
    gone, comes = await place.visit(her), await place.visit(local="2030-01-08 13:00")
    for visit, local in ((gone, "2030-01-08 15:00"), (comes, "2030-01-08 17:00")):
        await proposed(place, visit, local)
    await place.step(place.manager(), gone["appointment_id"], "cancel")
    place.clock.now = at("2030-01-08 12:50")
    await place.step(place.manager(), comes["appointment_id"], "check-in")
    assert [one["outcome"] for one in await told(place, "proposal-ended")] == ["withdrawn", "withdrawn"]
    rows = await place.running.rows("select distinct appointment_id from occupation")
    assert [str(row["appointment_id"]) for row in rows] == [comes["appointment_id"]]


async def test_a_taken_time_cannot_be_proposed_and_the_visit_is_untouched(running: Start) -> None:
    place = await house(running)
    visit, _ = await place.visit(), await place.visit(local="2030-01-08 14:00")
    before = await place.running.rows("select * from occupation order by resource_id, during")
    refused = await proposes(place, visit, "2030-01-08 14:30")
    assert (problem(refused), len(refused.json()["alternatives"])) == ("slot-taken", 3)
    assert await place.running.rows("select * from occupation order by resource_id, during") == before
    assert await place.running.rows("select 1 from proposal") == []
    held = await place.hold(local="2030-01-08 16:00")
    assert problem(await proposes(place, held, "2030-01-08 18:00")) == "appointment-step-not-possible"
    assert problem(await proposes(place, visit, "2030-01-08 18:00", tag='"9"')) == "stale"


async def test_whoever_is_late_can_agree_to_a_later_time(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    place.clock.now = at("2030-01-08 11:20")
    offer = await proposed(place, visit, "2030-01-08 15:00")
    moved = said(await answers(place, her, offer, "accept"))
    assert (moved["starts_at"], moved["status"]) == ("2030-01-08T07:00:00Z", "confirmed")


async def test_a_proposed_time_that_cannot_be_any_more_names_others_and_the_visit_stands(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    offer = await proposed(place, visit, "2030-01-08 15:00")
    away = {"starts": "2030-01-08T14:00", "ends": "2030-01-08T18:00", "reason": "sick"}
    said(await ask(place.manager(), f"/v1/advisors/{place.advisor_ids[0]}/leaves", away), 201)
    refused = await answers(place, her, offer, "accept")
    assert problem(refused) == "slot-taken"
    near = [one["starts_at"][:16] for one in refused.json()["alternatives"]]
    assert near == ["2030-01-08T05:00", "2030-01-08T04:30", "2030-01-08T04:00"]
    read = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}"))
    assert (read["starts_at"], read["proposal_id"]) == (visit["starts_at"], offer["proposal_id"])


@pytest.mark.parametrize("word", ["accept", "decline"])
async def test_what_a_proposal_sets_aside_is_the_visits_once_she_accepts_and_not_before(
    running: Start, word: str
) -> None:
    place = await house(running, horizon_days=30)
    her = client()
    visit = await place.visit(her)
    form = {"starts_at": at("2030-03-05 16:00").isoformat(), "override_reason": "客人行程有变"}
    manager = place.manager()
    path = f"/v1/appointments/{visit['appointment_id']}"
    manager.headers["If-Match"] = "*"
    offer = said(await ask(manager, f"{path}/proposals", form), 201)
    read = said(await manager.get(path))
    assert (read["overridden"], read["override_reason"]) == ([], None)
    said(await answers(place, her, offer, word))
    read = said(await manager.get(path))
    accepted = (["beyond-horizon"], "客人行程有变")
    assert (read["overridden"], read["override_reason"]) == (accepted if word == "accept" else ([], None))
    facts = [fact["overridden"] for fact in await told(place, "moved")]
    assert facts == ([["beyond-horizon"]] if word == "accept" else [])
    kept = await place.running.rows("select override_reason from proposal")
    assert "客人".encode() not in kept[0]["override_reason"]


async def test_answers_and_rivals_race_and_nobody_is_in_two_places(running: Start) -> None:
    place = await house(running)
    for day in range(8, 14):
        her = client()
        visit = await place.visit(her, f"2030-01-{day:02} 11:00")
        offer = await proposed(place, visit, f"2030-01-{day:02} 11:30")
        outcomes = await asyncio.gather(
            answers(place, her, offer, "accept"),
            answers(place, her, offer, "decline"),
            place.tries(place.manager(), visit["appointment_id"], "cancel"),
            *(place.asks(local=f"2030-01-{day:02} {clock}") for clock in ("10:30", "11:00", "11:30", "12:00")),
        )
        assert {one.status_code for one in outcomes} <= {200, 201, 409, 410}
        assert await place.running.rows(OVERLAPS) == []
    ended = await place.running.rows("select count(*) as open from proposal where status = 'open'")
    assert ended == [{"open": 0}]
