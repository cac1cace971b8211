"""The pass: what it opens, how often, and to whom."""

import base64

from infra.identity import Role
from tests.appointments.build import at, said, staff
from tests.appointments.guests import salon
from tests.asking import problem
from tests.conftest import Start


async def test_a_pass_lets_a_guest_and_her_companions_in_once(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    yes = await place.accepts(her, made, plus_ones=2)
    door = f"/v1/occasions/{made['occasion_id']}/check-in"
    early = await place.events.post(door, json={"token": yes["token"]})
    assert problem(early) == "too-early-for-that"
    place.house.clock.now = at("2030-02-01 18:50")
    too_many = await place.events.post(door, json={"token": yes["token"], "plus_ones": 3})
    assert problem(too_many) == "too-many-plus-ones"
    came = said(await place.events.post(door, json={"token": yes["token"], "plus_ones": 1}))
    assert (came["client_id"], came["party"], came["plus_ones"]) == (str(her.client_id), 2, 1)
    again = await place.events.post(door, json={"token": yes["token"]})
    assert (problem(again), again.json()["arrived_at"]) == ("guest-already-arrived", at("2030-02-01 18:50").isoformat())
    (fact,) = await place.house.running.facts("appointments.occasion-attended.v1")
    assert (fact["data"]["party"], fact["data"]["boutique_id"]) == (2, place.house.boutique_id)
    assert (await place.mine(her, made))["token"] is None


async def test_a_pass_that_was_replaced_forged_or_is_for_another_occasion_opens_nothing(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made, other = await place.occasion(), await place.occasion(kind="workshop")
    old = await place.accepts(her, made)
    session = made["sessions"][0]["session_id"]
    new = said(await place.replies(her, old, "accept", session_id=session, plus_ones=1))
    place.house.clock.now = at("2030-02-01 19:00")
    door = f"/v1/occasions/{made['occasion_id']}/check-in"
    forged = bytearray(base64.urlsafe_b64decode(new["token"]))
    forged[-1] ^= 1
    tokens = [old["token"], base64.urlsafe_b64encode(forged).decode(), "x", "é" * 48, new["token"][:-4]]
    for token in tokens:
        assert problem(await place.events.post(door, json={"token": token})) == "pass-not-valid"
    elsewhere = f"/v1/occasions/{other['occasion_id']}/check-in"
    assert problem(await place.events.post(elsewhere, json={"token": new["token"]})) == "pass-not-valid"
    gone = said(await place.replies(her, new, "withdraw"))
    assert gone["status"] == "withdrawn"
    assert problem(await place.events.post(door, json={"token": new["token"]})) == "pass-not-valid"


async def test_only_the_people_of_that_boutique_open_its_door(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    yes = await place.accepts(her, made)
    place.house.clock.now = at("2030-02-01 19:00")
    door = f"/v1/occasions/{made['occasion_id']}/check-in"
    for role in (Role.EVENTS, Role.ADVISOR, Role.MANAGER):
        stranger = place.house.by(staff(role))
        assert problem(await stranger.post(door, json={"token": yes["token"]})) == "not-found"
    assert problem(await place.house.by(her).post(door, json={"token": yes["token"]})) == "not-permitted"
    advisor = place.house.by(staff(Role.ADVISOR, place.house.boutique_id, advisor_id=place.house.advisor_ids[0]))
    assert said(await advisor.post(door, json={"token": yes["token"]}))["party"] == 1
