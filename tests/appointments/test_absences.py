"""Leave and closures: time that is taken around the visits which stand already, and given back whole."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.identity import Role
from tests.appointments import build
from tests.appointments.build import SHANGHAI, House, ask, at, client, house, post, said, staff
from tests.asking import problem
from tests.conftest import Start

DAY = "2030-01-08"


async def leave(place: House, starts: str = DAY, ends: str = DAY, *, advisor: int = 0, **given: Any) -> dict[str, Any]:
    path = f"/v1/advisors/{place.advisor_ids[advisor]}/leaves"
    return await post(place.manager(), path, {"starts": starts, "ends": ends, "reason": "annual", **given})


async def closure(place: House, starts: str = DAY, ends: str = DAY, **given: Any) -> dict[str, Any]:
    path = f"/v1/boutiques/{place.boutique_id}/closures"
    return await post(place.manager(), path, {"starts": starts, "ends": ends, "reason": "stocktaking", **given})


async def taken(place: House, resource_id: str) -> list[Any]:
    """The rows of a resource, in their order."""
    rows = await place.running.rows(
        "select resource_id, kind, lower(during) as starts_at, upper(during) as ends_at from occupation order by during"
    )
    return [row for row in rows if row["resource_id"] == UUID(resource_id)]


async def covered(place: House, resource_id: str, kind: str) -> list[tuple[str, str]]:
    """The rows of this kind, by the clock on the wall."""
    return [
        (f"{row['starts_at'].astimezone(SHANGHAI):%d %H:%M}", f"{row['ends_at'].astimezone(SHANGHAI):%d %H:%M}")
        for row in await taken(place, resource_id)
        if row["kind"] == kind
    ]


async def hours_taken(place: House, resource_id: str, on: str) -> float:
    """How many hours of a day its rows take; they cannot overlap."""
    begins, ends = at(f"{on} 00:00"), at(f"{on} 00:00") + timedelta(days=1)
    parts = [
        (max(row["starts_at"], begins), min(row["ends_at"], ends))
        for row in await taken(place, resource_id)
        if row["starts_at"] < ends and begins < row["ends_at"]
    ]
    return float(sum((last - first).total_seconds() for first, last in parts)) / 3600


def clocks(slots: list[dict[str, Any]]) -> list[str]:
    return [one["starts_at"][11:16] for one in slots]


async def test_whoever_is_on_leave_is_not_offered_and_cannot_be_booked(running: Start) -> None:
    place = await house(running, advisors=2)
    gone, here = place.advisor_ids
    made = await leave(place)
    assert (made["starts_at"], made["ends_at"]) == ("2030-01-07T16:00:00Z", "2030-01-08T16:00:00Z")
    assert made["in_the_way"] == []
    assert {tuple(one["advisor_ids"]) for one in await place.free()} == {(here,)}
    assert await place.free(advisor_id=gone) == []
    assert problem(await place.asks(advisor_id=gone)) == "advisor-on-leave"
    assert (await place.hold())["advisor_id"] == here
    # The day after she is back.
    assert (await place.hold(local="2030-01-09 11:00", advisor_id=gone))["advisor_id"] == gone


async def test_when_everybody_is_away_the_refusal_says_so_and_not_why(running: Start) -> None:
    place = await house(running)
    await leave(place, "2030-01-08T10:00", "2030-01-08T12:00", reason="sick")
    refused = await place.asks(local="2030-01-08 11:00")
    assert problem(refused) == "advisor-on-leave"
    assert "sick" not in refused.text
    assert clocks(await place.free())[0] == "04:00"  # noon in Shanghai


async def test_a_visit_that_stands_in_leave_stays_and_is_named_and_its_time_is_not_given_away_after_it(
    running: Start,
) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her, local="2030-01-08 14:00")
    made = await leave(place, "2030-01-08T12:00", "2030-01-08T18:00")
    assert made["in_the_way"] == [visit["appointment_id"]]
    assert await covered(place, place.advisor_ids[0], "leave") == [("08 12:00", "08 14:00"), ("08 15:00", "08 18:00")]
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    # What the visit gave back is her leave again, in the same transaction.
    assert await covered(place, place.advisor_ids[0], "leave") == [("08 12:00", "08 18:00")]
    assert problem(await place.asks(local="2030-01-08 14:00")) == "advisor-on-leave"


async def test_a_hold_that_runs_out_inside_leave_frees_nothing(running: Start) -> None:
    place = await house(running)
    await place.hold(local="2030-01-08 14:00")
    await leave(place, "2030-01-08T12:00", "2030-01-08T18:00")
    place.clock.advance(minutes=6)
    assert [one for one in clocks(await place.free()) if "03:30" < one < "10:00"] == []
    assert problem(await place.asks(local="2030-01-08 14:00")) == "advisor-on-leave"


async def test_a_visit_moved_out_of_leave_cannot_come_back(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her, local="2030-01-08 14:00")
    await leave(place, "2030-01-08T12:00", "2030-01-08T18:00")
    http = place.manager()
    out = {"starts_at": at("2030-01-09 11:00").isoformat(), "agreed_by": "telephone"}
    moved = await place.step(http, visit["appointment_id"], "move", **out)
    assert moved["starts_at"] == "2030-01-09T03:00:00Z"
    again = {"starts_at": at("2030-01-08 14:00").isoformat(), "agreed_by": "telephone"}
    back = await place.tries(http, visit["appointment_id"], "move", **again)
    assert problem(back) == "advisor-on-leave"


async def test_leave_is_changed_and_ended_by_whoever_has_seen_it(running: Start) -> None:
    place = await house(running)
    made = await leave(place, "2030-01-08T12:00", "2030-01-08T18:00")
    path = f"/v1/advisors/{place.advisor_ids[0]}/leaves/{made['leave_id']}"
    http = place.manager()
    read = await http.get(path)
    assert (read.headers["ETag"], read.json()["reason"]) == ('"1"', "annual")
    later = {"starts": "2030-01-08T16:00", "ends": "2030-01-09"}
    assert (await http.patch(path, json=later)).status_code == 428
    changed = await http.patch(path, json=later, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert await covered(place, place.advisor_ids[0], "leave") == [("08 16:00", "10 00:00")]
    assert (await http.patch(path, json={"reason": "sick"}, headers={"If-Match": '"1"'})).status_code == 412
    assert said(await http.patch(path, json={"reason": "sick"}, headers={"If-Match": '"2"'}))["reason"] == "sick"
    assert (await http.delete(path, headers={"If-Match": '"2"'})).status_code == 412
    assert (await http.delete(path, headers={"If-Match": '"3"'})).status_code == 204
    assert (await http.get(path)).status_code == 404
    assert await covered(place, place.advisor_ids[0], "leave") == []
    assert len(await place.free()) == 19


async def test_two_leaves_do_not_overlap_but_touch(running: Start) -> None:
    place = await house(running)
    await leave(place, DAY, DAY)
    path = f"/v1/advisors/{place.advisor_ids[0]}/leaves"
    clash = {"starts": "2030-01-08T18:00", "ends": "2030-01-10T10:00", "reason": "other"}
    assert problem(await ask(place.manager(), path, clash)) == "leave-overlaps"
    await leave(place, "2030-01-09", "2030-01-09")
    listed = said(await place.manager().get(path, params={"limit": 1}))
    assert [one["starts_at"] for one in listed["items"]] == ["2030-01-07T16:00:00Z"]
    rest = said(await place.manager().get(path, params={"limit": 1, "cursor": listed["next_cursor"]}))
    assert ([one["starts_at"] for one in rest["items"]], rest["next_cursor"]) == (["2030-01-08T16:00:00Z"], None)


async def test_two_closures_do_not_overlap_and_are_read_one_by_one_and_in_pages(running: Start) -> None:
    place = await house(running)
    made = [await closure(place, day, day) for day in ("2030-01-08", "2030-01-10")]
    path = f"/v1/boutiques/{place.boutique_id}/closures"
    clash = {"starts": "2030-01-08T20:00", "ends": "2030-01-09"}
    assert problem(await ask(place.manager(), path, clash)) == "closure-overlaps"
    first = said(await place.manager().get(path, params={"limit": 1}))
    rest = said(await place.manager().get(path, params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [one["closure_id"] for one in (*first["items"], *rest["items"])] == [one["closure_id"] for one in made]
    one = await place.manager().get(f"{path}/{made[0]['closure_id']}")
    assert (one.headers["ETag"], said(one)["reason"]) == ('"1"', "stocktaking")
    half = {"starts": "2030-01-12"}
    changing = place.manager()
    assert (await changing.patch(one.url.path, json=half, headers={"If-Match": "*"})).status_code == 422


async def test_why_somebody_is_away_is_for_herself_and_those_who_lead_her(running: Start) -> None:
    place = await house(running, advisors=2)
    await leave(place, reason="sick")
    path = f"/v1/advisors/{place.advisor_ids[0]}/leaves"
    herself = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    colleague = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[1])
    assert said(await place.by(herself).get(path))["items"][0]["reason"] == "sick"
    assert problem(await place.by(colleague).get(path)) == "not-found"
    assert (await place.by(client()).get(path)).status_code == 403


@pytest.mark.parametrize(
    ("starts", "ends", "slug"),
    [
        ("2030-01-08T14:00", "2030-01-08T14:00", "absence-times-unfit"),
        ("2030-01-09", "2030-01-08", "absence-times-unfit"),
        ("2030-01-09", "2032-01-20", "absence-times-unfit"),
        ("2030-13-09", "2030-01-08", "malformed"),
        ("2030-01-09T25:00", "2030-01-10", "malformed"),
        ("tomorrow", "2030-01-08", "malformed"),
    ],
)
async def test_a_stretch_that_is_none_is_refused(running: Start, starts: str, ends: str, slug: str) -> None:
    place = await house(running)
    for path in (f"/v1/advisors/{place.advisor_ids[0]}/leaves", f"/v1/boutiques/{place.boutique_id}/closures"):
        assert problem(await ask(place.manager(), path, {"starts": starts, "ends": ends})) == slug


async def test_a_local_time_that_does_not_exist_or_comes_twice_is_refused_with_what_would_do(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    paris = await build.boutique(http, zone="Europe/Paris")
    path = f"/v1/boutiques/{paris['boutique_id']}/closures"
    skipped = await ask(http, path, {"starts": "2030-03-31T02:30", "ends": "2030-03-31T12:00"})
    assert problem(skipped) == "local-time-skipped"
    assert skipped.json()["next_at"] == "2030-03-31T03:00:00+02:00"
    twice = await ask(http, path, {"starts": "2030-10-27T02:30", "ends": "2030-10-27T12:00"})
    assert problem(twice) == "local-time-ambiguous"
    first, second = twice.json()["either"]
    assert (first, second) == ("2030-10-27T02:30:00+02:00", "2030-10-27T02:30:00+01:00")
    made = await post(http, path, {"starts": second, "ends": "2030-10-27T12:00"})
    assert made["starts_at"] == "2030-10-27T01:30:00Z"


async def test_a_closed_boutique_offers_nothing_and_says_so(running: Start) -> None:
    place = await house(running, advisors=2)
    visit = await place.visit(local="2030-01-08 14:00")
    made = await closure(place, "2030-01-08T13:00", "2030-01-08T17:00")
    assert made["in_the_way"] == [visit["appointment_id"]]
    # Until noon, and from five: nothing between lies wholly outside the closure.
    assert [one for one in clocks(await place.free()) if "04:00" < one < "09:00"] == []
    assert problem(await place.asks(local="2030-01-08 15:00")) == "boutique-closed"
    assert problem(await place.asks(local="2030-01-08 12:30")) == "boutique-closed"
    busy, idle = sorted(place.advisor_ids, key=lambda one: one != visit["advisor_id"])
    assert await covered(place, busy, "closure") == [("08 13:00", "08 14:00"), ("08 15:00", "08 17:00")]
    assert await covered(place, idle, "closure") == [("08 13:00", "08 17:00")]


async def test_leave_within_a_closure_and_a_closure_over_leave_cover_every_minute_once(running: Start) -> None:
    place = await house(running)
    whose = place.advisor_ids[0]
    shut = await closure(place, "2030-01-08T10:00", "2030-01-08T16:00")
    away = await leave(place, "2030-01-08T12:00", "2030-01-08T18:00")
    assert await covered(place, whose, "leave") == [("08 12:00", "08 18:00")]
    assert await covered(place, whose, "closure") == [("08 10:00", "08 12:00")]
    path = f"/v1/advisors/{whose}/leaves/{away['leave_id']}"
    assert (await place.manager().delete(path, headers={"If-Match": '"1"'})).status_code == 204
    assert await covered(place, whose, "closure") == [("08 10:00", "08 16:00")]
    path = f"/v1/boutiques/{place.boutique_id}/closures/{shut['closure_id']}"
    earlier = {"starts": "2030-01-08T09:00", "ends": "2030-01-08T12:00"}
    assert said(await place.manager().patch(path, json=earlier, headers={"If-Match": '"1"'}))["version"] == 2
    assert await covered(place, whose, "closure") == [("08 09:00", "08 12:00")]
    assert await covered(place, place.room["room_id"], "closure") == [("08 09:00", "08 12:00")]
    assert (await place.manager().delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert len(await place.free()) == 19


async def test_whoever_comes_to_a_boutique_comes_under_its_closures_and_whoever_goes_is_free_of_them(
    running: Start,
) -> None:
    place = await house(running)
    await closure(place)
    newcomer = await build.advisor(place.manager(), place.boutique_id)
    salon = await build.room(place.manager(), place.boutique_id)
    for resource in (newcomer["advisor_id"], salon["room_id"]):
        assert await covered(place, resource, "closure") == [("08 00:00", "09 00:00")]
    hq = place.by(build.headquarters())
    elsewhere = await build.boutique(hq)
    said(await hq.post(f"/v1/advisors/{newcomer['advisor_id']}/move", json={"boutique_id": elsewhere["boutique_id"]}))
    assert await covered(place, newcomer["advisor_id"], "closure") == []
    said(await hq.post(f"/v1/advisors/{newcomer['advisor_id']}/move", json={"boutique_id": place.boutique_id}))
    assert await covered(place, newcomer["advisor_id"], "closure") == [("08 00:00", "09 00:00")]


async def test_clients_see_when_a_boutique_is_closed_and_not_why(running: Start) -> None:
    place = await house(running)
    made = await closure(place, reason="private-event")
    path = f"/v1/boutiques/{place.boutique_id}/closures"
    hers = said(await place.by(client()).get(path))["items"]
    assert hers == [{name: made[name] for name in ("closure_id", "boutique_id", "starts_at", "ends_at")}]
    assert said(await place.manager().get(path))["items"][0]["reason"] == "private-event"


async def test_another_boutiques_manager_closes_nothing_and_sends_nobody_on_leave(running: Start) -> None:
    place = await house(running)
    stranger = place.by(staff(Role.MANAGER, str(UUID(int=3))))
    for path in (f"/v1/advisors/{place.advisor_ids[0]}/leaves", f"/v1/boutiques/{place.boutique_id}/closures"):
        assert problem(await ask(stranger, path, {"starts": DAY, "ends": DAY})) == "not-found"


async def test_who_has_left_goes_on_leave_no_more(running: Start) -> None:
    place = await house(running)
    said(await place.manager().post(f"/v1/advisors/{place.advisor_ids[0]}/leave"))
    path = f"/v1/advisors/{place.advisor_ids[0]}/leaves"
    assert problem(await ask(place.manager(), path, {"starts": DAY, "ends": DAY})) == "advisor-has-left"


async def test_of_a_booking_and_a_closure_at_the_same_moment_none_is_overlooked(running: Start) -> None:
    """Either the visit was there first and is named, or the boutique is closed and she is refused."""
    place = await house(running, advisors=2, needs_room=False)
    for day in range(8, 28):
        on = f"2030-01-{day:02}"

        async def book(on: str = on) -> Any:
            return await place.asks(local=f"{on} 14:00")

        async def close(on: str = on) -> dict[str, Any]:
            return await closure(place, on, on)

        *asked, made = await asyncio.gather(book(), book(), close())
        won = {one.json()["appointment_id"] for one in asked if one.status_code == 201}
        assert {one.status_code for one in asked} <= {201, 409}
        assert set(made["in_the_way"]) == won
        for one in place.advisor_ids:
            assert await hours_taken(place, one, on) == 24


async def test_leave_and_visits_given_back_at_once_leave_no_gap_and_no_deadlock(running: Start) -> None:
    place = await house(running, needs_room=False)
    for day in range(8, 18):
        on = f"2030-01-{day:02}"
        visits = [await place.visit(local=f"{on} {clock}:00") for clock in (11, 13, 15)]
        cancelled, made = await asyncio.gather(
            asyncio.gather(*(place.step(place.manager(), one["appointment_id"], "cancel") for one in visits)),
            leave(place, on, on),
        )
        assert {one["status"] for one in cancelled} == {"cancelled"}
        assert made["version"] == 1
        assert await hours_taken(place, place.advisor_ids[0], on) == 24
    assert {row["kind"] for row in await taken(place, place.advisor_ids[0])} == {"leave"}
