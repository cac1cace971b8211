"""Advisors who move, are away and leave, one by one and as HR has them; what is told of it, once."""

import asyncio
from typing import Any

import httpx

from infra.identity import Caller, Role
from tests.appointments import build
from tests.appointments.build import House, house, said, staff
from tests.asking import BRAND, problem
from tests.conftest import Start


async def told(place: House, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await place.running.facts(f"appointments.{kind}.v1")]


def hr(place: House) -> httpx.AsyncClient:
    """The house's HR system."""
    return place.by(Caller("hr", Role.PARTNER, BRAND))


def person(place: House, number: str = "E1", **changed: Any) -> dict[str, Any]:
    return {
        "employee_number": number,
        "display_name": "陈静",
        "boutique_code": place.boutique["code"],
        "wecom_userid": f"w-{number}",
        "languages": ["zh"],
    } | changed


async def sync(place: House, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await hr(place).put("/v1/staff/batch", json={"items": list(items)})
    return list(said(answer, 207)["items"])


async def test_a_leaver_is_announced_once_and_offered_no_more(running: Start) -> None:
    place = await house(running, advisors=2)
    gone, stays = place.advisor_ids
    path = f"/v1/advisors/{gone}/leave"
    first = said(await place.manager().post(path))
    assert said(await place.manager().post(path)) == first
    assert first["left_at"] is not None
    assert [one["advisor_id"] for one in await told(place, "advisor-left")] == [gone]
    assert {one for slot in await place.free() for one in slot["advisor_ids"]} == {stays}
    listed = (await place.manager().get(f"/v1/boutiques/{place.boutique_id}/advisors")).json()["items"]
    assert [one["advisor_id"] for one in listed] == [stays]
    away = await place.manager().put(f"/v1/advisors/{gone}/absence", json={"from_on": "2030-02-01"})
    assert problem(away) == "advisor-has-left"
    assert problem(await place.asks(advisor_id=gone)) == "advisor-does-not-offer"


async def test_nobody_agrees_a_visit_with_whoever_left_while_it_was_held(running: Start) -> None:
    place = await house(running, advisors=2)
    her = build.client()
    held = await place.hold(her, advisor_id=place.advisor_ids[0])
    said(await place.manager().post(f"/v1/advisors/{place.advisor_ids[0]}/leave"))
    assert problem(await place.tries(place.by(her), held["appointment_id"], "confirm")) == "hold-expired"


async def test_whoever_is_away_is_not_offered_on_those_days(running: Start) -> None:
    place = await house(running)
    [advisor] = place.advisor_ids
    path = f"/v1/advisors/{advisor}/absence"
    said(await place.manager().put(path, json={"from_on": "2030-01-08", "until_on": "2030-01-09"}))

    async def offered(day: int) -> bool:
        return bool(await place.free(first=f"2030-01-{day:02} 00:00", last=f"2030-01-{day + 1:02} 00:00"))

    assert [await offered(day) for day in (8, 9, 10)] == [False, False, True]
    assert problem(await place.asks()) == "advisor-on-leave"
    said(await place.manager().put(path, json={}))
    assert await offered(8)
    described = await told(place, "advisor-described")
    assert [(one["absent_from_on"], one["absent_until_on"]) for one in described] == [
        (None, None), ("2030-01-08", "2030-01-09"), (None, None),
    ]  # fmt: skip
    wrong = await place.manager().put(path, json={"from_on": "2030-01-08", "until_on": "2030-01-07"})
    assert wrong.status_code == 422


async def test_a_move_needs_both_boutiques_and_is_announced(running: Start) -> None:
    place = await house(running)
    [advisor] = place.advisor_ids
    other = await build.boutique(place.by(build.headquarters()))
    form = {"boutique_id": other["boutique_id"]}
    path = f"/v1/advisors/{advisor}/move"
    assert (await place.manager().post(path, json=form)).status_code == 404
    regional = place.by(staff(Role.REGIONAL, place.boutique_id, other["boutique_id"]))
    assert said(await regional.post(path, json=form))["boutique_id"] == other["boutique_id"]
    said(await regional.post(path, json=form))
    [moved] = await told(place, "advisor-moved")
    assert (moved["boutique_id"], moved["from_boutique_id"]) == (other["boutique_id"], place.boutique_id)
    assert await place.free() == []


async def test_staff_is_brought_to_what_hr_says_and_the_same_again_changes_nothing(running: Start) -> None:
    place = await house(running)
    other = await build.boutique(place.by(build.headquarters()))
    first = await sync(place, person(place), person(place, "E2"))
    assert [one["status"] for one in first] == ["created", "created"]
    before = await place.running.facts()
    again = await sync(place, person(place), person(place, "E2"))
    assert [one["status"] for one in again] == ["unchanged", "unchanged"]
    assert await place.running.facts() == before
    ids = [one["advisor_id"] for one in first]
    changed = await sync(
        place,
        person(place, boutique_code=other["code"], skills=["watches"]),
        person(place, "E2", state="left"),
        person(place, "E3", state="absent", absent_from_on="2030-01-08"),
    )
    assert [one["status"] for one in changed] == ["updated", "updated", "created"]
    assert [one["advisor_id"] for one in await told(place, "advisor-moved")] == [ids[0]]
    assert [one["advisor_id"] for one in await told(place, "advisor-left")] == [ids[1]]
    assert (await told(place, "advisor-described"))[-1]["absent_from_on"] == "2030-01-08"
    # Taken on again, she joins anew.
    [back] = await sync(place, person(place, "E2"))
    assert (back["status"], back["advisor_id"]) == ("updated", ids[1])
    assert [one["advisor_id"] for one in await told(place, "advisor-joined")].count(ids[1]) == 2


async def test_a_wrong_item_refuses_itself_alone(running: Start) -> None:
    place = await house(running)
    outcomes = await sync(
        place,
        person(place, "E1"),
        person(place, "E2", boutique_code="NOWHERE"),
        person(place, "E3", wecom_userid="w-E1"),
        person(place, "E4", state="left"),
        person(place, "E5"),
        person(place, "E5"),
    )
    assert [one["reason"] for one in outcomes] == [
        None, "boutique-unknown", "wecom-userid-taken", "nobody-to-leave", "named-twice", "named-twice",
    ]  # fmt: skip
    assert len(await place.running.rows("select from advisor where employee_number is not null")) == 1
    # Who leaves is out, whatever else HR has wrong about her.
    [left] = await sync(place, person(place, "E1", state="left", boutique_code="NOWHERE"))
    assert (left["status"], len(await told(place, "advisor-left"))) == ("updated", 1)
    for wrong in ({"state": "absent"}, {"absent_from_on": "2030-01-01"}, {"absent_until_on": "2030-01-01"}):
        [refused] = await sync(place, person(place, "E9", **wrong))
        assert refused["reason"] == "absence-unfit"
    answer = await hr(place).put("/v1/staff/batch", json={"items": [person(place, state="ill")]})
    assert answer.status_code == 422


async def test_of_batches_with_the_same_people_at_once_nobody_is_entered_twice(running: Start) -> None:
    place = await house(running)
    items = [person(place, f"E{number}") for number in range(20)]
    bodies = [{"items": items[::way]} for way in (1, -1, 1, -1)]
    answers = await asyncio.gather(*(hr(place).put("/v1/staff/batch", json=body) for body in bodies))
    assert {one.status_code for one in answers} <= {207, 409}
    assert {problem(one) for one in answers if one.status_code == 409} <= {"advisor-known", "wecom-userid-taken"}
    assert len(await place.running.rows("select from advisor where employee_number is not null")) == 20
    assert len(await told(place, "advisor-joined")) == 20 + len(place.advisors)
