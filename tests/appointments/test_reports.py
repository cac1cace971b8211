"""Utilisation, no-shows, stays, conversion: who sees what, and out of what it is."""

from typing import Any

import pytest

from infra.identity import Caller, Role
from infra.ids import new_id
from services.appointments.visits.actions.rounds import close_forgotten
from tests.appointments.build import House, at, boutique, client, headquarters, house, post, said, staff
from tests.asking import problem, tell
from tests.conftest import Start

JANUARY = {"from": "2030-01-01", "to": "2030-02-01"}


async def report(place: House, what: str, caller: Caller, **given: str) -> list[dict[str, Any]]:
    answer = await place.by(caller).get(f"/v1/reports/{what}", params={**JANUARY, **given})
    lines: list[dict[str, Any]] = said(answer)["lines"]
    return lines


async def walk_in(place: House, local: str, *, minutes: int | None = None, **given: Any) -> dict[str, Any]:
    place.clock.now = at(local)
    visit = await post(place.manager(), "/v1/visits", {"boutique_id": place.boutique_id, **given})
    if minutes is not None:
        place.clock.advance(minutes=minutes)
        said(await place.manager().post(f"/v1/visits/{visit['visit_id']}/leave"))
    return visit


async def bought(place: House, local: str, client_id: object, *, quantity: int = 1) -> str:
    purchase_id = str(new_id())
    data = {
        "purchase_id": purchase_id,
        "client_id": str(client_id) if client_id else None,
        "boutique_id": place.boutique_id,
        "purchased_at": at(local).isoformat(),
        "lines": [{"quantity": quantity}],
    }
    await tell(place.running, "profile.purchase-recorded.v1", data, about=f"purchase:{purchase_id}")
    return purchase_id


async def test_bookings_are_counted_out_of_what_was_offered(running: Start) -> None:
    place = await house(running, advisors=2, notice_minutes=0)
    manager = staff(Role.MANAGER, place.boutique_id)
    one, other = await place.visit(), await place.visit(local="2030-01-08 13:00")
    await place.step(place.manager(), other["appointment_id"], "cancel")
    missed = await place.visit(local="2030-01-09 11:00")
    place.clock.now = at("2030-01-08 11:00")
    await place.step(place.manager(), one["appointment_id"], "check-in")
    place.clock.now = at("2030-01-09 11:30")
    await place.step(place.manager(), missed["appointment_id"], "no-show")
    team, own = await report(place, "bookings", manager)
    assert (team["level"], own["level"], own["boutique_id"]) == ("team", "boutique", place.boutique_id)
    assert {k: v for k, v in team.items() if k not in {"level", "boutique_id"}} == {
        k: v for k, v in own.items() if k not in {"level", "boutique_id"}
    }
    assert (own["agreed"], own["cancelled"], own["period_on"]) == (3, 1, "2030-01-01")
    assert own["no_shows"] == {"counted": 1, "out_of": 2, "of": "visits-that-came-about-or-not", "share": 0.5}
    # Two advisors and one room, ten hours on each of 31 days; only the visit that came about took an hour.
    assert own["advisors"] == {"counted": 60, "out_of": 2 * 31 * 600, "of": "minutes-worked", "share": 0.0016}
    assert (own["rooms"]["counted"], own["rooms"]["out_of"]) == (60, 31 * 600)
    assert (own["lead_time"]["of"], own["lead_time"]["unit"]) == (3, "days")
    assert own["lead_time"]["median"] == pytest.approx(1.17, abs=0.01)
    weeks = await report(place, "bookings", manager, interval="week", boutique_id=place.boutique_id)
    assert ("2030-01-07", 3) in {(line["period_on"], line["agreed"]) for line in weeks}


async def test_whoever_is_away_or_on_leave_offers_less(running: Start) -> None:
    place = await house(running)
    absence = {"from_on": "2030-01-10", "until_on": "2030-01-11"}
    path = f"/v1/advisors/{place.advisor_ids[0]}/absence"
    said(await place.manager().put(path, json=absence, headers={"If-Match": "*"}))
    (line,) = await report(place, "bookings", staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0]))
    assert (line["level"], line["advisors"]["out_of"], line["rooms"]) == ("advisor", 29 * 600, None)


async def test_leave_and_closures_take_what_they_cover_off_and_once(running: Start) -> None:
    place = await house(running)
    absence = {"from_on": "2030-01-10", "until_on": "2030-01-11"}
    advisor = f"/v1/advisors/{place.advisor_ids[0]}"
    said(await place.manager().put(f"{advisor}/absence", json=absence, headers={"If-Match": "*"}))
    # On the last day of the absence, on one day besides, and for an hour.
    days = {"starts": "2030-01-11", "ends": "2030-01-12", "reason": "annual"}
    await post(place.manager(), f"{advisor}/leaves", days)
    closed = {"starts": "2030-01-15T09:00", "ends": "2030-01-15T11:00", "reason": "stocktaking"}
    await post(place.manager(), f"/v1/boutiques/{place.boutique_id}/closures", closed)
    _, line = await report(place, "bookings", staff(Role.MANAGER, place.boutique_id))
    assert line["advisors"]["out_of"] == 28 * 600 - 60
    assert line["rooms"]["out_of"] == 31 * 600 - 60


async def test_the_second_advisors_time_is_used_too_and_the_visit_stays_the_firsts(running: Start) -> None:
    place = await house(running, advisors=2, needs_second_advisor=True)
    visit = await place.visit()
    _, own = await report(place, "bookings", staff(Role.MANAGER, place.boutique_id))
    assert (own["agreed"], own["advisors"]["counted"], own["rooms"]["counted"]) == (1, 120, 60)
    for advisor_id, agreed in ((visit["advisor_id"], 1), (visit["second_advisor_id"], 0)):
        (line,) = await report(place, "bookings", staff(Role.ADVISOR, place.boutique_id, advisor_id=advisor_id))
        assert (line["agreed"], line["advisors"]["counted"], line["lead_time"]["of"]) == (agreed, 60, agreed)


async def test_an_advisor_sees_her_own_figures_and_nobody_sees_several_beside_one_another(running: Start) -> None:
    place = await house(running, advisors=2)
    visit = await place.visit()
    for advisor_id in place.advisor_ids:
        lines = await report(place, "bookings", staff(Role.ADVISOR, place.boutique_id, advisor_id=advisor_id))
        assert [(line["level"], line["agreed"]) for line in lines] == [
            ("advisor", int(advisor_id == visit["advisor_id"]))
        ]
    served = await walk_in(place, "2030-01-07 11:00")
    said(
        await place.manager().post(f"/v1/visits/{served['visit_id']}/serve", json={"advisor_id": place.advisor_ids[0]})
    )
    seen = [
        await report(place, "visits", staff(Role.ADVISOR, place.boutique_id, advisor_id=advisor_id))
        for advisor_id in place.advisor_ids
    ]
    assert [[line["counted"] for line in lines] for lines in seen] == [[1], []]
    assert seen[0][0]["receipts"] is None


async def test_headquarters_see_the_brand_its_regions_and_boutiques_and_managers_their_own(running: Start) -> None:
    place = await house(running)
    await walk_in(place, "2030-01-07 11:00")
    elsewhere = await boutique(place.by(headquarters()))
    stranger = staff(Role.MANAGER, elsewhere["boutique_id"])
    lines = await report(place, "visits", headquarters())
    assert [line["level"] for line in lines] == ["brand", "region", "boutique"]
    assert await report(place, "visits", stranger) == []
    params = {**JANUARY, "boutique_id": place.boutique_id}
    assert problem(await place.by(stranger).get("/v1/reports/visits", params=params)) == "not-found"
    for bad in ({"to": "2030-01-01"}, {"to": "2039-01-01"}):
        refused = await place.manager().get("/v1/reports/bookings", params={**JANUARY, **bad})
        assert problem(refused) == "appointments-report-too-wide"


async def test_stays_nobody_saw_the_end_of_are_in_no_figure(running: Start) -> None:
    place = await house(running)
    for hour, minutes in ((10, 10), (11, 20), (12, 30), (13, 180)):
        await walk_in(place, f"2030-01-07 {hour}:00", minutes=minutes)
    await walk_in(place, "2030-01-07 18:00")
    place.clock.now = at("2030-01-07 22:00")
    await close_forgotten(place.running.kit.database, now=place.clock.now)
    (line,) = await report(place, "visits", headquarters(), boutique_id=place.boutique_id)
    dwell = line["dwell"]
    assert (dwell["forgotten"], dwell["mean_minutes"]) == (1, 60)
    assert dwell["quartiles"] == {"of": 4, "unit": "minutes", "quarter": 17.5, "median": 25, "three_quarters": 67.5}
    assert (dwell["usual"]["counted"], dwell["usual"]["out_of"]) == (3, 4)


async def test_conversion_joins_visits_with_receipts_of_that_day_and_place(running: Start) -> None:
    place = await house(running)
    buyer, looker, late = (str(new_id()) for _ in range(3))
    for whose in (buyer, buyer, looker, late):
        await walk_in(place, "2030-01-07 11:00", client_id=whose)
    await walk_in(place, "2030-01-07 11:00")
    await bought(place, "2030-01-07 12:00", buyer)
    await bought(place, "2030-01-07 12:00", None)
    await bought(place, "2030-01-08 12:00", late)  # another day
    await bought(place, "2030-01-07 12:30", looker, quantity=-1)  # a return sells nothing
    (line,) = await report(place, "visits", headquarters(), boutique_id=place.boutique_id)
    assert line["buyers"] == {"counted": 1, "out_of": 3, "of": "client-days", "share": 0.3333}
    assert (line["receipts"]["counted"], line["receipts"]["out_of"], line["receipts"]["of"]) == (3, 5, "entries")


async def test_a_claimed_receipt_converts_and_one_taken_back_does_not(running: Start) -> None:
    place = await house(running)
    her = str(new_id())
    await walk_in(place, "2030-01-07 11:00", client_id=her)
    purchase_id = await bought(place, "2030-01-07 12:00", None, quantity=2)

    async def buyers() -> int:
        (line,) = await report(place, "visits", headquarters(), boutique_id=place.boutique_id)
        found: int = line["buyers"]["counted"]
        return found

    assert await buyers() == 0
    about = f"purchase:{purchase_id}"
    claimed = {"purchase_id": purchase_id, "client_id": her}
    await tell(place.running, "profile.purchase-claimed.v1", claimed, about=about)
    assert await buyers() == 1
    some = {"purchase_id": purchase_id, "lines": [{"quantity": 1}], "is_whole": False}
    await tell(place.running, "profile.purchase-taken-back.v1", some, about=about)
    assert await buyers() == 1
    await tell(place.running, "profile.purchase-taken-back.v1", {**some, "is_whole": True}, about=about)
    assert await buyers() == 0


async def test_two_records_of_one_client_are_one_who_bought(running: Start) -> None:
    place = await house(running)
    one, other = str(new_id()), str(new_id())
    await walk_in(place, "2030-01-07 11:00", client_id=one)
    await bought(place, "2030-01-07 12:00", other)
    merge = {"merge_id": str(new_id()), "client_id": other, "merged_client_id": one}
    await tell(place.running, "profile.identities-merged.v1", merge, about=f"client:{other}")
    (line,) = await report(place, "visits", headquarters(), boutique_id=place.boutique_id)
    assert (line["buyers"]["counted"], line["buyers"]["out_of"]) == (1, 1)


async def test_home_cities_how_often_and_numbers_by_hand(running: Start) -> None:
    place = await house(running)
    for city in ("310000", "310000", "FR"):
        visit = await walk_in(place, "2030-01-07 11:00", party_size=2)
        told = {"home_city": city, "visits_this_month": "4+"}
        path = f"/v1/visits/{visit['visit_id']}"
        said(await place.manager().patch(path, json=told, headers={"If-Match": "*"}))
    place.clock.now = at("2030-01-07 20:00")
    path = f"/v1/visits/tally/{place.boutique_id}/2030-01-07"
    for starts, entries in (("10:00", 10), ("12:00", 4)):
        said(await place.manager().put(f"{path}/{starts}", json={"entries": entries}, headers={"If-Match": "*"}))
    (line,) = await report(place, "visits", headquarters(), boutique_id=place.boutique_id)
    assert line["home_cities"] == [{"home_city": "310000", "visits": 2}, {"home_city": "FR", "visits": 1}]
    assert line["often"] == {"once": 0, "two_or_three": 0, "four_or_more": 3}
    assert (line["counted"], line["entered_by_hand"], line["entries"]) == (3, 14, 14)
    assert (line["people"], line["parties"]) == (6, 3)


async def test_an_unknown_caller_has_no_reports(running: Start) -> None:
    place = await house(running)
    assert problem(await place.by(client()).get("/v1/reports/visits", params=JANUARY)) == "not-permitted"
