"""Everyone who enters is counted; whoever is expected is received; the order is arrival."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from infra.identity import Role
from infra.ids import new_id
from services.appointments.visits.actions.rounds import close_forgotten
from tests.appointments.build import House, advisor, ask, at, boutique, client, headquarters, house, post, said, staff
from tests.asking import BRAND, Clock, once, problem, tell, until
from tests.conftest import Start


async def enter(place: House, **given: Any) -> dict[str, Any]:
    return await post(place.manager(), "/v1/visits", {"boutique_id": place.boutique_id, **given})


async def do(place: House, visit_id: str, step: str, **body: Any) -> httpx.Response:
    return await place.manager().post(f"/v1/visits/{visit_id}/{step}", json=body or None)


async def note(place: House, visit: dict[str, Any], **changes: Any) -> httpx.Response:
    tag = {"If-Match": f'"{visit["version"]}"'}
    return await place.manager().patch(f"/v1/visits/{visit['visit_id']}", json=changes, headers=tag)


class Door:
    """A profile that shows everybody, takes messages, and can be away."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.status = 202

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path != "/v1/messages":
                return httpx.Response(200, json={"client_id": "x"})
            if self.status != 202:
                return httpx.Response(self.status)
            self.messages.append(json.loads(request.content))
            self.keys.add(request.headers["Idempotency-Key"])
            return httpx.Response(202, json={"message_id": str(new_id()), "status": "queued", "channel": "subscribe"})

        return httpx.MockTransport(answer)


async def test_one_tap_counts_a_walk_in_once_however_often_it_is_sent(running: Start) -> None:
    place = await house(running)
    key, http = once(), place.manager()
    first = await http.post("/v1/visits", json={"boutique_id": place.boutique_id}, headers=key)
    again = await http.post("/v1/visits", json={"boutique_id": place.boutique_id}, headers=key)
    assert first.json() == again.json()
    visit = said(first, 201)
    assert (visit["turn"], visit["status"], visit["client_id"], visit["on_day"]) == (1, "waiting", None, "2030-01-07")
    (fact,) = await place.running.facts("appointments.visitor-arrived.v1")
    assert (fact["data"]["visit_id"], fact["data"]["advisor_id"]) == (visit["visit_id"], None)


async def test_the_door_belongs_to_the_boutiques_own_people(running: Start) -> None:
    place = await house(running)
    visit = await enter(place)
    elsewhere = await boutique(place.by(headquarters()))
    other = place.by(staff(Role.MANAGER, elsewhere["boutique_id"]))
    assert problem(await ask(other, "/v1/visits", {"boutique_id": place.boutique_id})) == "not-found"
    for path in (f"/v1/visits/{visit['visit_id']}", f"/v1/visits/queue?boutique_id={place.boutique_id}"):
        assert problem(await other.get(path)) == "not-found"
    stranger = await advisor(place.by(headquarters()), elsewhere["boutique_id"])
    served = await do(place, visit["visit_id"], "serve", advisor_id=stranger["advisor_id"])
    assert problem(served) == "not-found"


async def test_whoever_enters_at_once_gets_turns_without_holes_or_repeats(running: Start) -> None:
    place = await house(running)
    people = 40
    entered = await asyncio.gather(*(enter(place) for _ in range(people)))
    assert sorted(one["turn"] for one in entered) == list(range(1, people + 1))


async def test_what_facts_say_of_who_was_received_holds_nobody_up_at_the_door(running: Start) -> None:
    place = await house(running)
    visit = await place.visit()
    place.clock.now = at("2030-01-08 11:00")
    form = {"boutique_id": place.boutique_id, "appointment_id": visit["appointment_id"]}
    await post(place.manager(), "/v1/visits/arrivals", form)
    data = {"appointment_id": visit["appointment_id"], "arrived_at": place.clock.now.isoformat()}
    async with place.running.kit.database.transaction(BRAND) as tx:
        # As long as somebody else is given her turn, the day is not to be had.
        await tx.execute(text("select 1 from door_day for update"))
        await tell(
            place.running, "appointments.client-arrived.v1", data, about=f"appointment:{visit['appointment_id']}"
        )
    assert len(await place.running.rows("select 1 from visit")) == 1


async def test_the_queue_is_in_the_order_of_arrival_and_nobody_is_passed_over(running: Start) -> None:
    place = await house(running)
    first, second = await enter(place), await enter(place, client_id=str(new_id()))
    refused = await do(place, second["visit_id"], "call")
    assert (problem(refused), refused.json()["next_turn"]) == ("out-of-turn", 1)
    assert said(await do(place, first["visit_id"], "call"))["called_at"] is not None
    said(await do(place, second["visit_id"], "call"))
    queue = said(await place.manager().get("/v1/visits/queue", params={"boutique_id": place.boutique_id}))["items"]
    assert [one["turn"] for one in queue] == [1, 2]
    said(await do(place, first["visit_id"], "serve", advisor_id=place.advisor_ids[0]))
    queue = said(await place.manager().get("/v1/visits/queue", params={"boutique_id": place.boutique_id}))["items"]
    assert [one["turn"] for one in queue] == [2]


async def test_who_only_looks_round_keeps_nobody_waiting(running: Start) -> None:
    place = await house(running)
    first, second = await enter(place), await enter(place)
    aside = said(await note(place, first, waits=False))
    assert aside["status"] == "inside"
    said(await do(place, second["visit_id"], "call"))
    assert problem(await do(place, first["visit_id"], "call")) == "visit-step-not-possible"
    assert said(await note(place, aside, waits=True))["status"] == "waiting"


async def test_her_turn_is_announced_once_and_only_to_whom_the_house_knows(running: Start) -> None:
    door = Door()
    place = await house(running, transports={"profile": door.transport()})
    unknown, known = await enter(place), await enter(place, client_id=str(new_id()))
    assert said(await do(place, unknown["visit_id"], "call"))["telling"] is None
    for _ in range(2):
        said(await do(place, known["visit_id"], "call"))

    async def told() -> bool:
        return bool(said(await place.manager().get(f"/v1/visits/{known['visit_id']}"))["telling"] == "taken")

    await until(told)
    # Whoever called and the round may both have asked; the key makes it one message.
    assert door.keys == {f"turn:{known['visit_id']}"}
    message = door.messages[0]
    assert (message["template"], message["purpose"], message["client_id"]) == (
        "turn-called",
        "service",
        known["client_id"],
    )
    assert message["variables"] == {"boutique": "恒隆", "turn": "2"}


async def test_a_turn_that_profile_could_not_take_is_announced_when_it_is_back(running: Start) -> None:
    door = Door()
    door.status = 503
    place = await house(running, transports={"profile": door.transport()})
    visit = await enter(place, client_id=str(new_id()))
    assert said(await do(place, visit["visit_id"], "call"))["telling"] == "due"
    door.status = 202

    async def told() -> bool:
        return bool(said(await place.manager().get(f"/v1/visits/{visit['visit_id']}"))["telling"] == "taken")

    await until(told)
    assert door.keys == {f"turn:{visit['visit_id']}"}


async def test_a_turn_that_has_passed_is_not_announced_any_more(running: Start) -> None:
    door = Door()
    door.status = 503
    place = await house(running, transports={"profile": door.transport()})
    visit = await enter(place, client_id=str(new_id()))
    said(await do(place, visit["visit_id"], "call"))
    place.clock.advance(minutes=16)
    door.status = 202

    async def given_up() -> bool:
        return bool(said(await place.manager().get(f"/v1/visits/{visit['visit_id']}"))["telling"] == "given-up")

    await until(given_up)
    assert door.messages == []


@pytest.mark.parametrize("way", ["arrival_code", "appointment_id", "client_id"])
async def test_a_booked_client_is_checked_in_counted_and_her_advisor_told_in_one_go(running: Start, way: str) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    place.clock.now = at("2030-01-08 10:50")
    http, path = place.by(her), f"/v1/appointments/{visit['appointment_id']}/arrival-code"
    said_by = {
        "arrival_code": said(await http.get(path))["arrival_code"],
        **{one: visit[one] for one in ("appointment_id", "client_id")},
    }
    form = {"boutique_id": place.boutique_id, way: said_by[way]}
    entered = await post(place.manager(), "/v1/visits/arrivals", form)
    assert (entered["appointment_id"], entered["advisor_id"]) == (visit["appointment_id"], visit["advisor_id"])
    assert (entered["is_booked"], entered["client_id"]) == (True, visit["client_id"])
    shown = said(await place.manager().get(f"/v1/appointments/{visit['appointment_id']}"))
    assert shown["status"] == "checked-in"
    (arrived,) = await place.running.facts("appointments.client-arrived.v1")
    (counted,) = await place.running.facts("appointments.visitor-arrived.v1")
    assert arrived["data"]["advisor_id"] == counted["data"]["advisor_id"] == visit["advisor_id"]
    # Said again, she is there already.
    assert (await post(place.manager(), "/v1/visits/arrivals", form))["visit_id"] == entered["visit_id"]
    assert problem(await note(place, entered, client_id=str(new_id()))) == "visit-is-booked"


async def test_whoever_is_received_twice_at_once_has_come_once(running: Start) -> None:
    place = await house(running)
    visits = [await place.visit(client(), f"2030-01-08 {hour}:00") for hour in (11, 12, 13)]
    place.clock.now = at("2030-01-08 10:50")
    forms = [{"boutique_id": place.boutique_id, "appointment_id": one["appointment_id"]} for one in visits]
    http = place.manager()
    answers = await asyncio.gather(
        *(ask(http, "/v1/visits/arrivals", form) for form in forms for _ in range(6)),
        *(place.tries(http, one["appointment_id"], "check-in") for one in visits for _ in range(2)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 409}

    async def settled() -> bool:
        cursors = await place.running.rows("select position from follower_cursor where follower = 'appointments'")
        return bool(cursors and cursors[0]["position"] >= len(await place.running.facts()))

    await until(settled)
    counted = await place.running.rows("select turn, appointment_id from visit order by turn")
    assert [one["turn"] for one in counted] == [1, 2, 3]
    assert {str(one["appointment_id"]) for one in counted} == {one["appointment_id"] for one in visits}
    assert len(await place.running.facts("appointments.visitor-arrived.v1")) == 3


async def test_a_booked_client_keeps_nobody_waiting_and_waits_for_nobody(running: Start) -> None:
    place = await house(running)
    visit = await place.visit(client())
    place.clock.now = at("2030-01-08 10:50")
    early = await enter(place)
    form = {"boutique_id": place.boutique_id, "appointment_id": visit["appointment_id"]}
    booked = await post(place.manager(), "/v1/visits/arrivals", form)
    late = await enter(place)
    assert (early["turn"], booked["turn"], late["turn"]) == (1, 2, 3)
    said(await do(place, booked["visit_id"], "call"))
    assert problem(await do(place, late["visit_id"], "call")) == "out-of-turn"
    said(await do(place, early["visit_id"], "call"))
    said(await do(place, late["visit_id"], "call"))


async def test_codes_that_were_made_up_and_clients_nobody_expects_are_refused(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    code = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}/arrival-code"))["arrival_code"]
    http, here = place.manager(), {"boutique_id": place.boutique_id}
    forged = code[:-4] + ("AAAA" if code[-4:] != "AAAA" else "BBBB")
    assert (
        problem(await ask(http, "/v1/visits/arrivals", {**here, "arrival_code": forged})) == "arrival-code-unreadable"
    )
    assert problem(await ask(http, "/v1/visits/arrivals", {**here, "arrival_code": "x" * 37})) == "malformed"
    assert problem(await ask(http, "/v1/visits/arrivals", here)) == "malformed"
    nobody = {**here, "client_id": str(new_id())}
    assert problem(await ask(http, "/v1/visits/arrivals", nobody)) == "nobody-expected"
    # A day and more ahead is not now.
    place.clock.now = at("2030-01-07 10:59")
    ahead = {**here, "client_id": visit["client_id"]}
    assert problem(await ask(http, "/v1/visits/arrivals", ahead)) == "nobody-expected"
    stranger = place.by(client())
    assert problem(await stranger.get(f"/v1/appointments/{visit['appointment_id']}/arrival-code")) == "not-found"


async def test_whoever_is_checked_in_elsewhere_is_counted_too_and_leaves_with_her_appointment(running: Start) -> None:
    place = await house(running)
    visit = await place.visit(client())
    place.clock.now = at("2030-01-08 11:00")
    await place.step(place.manager(), visit["appointment_id"], "check-in")
    listed = {"boutique_id": place.boutique_id, "on": "2030-01-08"}

    async def one(status: str) -> bool:
        items = said(await place.manager().get("/v1/visits", params=listed))["items"]
        return [(item["appointment_id"], item["status"]) for item in items] == [(visit["appointment_id"], status)]

    await until(lambda: one("waiting"))
    place.clock.advance(minutes=40)
    await place.step(place.manager(), visit["appointment_id"], "complete")
    await until(lambda: one("left"))
    (left,) = await place.running.facts("appointments.visit-left.v1")
    assert left["data"]["minutes"] == 40


async def test_what_is_known_later_is_noted_with_the_version_that_was_seen(running: Start) -> None:
    place = await house(running)
    visit = await enter(place)
    noted = said(await note(place, visit, home_city="310000", visits_this_month="2-3", party_size=2))
    assert (noted["home_city"], noted["visits_this_month"], noted["party_size"]) == ("310000", "2-3", 2)
    assert problem(await note(place, visit, home_city="FR")) == "stale"
    for wrong in ({"home_city": "上海"}, {"home_city": "13912345678"}, {"visits_this_month": "9"}, {"party_size": 21}):
        assert problem(await note(place, noted, **wrong)) == "malformed"
    assert problem(await note(place, noted, served_by=str(new_id()))) == "not-found"
    cleared = said(await note(place, noted, home_city=None))
    assert (cleared["home_city"], cleared["party_size"]) == (None, 2)


async def test_a_walk_in_is_recognised_only_by_who_may_see_her(running: Start) -> None:
    knows = await running("profile", clock=Clock(at("2030-01-07 09:00")))
    place = await house(running, transports={"profile": knows.transport})
    desk = knows.client(headquarters())
    caller = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    own, other = [(await post(desk, "/v1/clients", {"display_name": "王女士"}))["client_id"] for _ in range(2)]
    owner = {"advisor_id": place.advisor_ids[0], "boutique_id": place.boutique_id}
    said(await desk.put(f"/v1/clients/{own}/owner", json=owner, headers={"If-Match": "*"}))
    visit = await enter(place)
    path = f"/v1/visits/{visit['visit_id']}"
    any_version = {"If-Match": "*"}
    refused = await place.by(caller).patch(path, json={"client_id": other}, headers=any_version)
    assert problem(refused) == "not-found"

    async def wait_for_owner() -> bool:
        rows = await place.running.rows("select 1 from client_owner")
        return bool(rows)

    await until(wait_for_owner)
    seen = said(await place.by(caller).patch(path, json={"client_id": own}, headers=any_version))
    assert seen["client_id"] == own
    (fact,) = await place.running.facts("appointments.visitor-recognised.v1")
    assert fact["data"]["client_id"] == own

    # Her advisor has a task at once, colleagues may greet her, and what she was shown can be written up.
    async def greeted() -> bool:
        tasks = said(await knows.client(caller).get("/v1/tasks"))["items"]
        return [(one["kind"], one["client_id"]) for one in tasks] == [("arrival", own)]

    await until(greeted)
    colleague = knows.client(staff(Role.ADVISOR, place.boutique_id, advisor_id=str(new_id())))
    outcome = {"pieces": [{"piece_code": "RING-1", "kind": "tried", "why_not": "price"}]}

    async def written_up() -> bool:
        # That she is there is another fact's effect than the task: the one may be heard of before the other.
        written = await ask(colleague, f"/v1/appointments/{visit['visit_id']}/outcome", outcome)
        return written.status_code == httpx.codes.OK and written.json()["pieces"][0]["piece_code"] == "RING-1"

    await until(written_up)
    said(await do(place, visit["visit_id"], "leave"))

    async def over() -> bool:
        return bool(said(await knows.client(caller).get("/v1/tasks"))["items"] == [])

    await until(over)


async def test_steps_that_are_not_drawn_are_refused(running: Start) -> None:
    place = await house(running)
    visit = await enter(place)
    place.clock.advance(minutes=31)
    left = said(await do(place, visit["visit_id"], "leave"))
    assert (left["status"], left["left_how"]) == ("left", "recorded")
    for step in ("leave", "serve", "call"):
        refused = await do(place, visit["visit_id"], step)
        assert (problem(refused), refused.json()["visit_status"]) == ("visit-step-not-possible", "left")


async def test_who_was_forgotten_has_left_when_the_boutique_has_closed(running: Start) -> None:
    place = await house(running)
    place.clock.now = at("2030-01-07 18:00")
    visit = await enter(place)
    database = place.running.kit.database
    assert await close_forgotten(database, now=at("2030-01-07 20:59")) == 0
    assert await close_forgotten(database, now=at("2030-01-07 21:00")) == 1
    shown = said(await place.manager().get(f"/v1/visits/{visit['visit_id']}"))
    assert (shown["left_how"], shown["left_at"]) == ("after-closing", "2030-01-07T12:00:00Z")
    (fact,) = await place.running.facts("appointments.visit-left.v1")
    assert fact["data"]["minutes"] is None
    assert await close_forgotten(database, now=at("2030-01-08 21:00")) == 0


async def test_erased_she_stays_counted_without_her(running: Start) -> None:
    place = await house(running)
    whose = str(new_id())
    visit = await enter(place, client_id=whose)
    said(await note(place, visit, home_city="310000"))
    erased = {"erasure_id": str(new_id()), "client_ids": [whose]}
    await tell(place.running, "profile.client-erased.v1", erased, about=f"client:{whose}")
    shown = said(await place.manager().get(f"/v1/visits/{visit['visit_id']}"))
    assert (shown["client_id"], shown["home_city"], shown["turn"]) == (None, None, 1)


async def test_the_days_visits_come_in_pages(running: Start) -> None:
    place = await house(running)
    for _ in range(3):
        await enter(place)
    asked = {"boutique_id": place.boutique_id, "on": "2030-01-07", "limit": "2"}
    first = said(await place.manager().get("/v1/visits", params=asked))
    rest = said(await place.manager().get("/v1/visits", params={**asked, "cursor": first["next_cursor"]}))
    assert [one["turn"] for one in [*first["items"], *rest["items"]]] == [1, 2, 3]
    assert rest["next_cursor"] is None
