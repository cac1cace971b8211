"""A changed or cancelled visit never reminds: cancelling and moving race the dispatch, again and again."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.appointments.build import House, at, house
from tests.appointments.door import Door, dispatch_once
from tests.asking import until
from tests.conftest import Start

ROUNDS = 12


class SlowDoor(Door):
    """A profile that takes its time, so that visits change while it is asked; sometimes its answer is lost."""

    async def ask(self, request: Any) -> Any:
        await asyncio.sleep(random.uniform(0, 0.02))
        answer = await super().ask(request)
        await asyncio.sleep(random.uniform(0, 0.02))
        return answer


async def _dispatching(place: House, stop: asyncio.Event) -> None:
    while not stop.is_set():
        # As the loop does: what had to wait too long for another dispatcher is tried again.
        with suppress(DBAPIError):
            await dispatch_once(place.running.kit)
        await asyncio.sleep(0)


async def _standing(place: House) -> dict[str, str]:
    rows = await place.running.rows("select client_id, starts_at from appointment where status = 'confirmed'")
    return {str(row["client_id"]): row["starts_at"].isoformat() for row in rows}


@pytest.mark.parametrize("step", ["cancel", "move"])
async def test_no_reminder_stands_for_a_visit_that_is_not_then(running: Start, step: str) -> None:
    door = SlowDoor()
    place = await house(running, transports={"profile": door.transport}, needs_room=False, advisors=6)
    for number in range(ROUNDS):
        day = 9 + number
        visits = [await place.visit(local=f"2030-01-{day:02} {hour}:00") for hour in range(11, 15)]

        async def confirmed(count: int = len(visits) * (number + 1)) -> bool:
            rows = await place.running.rows("select status from notice where kind = 'confirmed'")
            return len(rows) == count and all(row["status"] != "waiting" for row in rows)

        await until(confirmed)
        stop = asyncio.Event()
        # The moment at which all of their reminders become due, while they are being changed.
        place.clock.now = at(f"2030-01-{day - 1:02} 14:00")
        dispatching = [asyncio.create_task(_dispatching(place, stop)) for _ in range(2)]
        body = (
            {"starts_at": at(f"2030-01-{day:02} 17:00").isoformat(), "agreed_by": "telephone"} if step == "move" else {}
        )
        changing = []
        for visit in visits:
            await asyncio.sleep(random.uniform(0, 0.02))
            changing.append(asyncio.create_task(place.step(place.manager(), visit["appointment_id"], step, **body)))
        await asyncio.gather(*changing)
        stop.set()
        await asyncio.gather(*dispatching)

    async def quiet() -> bool:
        waiting = await place.running.rows("select 1 from notice where status = 'waiting'")
        # Every change has been heard of: one word for each visit.
        told = await place.running.rows("select 1 from notice where kind = any($1)", ["moved", "cancelled"])
        return not waiting and len(told) == ROUNDS * 4

    await until(quiet)
    place.clock.advance(seconds=31)

    async def recalled() -> bool:
        return not await place.running.rows("select 1 from notice where recall_until is not null")

    await until(recalled)
    standing = await _standing(place)
    rows = await place.running.rows("select notice_id, client_id, kind, starts_at, status from notice")
    known = {str(row["notice_id"]): row for row in rows}
    reminders = 0
    for form in door.taken.values():
        row = known[form["reference"]]
        if form["template"] == "visit-reminder" and form["reference"] not in door.recalled:
            # Whatever profile still has of a reminder is about a visit that stands at that very time.
            assert standing.get(form["client_id"]) == row["starts_at"].isoformat()
            reminders += 1
    asked = [form for form in door.taken.values() if form["template"] == "visit-reminder"]
    if step == "cancel":
        assert (standing, reminders) == ({}, 0)
        # The last word that each of them gets is that it is cancelled.
        last = {form["client_id"]: form["template"] for form in door.taken.values()}
        assert set(last.values()) == {"visit-cancelled"}
    # The race was one: some reminders had left before the change, and were taken back.
    assert asked
    assert {row["status"] for row in rows if row["kind"] == "reminder"} >= {"recalled"}
