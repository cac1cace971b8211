"""An advisor ill today, a boutique closed: every visit in the way is settled in one action."""

from typing import Any

from infra.identity import Role
from infra.ids import new_id
from tests.appointments.build import House, ask, at, client, house, said, staff
from tests.asking import problem
from tests.conftest import Start

OVERLAPS = (
    "select 1 from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
    " and a.ctid <> b.ctid"
)


async def disrupted(place: House, status: int = 201, **given: Any) -> dict[str, Any]:
    """What a disruption of Tuesday comes to."""
    form = {
        "from_at": at("2030-01-08 00:00").isoformat(),
        "to_at": at("2030-01-09 00:00").isoformat(),
        "reason": "sick",
        **given,
    }
    return said(await ask(place.manager(), "/v1/disruptions", form), status)


async def told(place: House, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await place.running.facts(f"appointments.{kind}.v1")]


def outcomes(settled: dict[str, Any]) -> dict[str, str]:
    return {one["appointment_id"]: one["outcome"] for one in settled["visits"]}


async def test_visits_of_an_ill_advisor_go_to_whoever_is_free_then_and_the_rest_is_offered_anew(
    running: Start,
) -> None:
    place = await house(running, advisors=2, needs_room=False)
    ill, other = place.advisor_ids
    goes = (await place.visit(local="2030-01-08 11:00", advisor_id=ill))["appointment_id"]
    stuck = (await place.visit(local="2030-01-08 15:00", advisor_id=ill))["appointment_id"]
    await place.visit(local="2030-01-08 15:00", advisor_id=other)
    untouched = (await place.visit(local="2030-01-09 15:00", advisor_id=ill))["appointment_id"]
    settled = await disrupted(place, advisor_id=ill)
    assert outcomes(settled) == {goes: "reassigned", stuck: "offered"}
    first, second = settled["visits"]
    assert (first["advisor_id"], first["from_advisor_id"]) == (other, ill)
    assert len(second["alternatives"]) == 3
    read = said(await place.manager().get(f"/v1/appointments/{goes}"))
    assert (read["advisor_id"], read["assigned_for"], read["status"]) == (other, "rotation", "confirmed")
    offer = said(await place.manager().get(f"/v1/appointments/{stuck}/proposals"))["items"][0]
    assert (offer["because"], offer["proposal_id"]) == ("disruption", second["proposal_id"])
    # It keeps the old time while she has not answered, and what is offered is not with who is ill.
    assert offer["advisor_id"] == other
    assert await place.running.rows(OVERLAPS) == []
    assert said(await place.manager().get(f"/v1/appointments/{untouched}"))["advisor_id"] == ill
    facts = {one["appointment_id"]: (one["outcome"], one["reason"]) for one in await told(place, "disrupted")}
    assert facts == {goes: ("reassigned", "sick"), stuck: ("offered", "sick")}
    assert [one["appointment_id"] for one in await told(place, "moved")] == [goes]
    assert [one["appointment_id"] for one in await told(place, "proposed")] == [stuck]


async def test_a_rehearsal_says_the_same_and_changes_nothing(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    ill, other = place.advisor_ids
    await place.visit(advisor_id=ill)
    await place.visit(local="2030-01-08 15:00", advisor_id=ill)
    await place.visit(local="2030-01-08 15:00", advisor_id=other)
    every = "select (select count(*) from disruption) + (select count(*) from proposal) as n"
    before = await place.running.rows("select * from occupation order by resource_id, during")
    rehearsed = await disrupted(place, 200, advisor_id=ill, dry_run=True)
    assert rehearsed["disruption_id"] is None
    assert await place.running.rows("select * from occupation order by resource_id, during") == before
    assert await place.running.rows(every) == [{"n": 0}]
    assert await told(place, "disrupted") == await told(place, "moved") == []
    done = await disrupted(place, advisor_id=ill)
    assert outcomes(done) == outcomes(rehearsed)


async def test_it_is_safe_to_repeat(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    ill, other = place.advisor_ids
    await place.visit(advisor_id=ill)
    stuck = (await place.visit(local="2030-01-08 15:00", advisor_id=ill))["appointment_id"]
    await place.visit(local="2030-01-08 15:00", advisor_id=other)
    first = await disrupted(place, advisor_id=ill)
    facts = len(await told(place, "disrupted"))
    again = await disrupted(place, advisor_id=ill)
    # What went to somebody else is not in the way any more; the offer stands and is told once.
    assert outcomes(again) == {stuck: "offered"}
    assert again["visits"][0]["proposal_id"] == first["visits"][1]["proposal_id"]
    assert len(await told(place, "disrupted")) == facts
    read = said(await place.manager().get(f"/v1/disruptions/{first['disruption_id']}"))
    assert outcomes(read) == outcomes(first)


async def test_a_closed_boutique_offers_every_visit_another_day(running: Start) -> None:
    place = await house(running, advisors=2)
    visits = {(await place.visit(local=f"2030-01-08 {clock}"))["appointment_id"] for clock in ("11:00", "15:00")}
    settled = await disrupted(place, boutique_id=place.boutique_id, reason="emergency")
    assert outcomes(settled) == dict.fromkeys(visits, "offered")
    for one in settled["visits"]:
        assert not one["proposed_at"].startswith("2030-01-08")
        assert len(one["alternatives"]) == 3
    assert await place.running.rows(OVERLAPS) == []


async def test_she_declines_and_chooses_an_alternative_without_notice(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, cancel_notice_minutes=2880)
    ill, other = place.advisor_ids
    her = client()
    visit = (await place.visit(her, "2030-01-08 15:00", advisor_id=ill))["appointment_id"]
    await place.visit(local="2030-01-08 15:00", advisor_id=other)
    target = at("2030-01-08 18:00").isoformat()
    assert problem(await place.tries(place.by(her), visit, "move", starts_at=target)) == "notice-too-short"
    [offered] = (await disrupted(place, advisor_id=ill))["visits"]
    declined = await place.by(her).post(f"/v1/proposals/{offered['proposal_id']}/decline")
    assert said(declined)["status"] == "declined"
    chosen = offered["alternatives"][-1]
    moved = await place.step(place.by(her), visit, "move", **chosen)
    assert moved["advisor_id"] == chosen["advisor_id"]
    # Once it stands where it can be, her notice counts again.
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"


async def test_who_finds_nothing_free_is_to_be_called_and_told_once(running: Start) -> None:
    place = await house(running, needs_room=False, horizon_days=1)
    her = client()
    visit = (await place.visit(her, "2030-01-07 18:00"))["appointment_id"]
    settled = await disrupted(
        place, advisor_id=place.advisor_ids[0], from_at=place.clock.now.isoformat(), to_at="2030-03-01T00:00:00Z"
    )
    assert outcomes(settled) == {visit: "nothing-free"}
    again = await disrupted(
        place, advisor_id=place.advisor_ids[0], from_at=place.clock.now.isoformat(), to_at="2030-03-01T00:00:00Z"
    )
    assert outcomes(again) == {visit: "nothing-free"}
    assert [one["outcome"] for one in await told(place, "disrupted")] == ["nothing-free"]
    # She may give it up without notice: the house has upset it.
    assert (await place.step(place.by(her), visit, "cancel"))["status"] == "cancelled"


async def test_a_request_goes_to_somebody_else_and_stays_a_request(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, needs_approval=True)
    ill, other = place.advisor_ids
    her = client()
    held = await place.hold(her, advisor_id=ill)
    await place.step(place.by(her), held["appointment_id"], "confirm")
    settled = await disrupted(place, advisor_id=ill)
    assert outcomes(settled) == {held["appointment_id"]: "reassigned"}
    approved = await place.step(place.manager(), held["appointment_id"], "approve")
    assert (approved["advisor_id"], approved["status"]) == (other, "confirmed")


async def test_an_ill_second_advisor_is_replaced_by_another(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False, needs_second_advisor=True)
    visit = await place.visit(advisor_id=place.advisor_ids[0])
    ill = visit["second_advisor_id"]
    (third,) = set(place.advisor_ids) - {visit["advisor_id"], ill}
    assert outcomes(await disrupted(place, advisor_id=ill)) == {visit["appointment_id"]: "reassigned"}
    read = said(await place.manager().get(f"/v1/appointments/{visit['appointment_id']}"))
    assert (read["advisor_id"], read["second_advisor_id"]) == (visit["advisor_id"], third)


async def test_all_visits_of_who_has_left_are_found_also_where_she_only_assists(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False, needs_second_advisor=True)
    first = place.advisor_ids[0]
    assists = await place.visit(advisor_id=first)
    leaver = assists["second_advisor_id"]
    (third,) = set(place.advisor_ids) - {first, leaver}
    receives = await place.visit(local="2030-01-08 15:00", advisor_id=leaver)
    said(await place.manager().post(f"/v1/advisors/{leaver}/leave"))
    settled = await disrupted(place, advisor_id=leaver, reason="left")
    helps = receives["second_advisor_id"]
    (takes,) = {first, third} - {helps}
    visits = {assists["appointment_id"]: (first, third), receives["appointment_id"]: (takes, helps)}
    assert outcomes(settled) == dict.fromkeys(visits, "reassigned")
    for appointment_id, both in visits.items():
        read = said(await place.manager().get(f"/v1/appointments/{appointment_id}"))
        assert (read["advisor_id"], read["second_advisor_id"]) == both


async def test_a_disruption_is_settled_by_who_leads_the_boutique(running: Start) -> None:
    place = await house(running)
    form = {
        "advisor_id": place.advisor_ids[0],
        "from_at": at("2030-01-08 00:00").isoformat(),
        "to_at": at("2030-01-09 00:00").isoformat(),
        "reason": "sick",
    }
    stranger = place.by(staff(Role.MANAGER, str(new_id())))
    assert problem(await ask(stranger, "/v1/disruptions", form)) == "not-found"
    advisor = place.by(staff(Role.ADVISOR, place.boutique_id))
    assert problem(await ask(advisor, "/v1/disruptions", form)) == "not-permitted"
    for wrong in (
        {"boutique_id": place.boutique_id},
        {"advisor_id": None},
        {"to_at": form["from_at"]},
        {"to_at": "2031-01-01T00:00:00Z"},
        {"reason": "\u0000"},
    ):
        assert problem(await ask(place.manager(), "/v1/disruptions", {**form, **wrong})) == "malformed"
    assert problem(await place.manager().get(f"/v1/disruptions/{new_id()}")) == "not-found"


async def test_more_visits_than_one_action_settles_are_all_come_to_by_asking_again(running: Start) -> None:
    place = await house(running, needs_room=False, duration_minutes=15, granularity_minutes=15)
    made = set()
    for day in ("2030-01-08", "2030-01-09"):
        for hour in range(10, 17):
            for minute in (0, 15, 30, 45):
                visit = await place.visit(local=f"{day} {hour}:{minute:02}")
                made.add(visit["appointment_id"])
    # Nothing is free for as long as it lasts: every visit stays in the way, and has to be called about.
    given: dict[str, Any] = {"boutique_id": place.boutique_id, "to_at": at("2030-04-01 00:00").isoformat()}
    first, second = [await disrupted(place, **given) for _ in range(2)]
    assert (first["more"], second["more"]) == (True, False)
    assert len(first["visits"]) == 50
    assert outcomes(first).keys() | outcomes(second).keys() == made
    assert sorted(one["appointment_id"] for one in await told(place, "disrupted")) == sorted(made)
