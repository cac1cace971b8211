"""The two-hourly count of a boutique's day, and where nobody counted."""

from typing import Any

from infra.identity import Role
from tests.appointments.build import House, at, house, post, said, staff
from tests.asking import problem
from tests.conftest import Start


async def tally(place: House, on: str = "2030-01-07") -> dict[str, Any]:
    asked = {"boutique_id": place.boutique_id, "on": on}
    return said(await place.manager().get("/v1/visits/tally", params=asked))


async def enter(place: House, local: str, **given: Any) -> None:
    place.clock.now = at(local)
    await post(place.manager(), "/v1/visits", {"boutique_id": place.boutique_id, **given})


async def put(place: House, starts: str, entries: int, *, tag: str = "*", on: str = "2030-01-07") -> Any:
    path = f"/v1/visits/tally/{place.boutique_id}/{on}/{starts}"
    return await place.manager().put(path, json={"entries": entries}, headers={"If-Match": tag})


async def test_an_open_stretch_in_which_nobody_counted_is_shown_as_a_gap(running: Start) -> None:
    place = await house(running)
    await enter(place, "2030-01-07 09:55")
    await enter(place, "2030-01-07 10:00", party_size=3)
    await enter(place, "2030-01-07 11:59")
    await enter(place, "2030-01-07 14:00")
    place.clock.now = at("2030-01-07 16:30")
    day = await tally(place)
    seen = [(one["starts"], one["coverage"], one["entries"], one["people"]) for one in day["buckets"]]
    assert seen == [
        ("10:00", "counted", 2, 4),
        ("12:00", "gap", None, 0),
        ("14:00", "counted", 1, 1),
        ("16:00", "going-on", 0, 0),
        ("18:00", "ahead", None, 0),
    ]
    assert (day["outside"], day["gaps"], day["entries"]) == (1, 1, 4)


async def test_a_closed_boutique_has_no_gap_but_who_came_all_the_same_is_counted(running: Start) -> None:
    place = await house(running)
    closed = {"starts": "2030-01-07T10:00", "ends": "2030-01-07T15:00", "reason": "stocktaking"}
    await post(place.manager(), f"/v1/boutiques/{place.boutique_id}/closures", closed)
    await enter(place, "2030-01-07 12:30")
    place.clock.now = at("2030-01-07 20:30")
    day = await tally(place)
    # From two to four it was open for an hour.
    covered = ["closed", "counted", "gap", "gap", "gap"]
    assert ([one["coverage"] for one in day["buckets"]], day["gaps"]) == (covered, 3)
    assert day["buckets"][0]["entries"] is None
    assert said(await put(place, "10:00", 2))["coverage"] == "by-hand"
    assert (await tally(place))["buckets"][0]["entries"] == 2


async def test_a_number_entered_afterwards_is_said_to_be_by_hand(running: Start) -> None:
    place = await house(running)
    await enter(place, "2030-01-07 10:30")
    place.clock.now = at("2030-01-07 14:00")
    first = await put(place, "12:00", 0, tag='"0"')
    assert (said(first)["coverage"], first.json()["entries"], first.headers["ETag"]) == ("by-hand", 0, '"1"')
    assert problem(await put(place, "12:00", 7, tag='"0"')) == "stale"
    said(await put(place, "10:00", 9))
    day = await tally(place)
    assert [one["entries"] for one in day["buckets"]] == [9, 0, 0, None, None]
    assert (day["buckets"][0]["counted"], day["buckets"][0]["coverage"], day["gaps"]) == (1, "by-hand", 0)


async def test_only_stretches_that_are_over_and_there_take_a_number(running: Start) -> None:
    place = await house(running)
    place.clock.now = at("2030-01-07 13:59")
    going_on = await put(place, "12:00", 3)
    assert (problem(going_on), going_on.json()["possible_at"]) == (
        "bucket-not-over",
        at("2030-01-07 14:00").isoformat(),
    )
    assert problem(await put(place, "11:00", 3)) == "no-such-bucket"
    assert problem(await put(place, "25:00", 3)) == "malformed"
    assert problem(await put(place, "10:00", -1)) == "malformed"
    assert problem(await put(place, "10:00", 3, on="9999-12-31")) == "malformed"
    advisor = place.by(staff(Role.ADVISOR, place.boutique_id))
    path = f"/v1/visits/tally/{place.boutique_id}/2030-01-07/10:00"
    refused = await advisor.put(path, json={"entries": 3}, headers={"If-Match": "*"})
    assert problem(refused) == "not-permitted"


async def test_the_day_is_the_boutiques_own(running: Start) -> None:
    place = await house(running)
    hours = {
        "weekly": [
            {"weekday": 1, "starts": "10:00", "ends": "13:00"},
            {"weekday": 1, "starts": "15:00", "ends": "20:00"},
        ]
    }
    said(await place.manager().put(f"/v1/boutiques/{place.boutique_id}/hours", json=hours, headers={"If-Match": "*"}))
    day = await tally(place)
    assert [(one["starts"], one["ends"]) for one in day["buckets"]] == [
        ("10:00", "12:00"),
        ("12:00", "13:00"),
        ("15:00", "17:00"),
        ("17:00", "19:00"),
        ("19:00", "20:00"),
    ]
    assert (await tally(place, "2030-01-08"))["buckets"] == []
