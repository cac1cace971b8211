"""Hours suggested for public holidays and make-up workdays, which somebody takes over."""

from typing import Any

from infra.identity import Role
from tests.appointments import build
from tests.appointments.build import House, client, house, said, staff
from tests.asking import problem
from tests.conftest import Start

# Five days a week until six, on Sundays until four, with a break on Wednesdays.
SOME_DAYS = {
    "weekly": [
        *({"weekday": day, "starts": "10:00", "ends": "18:00"} for day in range(1, 6)),
        {"weekday": 7, "starts": "11:00", "ends": "16:00"},
    ],
    "breaks": [{"weekday": 3, "starts": "12:00", "ends": "13:00"}],
}


async def suggested(place: House, first: str, last: str) -> Any:
    path = f"/v1/boutiques/{place.boutique_id}/hours/suggestions"
    return await place.manager().get(path, params={"from": first, "to": last})


async def open_on_some_days(place: House) -> None:
    path = f"/v1/boutiques/{place.boutique_id}/hours"
    said(await place.manager().put(path, json=SOME_DAYS, headers={"If-Match": "*"}))


async def test_holidays_want_a_sundays_hours_and_make_up_workdays_a_weekdays(running: Start) -> None:
    place = await house(running)
    await open_on_some_days(place)
    body = said(await suggested(place, "2026-09-20", "2026-10-10"))
    assert body["covers"] == "all"
    days = {one["on"]: one for one in body["items"]}
    first = days["2026-10-01"]  # a Thursday
    assert (first["special"], first["name_zh"], first["name_en"]) == ("holiday", "国庆节", "National Day")
    assert first["stretches"] == [{"starts": "11:00", "ends": "16:00"}]
    assert first["stands"] == [{"starts": "10:00", "ends": "18:00"}]
    assert first["differs"] is True
    made_up = days["2026-10-10"]  # a Saturday on which people work
    assert made_up["special"] == "make-up-workday"
    assert made_up["stretches"] == [{"starts": "10:00", "ends": "12:00"}, {"starts": "13:00", "ends": "18:00"}]
    assert made_up["stands"] == []
    assert days["2026-10-04"]["differs"] is False  # a Sunday anyway
    assert "2026-09-21" not in days


async def test_what_is_suggested_changes_nothing_until_it_is_taken_over(running: Start) -> None:
    place = await house(running)
    await open_on_some_days(place)
    path = f"/v1/boutiques/{place.boutique_id}/hours"
    before = await place.manager().get(path)
    assert before.json()["dated"] == []
    taken = {"on": ["2026-10-01", "2026-10-10"]}
    assert (await place.manager().put(f"{path}/suggestions", json=taken)).status_code == 428
    changed = await place.manager().put(f"{path}/suggestions", json=taken, headers={"If-Match": before.headers["ETag"]})
    body = said(changed)
    assert [one["on"] for one in body["dated"]] == ["2026-10-01", "2026-10-10"]
    assert body == said(await place.manager().get(path))
    assert len(body["weekly"]) == 6
    stale = await place.manager().put(f"{path}/suggestions", json=taken, headers={"If-Match": before.headers["ETag"]})
    assert problem(stale) == "stale"
    again = {one["on"]: one["differs"] for one in said(await suggested(place, "2026-10-01", "2026-10-10"))["items"]}
    assert again["2026-10-01"] is False
    assert again["2026-10-02"] is True


async def test_a_day_without_a_suggestion_cannot_be_taken_over(running: Start) -> None:
    place = await house(running)
    path = f"/v1/boutiques/{place.boutique_id}/hours/suggestions"
    for days in (["2026-10-01", "2026-10-13"], ["2031-10-01"]):
        refused = await place.manager().put(path, json={"on": days}, headers={"If-Match": "*"})
        assert problem(refused) == "hours-no-suggestion"
    assert said(await place.manager().get(path.removesuffix("/suggestions")))["dated"] == []


async def test_outside_its_years_and_outside_the_mainland_the_calendar_says_that_it_does_not_know(
    running: Start,
) -> None:
    place = await house(running)
    unknown = said(await suggested(place, "2031-01-01", "2031-12-31"))
    assert (unknown["covers"], unknown["items"]) == ("none", [])
    known_until = unknown["known_until_on"]
    assert known_until >= "2026-12-31"
    partly = said(await suggested(place, f"{known_until[:4]}-10-01", f"{int(known_until[:4]) + 1}-01-31"))
    assert partly["covers"] == "some"
    assert partly["items"]
    http = place.by(build.headquarters())
    paris = await build.boutique(http, zone="Europe/Paris")
    path = f"/v1/boutiques/{paris['boutique_id']}/hours/suggestions"
    there = said(await http.get(path, params={"from": "2026-10-01", "to": "2026-10-07"}))
    assert (there["covers"], there["items"]) == ("elsewhere", [])


async def test_a_range_that_is_none_or_too_long_is_refused_and_strangers_ask_in_vain(running: Start) -> None:
    place = await house(running)
    assert problem(await suggested(place, "2026-10-02", "2026-10-01")) == "suggestions-range-too-wide"
    assert problem(await suggested(place, "2025-01-01", "2026-10-01")) == "suggestions-range-too-wide"
    assert problem(await suggested(place, "0001-01-01", "9999-12-31")) == "malformed"
    path = f"/v1/boutiques/{place.boutique_id}/hours/suggestions"
    asked = {"from": "2026-10-01", "to": "2026-10-02"}
    assert (await place.by(client()).get(path, params=asked)).status_code == 403
    stranger = staff(Role.MANAGER, "00000000-0000-0000-0000-000000000003")
    assert (await place.by(stranger).get(path, params=asked)).status_code == 404
