"""What is over, left, called off or meant for nobody: nothing is told of it, and nobody loses what she had."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from infra.ids import new_id
from services.appointments.availability.actions import take_turns
from services.appointments.occasions.actions import occasions, waiting
from services.appointments.visits.actions.queueing import announce_due
from services.appointments.waitlist.actions import joining
from services.appointments.waitlist.actions.offering import offer_next
from tests.appointments.build import ask, at, client, headquarters, house, post, said
from tests.appointments.guests import Salon, salon, version
from tests.asking import BRAND, problem, tell, until
from tests.conftest import Start

LIST = text("select pg_advisory_xact_lock(hashtextextended('waitlist-of:' || :brand || ':' || :boutique, 0))")
WAITS = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def done_or_waiting(place: Salon, task: "asyncio.Task[Any]") -> None:
    """Until this has come to its end, or to somebody's lock."""

    async def there() -> bool:
        return task.done() or bool(await place.house.running.rows(WAITS))

    await until(there)


async def test_who_leaves_the_list_while_it_is_worked_through_is_offered_nothing(running: Start) -> None:
    place = await salon(running)
    rival, her = client(), client()
    taken = await place.house.visit(rival)
    day = {"from_on": "2030-01-08", "until_on": "2030-01-08", "hours": [{"starts": "11:00", "ends": "11:30"}]}
    form = {"boutique_id": place.house.boutique_id, "experience_id": place.house.experience["experience_id"], **day}
    entry = said(await ask(place.house.by(her), "/v1/waitlist", form), 201)

    async def looked_at() -> bool:
        rows = await place.house.running.rows("select 1 from waitlist_entry where due_at > $1", place.house.clock.now)
        return bool(rows)

    await until(looked_at)
    now = place.house.clock.now
    database = place.house.running.kit.database
    async with database.transaction(BRAND) as tx:
        await joining.leave(tx, UUID(entry["entry_id"]), if_match="*", by=her, now=now)
        await place.house.step(place.house.by(rival), taken["appointment_id"], "cancel")
        round_ = asyncio.create_task(offer_next(database, BRAND, UUID(place.house.boutique_id), now=now))
        await done_or_waiting(place, round_)
    await round_
    (row,) = await place.house.running.rows("select status from waitlist_entry")
    assert row["status"] == "left"
    assert await place.house.running.rows("select 1 from waitlist_offer") == []


async def test_while_a_time_is_looked_for_nobody_else_on_the_list_waits_for_that(running: Start) -> None:
    place = await salon(running)
    day = {"from_on": "2030-01-08", "until_on": "2030-01-08"}
    form = {"boutique_id": place.house.boutique_id, "experience_id": place.house.experience["experience_id"], **day}
    first, second = client(), client()
    advisor_id = UUID(place.house.advisor_ids[0])
    async with place.house.running.kit.database.transaction(BRAND) as tx:
        # The first is kept waiting for the advisor's time.
        await take_turns(tx, [advisor_id])
        async with place.house.running.kit.database.transaction(BRAND) as list_:
            # Nobody looks through the list before both are on it.
            await list_.execute(LIST, {"brand": BRAND, "boutique": place.house.boutique_id})
            said(await ask(place.house.by(first), "/v1/waitlist", form), 201)
            entry = said(await ask(place.house.by(second), "/v1/waitlist", form), 201)

        async def kept_waiting() -> bool:
            return bool(await place.house.running.rows(WAITS))

        await until(kept_waiting)
        left = said(await place.house.by(second).delete(f"/v1/waitlist/{entry['entry_id']}"))
        assert await kept_waiting()
    assert left["status"] == "left"


async def test_nobody_is_invited_to_what_is_just_being_called_off(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    form = {"client_ids": [str(her.client_id)], "dry_run": False}
    async with place.house.running.kit.database.transaction(BRAND) as tx:
        occasion_id, now = UUID(made["occasion_id"]), place.house.clock.now
        await occasions.cancel(tx, occasion_id, if_match="*", by=headquarters(), now=now)
        inviting = asyncio.create_task(ask(place.events, path, form))
        await done_or_waiting(place, inviting)
    assert problem(await inviting) == "occasion-not-open"
    await place.told()
    assert place.door.asked == {}


async def test_what_is_over_is_not_called_off_for_who_was_expected_there(running: Start) -> None:
    place = await salon(running)
    missed, coming = await place.of("core"), await place.of("core")
    made = await place.occasion(sessions=[place.session(), place.session("2030-02-02 19:00")])
    await place.accepts(missed, made)
    await place.accepts(coming, made, session_id=made["sessions"][1]["session_id"])
    place.house.clock.now = at("2030-02-02 10:00")
    await place.step(await place.read(made), "cancel")
    await place.told()
    assert place.door.told(missed, "occasion-cancelled") == []
    assert len(place.door.told(coming, "occasion-cancelled")) == 1
    assert ((await place.row(missed))["status"], await place.seats()) == ("accepted", [(1, 1), (0, 0)])


async def test_an_offer_of_which_she_never_heard_costs_her_no_place(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion(sessions=[place.session(seats=1)])
    first, her = await place.of("core"), await place.of("core")
    yes = await place.accepts(first, made)
    (hers,) = await place.invited(made, her)
    said(await place.replies(her, hers, "wait", session_id=made["sessions"][0]["session_id"]))
    place.door.away = True
    said(await place.replies(first, yes, "withdraw"))

    async def stands(status: str) -> bool:
        return bool((await place.row(her))["status"] == status)

    await until(lambda: stands("offered"))
    now = (await place.row(her))["offer_expires_at"]
    assert await waiting.lapse(place.house.running.kit.database, now=now) == 1
    row = await place.row(her)
    assert (row["status"], row["session_id"]) == ("waiting", UUID(made["sessions"][0]["session_id"]))
    assert row["waiting_since"] is not None


async def test_a_yes_said_twice_is_one(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    yes = await place.accepts(her, made, plus_ones=1)
    again = said(await place.replies(her, yes, "accept", session_id=yes["session_id"], plus_ones=1))
    assert (again["token"], again["version"]) == (yes["token"], yes["version"])
    assert len(await place.house.running.facts("appointments.occasion-answered.v1")) == 1


async def test_an_invitation_that_was_called_off_after_she_heard_of_it_counts_for_her_patience(running: Start) -> None:
    place = await salon(running)
    her, unheard = await place.of("core"), await place.of("core")
    made = await place.occasion()
    await place.invited(made, her)
    draft = await place.occasion(published=False)
    await place.invite(draft, unheard)
    for one in (made, draft):
        await place.step(await place.read(one), "cancel")
    found = (await place.invite(await place.occasion(), her, unheard, dry_run=True))["items"]
    assert [one["rule"] for one in found] == ["same-kind-again", None]


async def test_an_occasion_has_at_most_fifty_sessions(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion(sessions=[place.session() for _ in range(50)])
    path, form = f"/v1/occasions/{made['occasion_id']}/sessions", place.session()
    no = await place.events.post(path, json=form, headers={**version(made), "Idempotency-Key": "one-more"})
    assert (problem(no), no.json()["most_sessions"]) == ("too-many-sessions", 50)


async def test_a_refused_offer_whose_client_was_erased_stops_nobody(running: Start) -> None:
    place = await salon(running)
    message_id = new_id()
    await place.house.running.rows(
        "insert into guest_message (brand_id, message_id, about_id, told_at) values ($1, $2, $3, now())",
        BRAND,
        message_id,
        new_id(),
    )
    data = {"message_id": str(message_id), "template": "waitlist-offer", "reason": "no-channel", "client_id": None}
    await tell(place.house.running, "profile.message-refused.v1", data, about=f"message:{message_id}")
    assert await place.house.running.rows("select 1 from parked_fact") == []


async def test_a_video_visit_enters_no_boutique(running: Start) -> None:
    place = await house(running, modes=["in-person", "video"])
    video = await place.visit(client(), mode="video")
    other = await place.visit(client(), "2030-01-08 14:00")
    place.clock.now = at("2030-01-08 11:00")
    asked = {"boutique_id": place.boutique_id, "appointment_id": video["appointment_id"]}
    assert problem(await ask(place.manager(), "/v1/visits/arrivals", asked)) == "nobody-expected"
    await place.step(place.manager(), video["appointment_id"], "check-in")
    place.clock.now = at("2030-01-08 14:00")
    await place.step(place.manager(), other["appointment_id"], "check-in")
    listed = {"boutique_id": place.boutique_id, "on": "2030-01-08"}

    async def came() -> list[str]:
        items = said(await place.manager().get("/v1/visits", params=listed))["items"]
        return [one["appointment_id"] for one in items]

    async def one_came() -> bool:
        return other["appointment_id"] in await came()

    await until(one_came)  # facts come in order: the video visit's was before
    assert await came() == [other["appointment_id"]]


async def test_whose_turn_was_called_and_who_is_received_or_somebody_else_is_not_told(running: Start) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if request.url.path == "/v1/messages" else httpx.Response(200, json={})

    place = await house(running, transports={"profile": httpx.MockTransport(away)})
    served, unknown, erased = [
        await post(place.manager(), "/v1/visits", {"boutique_id": place.boutique_id, "client_id": str(new_id())})
        for _ in range(3)
    ]
    for one in (served, unknown, erased):
        called = said(await place.manager().post(f"/v1/visits/{one['visit_id']}/call"))
        assert called["telling"] == "due"
        one["version"] = called["version"]
    received = said(await place.manager().post(f"/v1/visits/{served['visit_id']}/serve"))
    noted = await place.manager().patch(
        f"/v1/visits/{unknown['visit_id']}", json={"client_id": None}, headers=version(unknown)
    )
    assert (received["telling"], said(noted)["telling"]) == ("given-up", "given-up")
    await place.running.rows("update visit set client_id = null where visit_id = $1", UUID(erased["visit_id"]))
    await announce_due(place.running.kit, now=place.clock.now + timedelta(seconds=1))
    last = said(await place.manager().get(f"/v1/visits/{erased['visit_id']}"))
    assert last["telling"] == "given-up"
