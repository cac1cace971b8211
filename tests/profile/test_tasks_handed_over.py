"""Tasks in a handover of a book, from its start to its undoing."""

from typing import Any
from uuid import UUID

from tests.asking import until
from tests.conftest import Start
from tests.profile.handing import team
from tests.profile.todo import by_hand, kept, settled

OWN = ("advisor_id", "boutique_id", "due_on", "status")


async def test_tasks_go_with_a_book_come_back_with_it_and_the_first_contact_is_the_handovers(running: Start) -> None:
    house = await team(running)
    giver, taker = await house.advisor(), await house.advisor()
    one, other = await house.clients(giver, 2)
    mine = [await by_hand(house.profile, client_id, due_on="2026-09-10") for client_id in (one, other)]

    async def hers() -> dict[UUID, dict[str, Any]]:
        return {row["task_id"]: {name: row[name] for name in OWN} for row in await kept(house.profile)}

    before = await hers()
    handover_id = await house.planned(giver)
    await house.step(handover_id, "start")

    async def moved() -> bool:
        rows = await kept(house.profile)
        introductions = [str(row["due_on"]) for row in rows if row["kind"] == "handover"]
        return {row["advisor_id"] for row in rows} == {taker} and introductions == ["2026-09-04"] * 2

    await until(moved)
    first = [row["task_id"] for row in await kept(house.profile, one) if row["kind"] == "handover"]
    await settled(house.profile, first[0], "reached")
    contacted = {
        client_id: entry["contacted_at"] is not None for client_id, entry in (await house.entries(handover_id)).items()
    }
    assert contacted == {str(one): True, str(other): False}
    await house.step(handover_id, "undo")

    async def back() -> bool:
        rows = await hers()
        return {task_id: rows[task_id] for task_id in mine} == before

    await until(back)
    rows = {row["client_id"]: row["status"] for row in await kept(house.profile) if row["kind"] == "handover"}
    assert rows == {one: "done", other: "cancelled"}
