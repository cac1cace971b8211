"""Twenty clients want the same time of the real service: one gets it, the others get alternatives."""

import asyncio
import itertools
from collections import Counter
from uuid import UUID

import httpx

from infra.database import Database
from infra.identity import Role
from infra.ids import new_id
from services.appointments.bookings.actions.expiry import expire_overdue
from services.appointments.bookings.actions.placing import hold
from services.appointments.bookings.rules import SlotTaken
from tests.appointments.build import House, at, client, house, staff
from tests.asking import problem
from tests.conftest import Start

RIVALS = 20


async def rush(place: House, *locals_: str, advisor_id: str | None = None) -> list[httpx.Response]:
    """Twenty clients ask at the same time for one of these times."""
    times = itertools.cycle(locals_)
    return await asyncio.gather(*(place.asks(local=next(times), advisor_id=advisor_id) for _ in range(RIVALS)))


async def test_of_twenty_identical_taps_one_wins_and_the_rest_get_alternatives(running: Start) -> None:
    place = await house(running)
    for day in range(8, 18):
        answers = await rush(place, f"2030-01-{day:02} 11:00", advisor_id=place.advisor_ids[0])
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: RIVALS - 1}
        for answer in answers:
            if answer.status_code == 409:
                assert (problem(answer), len(answer.json()["alternatives"])) == ("slot-taken", 3)


async def test_rivals_that_overlap_partly_leave_no_two_winners_at_one_instant(running: Start) -> None:
    place = await house(running, advisors=2)
    for day in range(8, 13):
        answers = await rush(place, *(f"2030-01-{day:02} {clock}" for clock in ("11:00", "11:30", "12:00", "12:30")))
        assert {answer.status_code for answer in answers} <= {201, 409}
    overlapping = await place.running.rows(
        "select 1 from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
        " and a.ctid <> b.ctid"
    )
    assert overlapping == []
    visits = await place.running.rows("select count(*) as all, count(distinct appointment_id) as one from occupation")
    assert visits[0]["all"] == 3 * visits[0]["one"]


async def test_rivals_who_name_no_advisor_share_out_all_the_advisors(running: Start) -> None:
    place = await house(running, advisors=4, needs_room=False)
    answers = await rush(place, "2030-01-08 11:00")
    assert Counter(answer.status_code for answer in answers) == {201: 4, 409: RIVALS - 4}
    winners = {answer.json()["advisor_id"] for answer in answers if answer.status_code == 201}
    assert winners == set(place.advisor_ids)


async def test_rivals_for_a_hold_that_ran_out_meet_the_expiry_and_one_wins(running: Start) -> None:
    place = await house(running)
    for day in range(8, 13):
        await place.hold(local=f"2030-01-{day:02} 11:00")
        place.clock.advance(minutes=5)
        expiry = asyncio.create_task(expire_overdue(place.running.kit.database, now=place.clock.now))
        answers = await rush(place, f"2030-01-{day:02} 11:00")
        await expiry
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: RIVALS - 1}


async def test_of_eight_times_that_one_client_asks_for_at_once_she_keeps_three(running: Start) -> None:
    place = await house(running, advisors=8, needs_room=False)
    for day in range(8, 13):
        her = client()
        answers = await asyncio.gather(
            *(
                place.asks(her, f"2030-01-{day:02} {hour}:00", advisor_id=advisor_id)
                for hour, advisor_id in zip(range(10, 18), place.advisor_ids, strict=True)
            )
        )
        assert Counter(answer.status_code for answer in answers) == {201: 3, 429: 5}
        assert {problem(answer) for answer in answers if answer.status_code == 429} == {"too-many-holds"}


async def test_two_moves_into_each_others_time_both_get_an_answer(running: Start) -> None:
    place = await house(running)
    one, other = await place.visit(), await place.visit(local="2030-01-08 12:00")
    for _ in range(10):
        answers = await asyncio.gather(
            *(
                place.tries(
                    place.manager(),
                    visit["appointment_id"],
                    "move",
                    starts_at=target["starts_at"],
                    agreed_by="telephone",
                )
                for visit, target in ((one, other), (other, one))
            )
        )
        assert [answer.status_code for answer in answers] == [409, 409]


async def test_the_whole_act_races_on_connections_of_its_own(running: Start) -> None:
    place = await house(running)
    database = Database(place.running.settings.database_url, pool_size=RIVALS, name="rivals")
    line = asyncio.Barrier(RIVALS)
    manager = staff(Role.MANAGER, place.boutique_id)
    (boutique_id,) = manager.boutique_ids

    async def rival(day: int) -> bool:
        async with database.transaction(manager.brand_id) as tx:
            await line.wait()
            try:
                await hold(
                    tx,
                    boutique_id=boutique_id,
                    experience_id=UUID(place.experience["experience_id"]),
                    starts_at=at(f"2030-01-{day:02} 15:00"),
                    client_id=new_id(),
                    advisor_id=None,
                    party_size=1,
                    piece_code=None,
                    by=manager,
                    now=place.clock.now,
                )
            except SlotTaken:
                await tx.rollback()
                return False
            return True

    try:
        for day in range(8, 20):
            assert sum(await asyncio.gather(*(rival(day) for _ in range(RIVALS)))) == 1
    finally:
        await database.dispose()
