"""She takes one of the times that were named to her, in one call."""

import asyncio
from typing import Any

from infra.identity import Caller, Role
from tests.appointments.build import House, at, client, house, said, staff
from tests.appointments.test_disruptions import OVERLAPS, disrupted, told
from tests.appointments.test_proposals import proposed
from tests.asking import problem
from tests.conftest import Start


async def takes(place: House, caller: Caller, offer: dict[str, Any], chosen: dict[str, Any], **more: Any) -> Any:
    """What is answered to who takes a named time."""
    form = {"alternative": chosen, **more}
    return await place.by(caller).post(f"/v1/proposals/{offer['proposal_id']}/accept", json=form)


async def occupied(place: House) -> list[dict[str, Any]]:
    return await place.running.rows("select * from occupation order by resource_id, during")


async def test_she_takes_another_time_than_the_one_an_upset_visit_was_offered(running: Start) -> None:
    place = await house(running, advisors=2, cancel_notice_minutes=2880)
    her = client()
    visit = (await place.visit(her))["appointment_id"]
    [offer] = (await disrupted(place, boutique_id=place.boutique_id))["visits"]
    chosen = offer["alternatives"][-1]
    moved = said(await takes(place, her, offer, chosen))
    assert (moved["starts_at"], moved["advisor_id"]) == (chosen["starts_at"], chosen["advisor_id"])
    assert (moved["status"], moved["proposal_id"]) == ("confirmed", None)
    # What was kept for her besides is free again.
    assert {str(row["appointment_id"]) for row in await occupied(place)} == {visit}
    [fact] = await told(place, "moved")
    assert (fact["starts_at"], fact["agreed_by"]) == (chosen["starts_at"], "proposal")
    assert [one["outcome"] for one in await told(place, "proposal-ended")] == ["accepted"]
    # She has agreed to it: her notice counts again.
    place.clock.now = at("2030-01-08 09:00")
    assert problem(await place.tries(place.by(her), visit, "cancel")) == "notice-too-short"


async def test_where_it_is_taken_meanwhile_all_stays_and_what_is_named_then_can_be_taken(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = (await place.visit(her))["appointment_id"]
    [offer] = (await disrupted(place, boutique_id=place.boutique_id))["visits"]
    # The nearest overlaps what is kept for her; this one anybody can have.
    chosen = offer["alternatives"][1]
    rival = client()
    held = await place.asks(rival, **chosen)
    await place.step(place.by(rival), said(held, 201)["appointment_id"], "confirm")
    before = await occupied(place)
    refused = await takes(place, her, offer, chosen)
    assert problem(refused) == "slot-taken"
    assert await occupied(place) == before
    read = said(await place.by(her).get(f"/v1/appointments/{visit}"))
    assert (read["starts_at"], read["proposal_id"]) == ("2030-01-08T03:00:00Z", offer["proposal_id"])
    fresh = [one for one in refused.json()["alternatives"] if one not in offer["alternatives"]]
    assert said(await takes(place, her, offer, fresh[0]))["starts_at"] == fresh[0]["starts_at"].replace("+00:00", "Z")


async def test_no_time_is_taken_that_was_not_named(running: Start) -> None:
    place = await house(running)
    her = client()
    await place.visit(her)
    [offer] = (await disrupted(place, boutique_id=place.boutique_id))["visits"]
    away = {"starts_at": at("2030-01-20 11:00").isoformat(), "advisor_id": place.advisor_ids[0]}
    assert problem(await takes(place, her, offer, away)) == "alternative-not-named"
    assert problem(await takes(place, client(), offer, offer["alternatives"][0])) == "not-found"
    # The proposed time is one that was named, too.
    own = {"starts_at": offer["proposed_at"], "advisor_id": place.advisor_ids[0]}
    assert said(await takes(place, her, offer, own))["starts_at"] == offer["proposed_at"]


async def test_what_staff_propose_names_others_too_and_the_house_takes_one_for_her(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    offer = await proposed(place, visit, "2030-01-08 15:00")
    starts = [one["starts_at"] for one in offer["alternatives"]]
    assert starts == ["2030-01-08T06:30:00Z", "2030-01-08T07:30:00Z", "2030-01-08T06:00:00Z"]
    service = staff(Role.CLIENT_SERVICE)
    chosen = offer["alternatives"][0]
    assert problem(await takes(place, service, offer, chosen)) == "her-agreement-missing"
    moved = said(await takes(place, service, offer, chosen, agreed_by="telephone"))
    assert (moved["starts_at"], moved["agreed_by"]) == (chosen["starts_at"], "telephone")


async def test_rivals_for_a_named_time_and_nobody_is_in_two_places(running: Start) -> None:
    place = await house(running, advisors=2)
    for day in range(8, 12):
        her = client()
        visit = await place.visit(her, f"2030-01-{day:02} 11:00")
        offer = await proposed(place, visit, f"2030-01-{day:02} 15:00")
        chosen = offer["alternatives"][0]
        answers = await asyncio.gather(
            takes(place, her, offer, chosen),
            takes(place, her, offer, offer["alternatives"][1]),
            *(place.asks(**chosen) for _ in range(3)),
            place.by(her).post(f"/v1/proposals/{offer['proposal_id']}/decline"),
        )
        assert {one.status_code for one in answers} <= {200, 201, 409, 410}
        assert await place.running.rows(OVERLAPS) == []
    assert await place.running.rows("select 1 from proposal where status = 'open'") == []
