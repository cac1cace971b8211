"""Visits to come go with a client who is handed over, as far as her new advisor is free, and come back with her."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infra.database import Database
from infra.eventlog.port import Entry, Envelope
from infra.identity import Caller, Role
from infra.ids import new_id
from services.appointments.availability.actions import take_turns
from tests.appointments import build
from tests.appointments.build import House, client, house, said, staff
from tests.asking import BRAND, tell, until
from tests.conftest import Start


async def told(place: House, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await place.running.facts(f"appointments.{kind}.v1")]


async def handed(place: House, kind: str, handover_id: UUID, her: Caller, *advisors: str) -> None:
    """Tell that she went from the first of the advisors to the second, or back."""
    giver, taker = advisors
    data = {
        "handover_id": str(handover_id),
        "client_id": str(her.client_id),
        "from_advisor_id": giver,
        "advisor_id": taker,
        "boutique_id": place.boutique_id,
        "first_contact_due_on": "2030-01-10",
    }
    await tell(place.running, f"profile.client-{kind}.v1", data, about=f"client:{her.client_id}")


async def outcomes(place: House, handover_id: UUID) -> dict[str, tuple[str, str | None]]:
    answer = await place.manager().get(f"/v1/handovers/{handover_id}/appointments")
    return {one["appointment_id"]: (one["outcome"], one["reason"]) for one in said(answer)["items"]}


async def test_visits_to_come_go_with_her_and_come_back_exactly(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    giver, taker = place.advisor_ids
    her, other, handover = client(), client(), new_id()
    visit = (await place.visit(her, advisor_id=giver))["appointment_id"]
    kept_by_taker = (await place.visit(her, "2030-01-09 11:00", advisor_id=taker))["appointment_id"]
    others = (await place.visit(other, "2030-01-08 15:00", advisor_id=giver))["appointment_id"]
    columns = "select appointment_id, advisor_id, room_id, starts_at, status, assigned_for from appointment order by 1"
    occupied = "select resource_id, during::text, appointment_id, kind from occupation order by 1, 2"
    before, taken = await place.running.rows(columns), await place.running.rows(occupied)
    await handed(place, "handed-over", handover, her, giver, taker)
    rows = {str(row["appointment_id"]): row for row in await place.running.rows(columns)}
    assert str(rows[visit]["advisor_id"]) == taker
    assert rows[visit]["assigned_for"] == "own-advisor"
    assert (str(rows[others]["advisor_id"]), str(rows[kept_by_taker]["advisor_id"])) == (giver, taker)
    assert await outcomes(place, handover) == {visit: ("reassigned", None)}
    [told_of] = await told(place, "reassigned")
    assert (told_of["appointment_id"], told_of["advisor_id"]) == (visit, taker)
    assert (await told(place, "moved"))[-1]["advisor_id"] == taker
    # The giver's time is free again, the taker's is not.
    assert (await place.asks(advisor_id=giver)).status_code == 201
    await place.running.rows("delete from occupation where kind = 'hold' returning 1")
    await place.running.rows("delete from appointment where status = 'held' returning 1")
    await handed(place, "handed-back", handover, her, giver, taker)
    assert await place.running.rows(columns) == before
    assert await place.running.rows(occupied) == taken
    assert await outcomes(place, handover) == {visit: ("returned", None)}


async def test_a_visit_that_waits_for_approval_goes_with_her_and_is_approved_by_her_new_advisor(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, needs_approval=True)
    giver, taker = place.advisor_ids
    her, handover = client(), new_id()
    asked = (await place.visit(her, advisor_id=giver))["appointment_id"]
    await place.visit(her, "2030-01-09 11:00", advisor_id=giver)
    # Nobody answered the second one in time.
    await place.running.rows(
        "update appointment set expires_at = '2030-01-07T00:00:00Z' where starts_at > '2030-01-09' returning 1"
    )
    await handed(place, "handed-over", handover, her, giver, taker)
    assert await outcomes(place, handover) == {asked: ("reassigned", None)}
    read = said(await place.manager().get(f"/v1/appointments/{asked}"))
    assert (read["advisor_id"], read["status"], read["assigned_for"]) == (taker, "pending", "own-advisor")
    # It is agreed with nobody yet: nothing has moved.
    assert (len(await told(place, "reassigned")), await told(place, "moved")) == (1, [])
    assert (await place.asks(advisor_id=taker)).status_code == 409
    receiving = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=taker))
    await place.step(receiving, asked, "approve")
    await handed(place, "handed-back", handover, her, giver, taker)
    read = said(await place.manager().get(f"/v1/appointments/{asked}"))
    assert (read["advisor_id"], read["status"]) == (giver, "confirmed")


async def test_whoever_assists_at_a_visit_does_not_become_its_only_advisor(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, needs_second_advisor=True)
    giver, taker = place.advisor_ids
    her, handover = client(), new_id()
    visit = await place.visit(her, advisor_id=giver)
    await handed(place, "handed-over", handover, her, giver, taker)
    assert await outcomes(place, handover) == {visit["appointment_id"]: ("kept", "taken")}
    read = said(await place.manager().get(f"/v1/appointments/{visit['appointment_id']}"))
    assert (read["advisor_id"], read["second_advisor_id"]) == (giver, taker)


async def begins(place: House, handover_id: UUID, giver: str) -> None:
    """Tell that an advisor's book begins to go to others."""
    data = {"handover_id": str(handover_id), "advisor_id": giver, "boutique_id": place.boutique_id, "clients": 1}
    await tell(place.running, "profile.handover-started.v1", data, about=f"handover:{handover_id}")


async def assistants(place: House) -> dict[str, str]:
    rows = await place.running.rows("select appointment_id, second_advisor_id from appointment")
    return {str(row["appointment_id"]): str(row["second_advisor_id"]) for row in rows}


async def test_where_a_leaver_only_assists_somebody_else_does(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False, needs_second_advisor=True)
    first, handover = place.advisor_ids[0], new_id()
    visit = await place.visit(advisor_id=first)
    appointment_id, leaver = visit["appointment_id"], visit["second_advisor_id"]
    (third,) = set(place.advisor_ids) - {first, leaver}
    said(await place.manager().post(f"/v1/advisors/{leaver}/leave"))
    await begins(place, handover, leaver)
    assert await assistants(place) == {appointment_id: third}
    [listed] = said(await place.manager().get(f"/v1/handovers/{handover}/appointments"))["items"]
    assert (listed["appointment_id"], listed["outcome"], listed["assists"]) == (appointment_id, "reassigned", True)
    assert (listed["from_advisor_id"], listed["advisor_id"]) == (leaver, third)
    [fact] = await told(place, "moved")
    assert (fact["advisor_id"], fact["second_advisor_id"]) == (first, third)
    # Nobody was handed over, and so nobody comes back.
    await handed(place, "handed-back", handover, client(UUID(visit["client_id"])), leaver, third)
    assert await assistants(place) == {appointment_id: third}


async def test_where_nobody_else_can_assist_the_visit_is_listed_for_the_manager(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, needs_second_advisor=True)
    handover = new_id()
    visit = await place.visit(advisor_id=place.advisor_ids[0])
    leaver = visit["second_advisor_id"]
    said(await place.manager().post(f"/v1/advisors/{leaver}/leave"))
    await begins(place, handover, leaver)
    assert await outcomes(place, handover) == {visit["appointment_id"]: ("kept", "nobody-free")}
    assert await assistants(place) == {visit["appointment_id"]: leaver}


async def test_who_hands_over_and_stays_goes_on_assisting_but_not_where_she_is_on_leave(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False, needs_second_advisor=True)
    first, handover = place.advisor_ids[0], new_id()
    stays = await place.visit(local="2030-01-09 11:00", advisor_id=first)
    giver = stays["second_advisor_id"]
    (third,) = set(place.advisor_ids) - {first, giver}
    goes = await place.visit(advisor_id=first)
    assert goes["second_advisor_id"] == giver
    away = {"starts": "2030-01-08T00:00", "ends": "2030-01-09T00:00", "reason": "sick"}
    said(await build.ask(place.manager(), f"/v1/advisors/{giver}/leaves", away), 201)
    await begins(place, handover, giver)
    assert await assistants(place) == {stays["appointment_id"]: giver, goes["appointment_id"]: third}
    assert await outcomes(place, handover) == {goes["appointment_id"]: ("reassigned", None)}


async def test_a_visit_that_cannot_go_along_stays_and_is_listed(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    giver, taker = place.advisor_ids
    her, handover = client(), new_id()
    clash = (await place.visit(her, advisor_id=giver))["appointment_id"]
    await place.visit(client(), advisor_id=taker)
    off = (await place.visit(her, "2030-01-10 11:00", advisor_id=giver))["appointment_id"]
    path = f"/v1/advisors/{taker}/shifts"
    weekly = [{"weekday": 2, "starts": "10:00", "ends": "20:00"}]
    said(await place.manager().put(path, json={"weekly": weekly}, headers={"If-Match": "*"}))
    await handed(place, "handed-over", handover, her, giver, taker)
    assert await outcomes(place, handover) == {clash: ("kept", "taken"), off: ("kept", "off-shift")}
    assert await told(place, "reassigned") == []
    stranger = place.by(staff(Role.MANAGER, str(new_id())))
    assert (await stranger.get(f"/v1/handovers/{handover}/appointments")).json()["items"] == []
    elsewhere = new_id()
    await handed(place, "handed-over", elsewhere, her, giver, str(new_id()))
    assert set((await outcomes(place, elsewhere)).values()) == {("kept", "not-there")}


async def test_a_visit_that_was_moved_since_comes_back_only_into_a_shift(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    giver, taker = place.advisor_ids
    her, handover = client(), new_id()
    visit = (await place.visit(her, advisor_id=giver))["appointment_id"]
    await handed(place, "handed-over", handover, her, giver, taker)
    weekly = [{"weekday": 2, "starts": "10:00", "ends": "20:00"}]
    path = f"/v1/advisors/{giver}/shifts"
    said(await place.manager().put(path, json={"weekly": weekly}, headers={"If-Match": "*"}))
    later = {"starts_at": build.at("2030-01-09 11:00").isoformat(), "advisor_id": taker, "agreed_by": "telephone"}
    await place.step(place.manager(), visit, "move", **later)
    await handed(place, "handed-back", handover, her, giver, taker)
    assert await outcomes(place, handover) == {visit: ("not-returned", "off-shift")}


async def test_visits_follow_while_others_are_moved_and_nobody_is_in_two_places(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False)
    giver, taker, third = place.advisor_ids
    clients = [client() for _ in range(6)]
    hours = ("10:00", "11:00", "12:00", "13:00", "14:00", "15:00")
    visits = [
        (await place.visit(her, f"2030-01-08 {hour}", advisor_id=giver))["appointment_id"]
        for her, hour in zip(clients, hours, strict=True)
    ]
    handover = new_id()

    async def move(appointment_id: str) -> int:
        form = {"starts_at": build.at("2030-01-08 16:00").isoformat(), "advisor_id": third, "agreed_by": "telephone"}
        answer = await place.manager().post(
            f"/v1/appointments/{appointment_id}/move", json=form, headers={"If-Match": "*"}
        )
        return answer.status_code

    async def hand() -> None:
        for her in clients:
            await handed(place, "handed-over", handover, her, giver, taker)

    *moved, _ = await asyncio.gather(*(move(one) for one in visits), hand())
    assert 200 in moved
    assert set(moved) <= {200, 409}
    rows = await place.running.rows("select advisor_id from appointment where status = 'confirmed'")
    assert giver not in {str(row["advisor_id"]) for row in rows}
    overlapping = "select from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
    assert await place.running.rows(f"{overlapping} and a.ctid <> b.ctid") == []


async def test_facts_of_two_kinds_in_turn_wait_for_nobody_while_they_hold_what_others_want(running: Start) -> None:
    place = await house(running, advisors=4, needs_room=False)
    first, taker, second, other = place.advisor_ids
    one, two = client(), client()
    goes = (await place.visit(one, advisor_id=first))["appointment_id"]
    waits = (await place.visit(two, advisor_id=second))["appointment_id"]
    handover = new_id()

    def entry(n: int, kind: str, her: Caller, **data: Any) -> Entry:
        about = {"client_id": str(her.client_id), "boutique_id": place.boutique_id, **data}
        key = f"client:{her.client_id}"
        envelope = Envelope(
            id=new_id(),
            source="maison/profile",
            type=kind,
            subject=str(her.client_id),
            time=datetime.now(UTC),
            partitionkey=key,
            sequence=f"{n:020}",
            brandid=BRAND,
            data=about,
        )
        return Entry(n, envelope)

    def handing(n: int, her: Caller, giver: str, receiver: str) -> Entry:
        return entry(
            n,
            "profile.client-handed-over.v1",
            her,
            handover_id=str(handover),
            from_advisor_id=giver,
            advisor_id=receiver,
            first_contact_due_on="2030-01-10",
        )

    batch = [
        handing(1, one, first, taker),
        entry(2, "profile.owner-assigned.v1", two, advisor_id=other),
        handing(3, two, second, other),
    ]
    rival = Database(place.running.settings.database_url, pool_size=2, name="rival")
    try:
        async with rival.transaction(BRAND) as tx:
            await take_turns(tx, [UUID(second)])
            await place.running.kit.log.append("told-in-turn", 1, batch)

            async def followed() -> bool:
                rows = await place.running.rows("select appointment_id from reassignment")
                return [str(row["appointment_id"]) for row in rows] == [goes]

            # The batch gave up at once and the first fact is through; nobody holds what the rival asks for next.
            await until(followed)
            await take_turns(tx, [UUID(first), UUID(taker)])

        async def both() -> bool:
            return set(await outcomes(place, handover)) == {goes, waits}

        await until(both)
    finally:
        await rival.dispose()
    assert set((await outcomes(place, handover)).values()) == {("reassigned", None)}
    assert await place.running.rows("select 1 from parked_fact") == []
