"""Walk-ins whom the house knows: greeted, seen while they are there, remembered; corrected, it is somebody else."""

import asyncio
from typing import Any

from sqlalchemy import text

from infra.database import EVERY_BRAND
from infra.identity import Role
from infra.ids import new_id
from tests.appointments.build import headquarters, post, said, staff
from tests.asking import Clock, tell, until
from tests.conftest import Start
from tests.rights.house import NOW
from tests.running import Running

BOUTIQUE, OWNER = str(new_id()), str(new_id())


async def clients(profile: Running, count: int) -> list[str]:
    desk = profile.client(headquarters())
    made = [await post(desk, "/v1/clients", {"display_name": "王女士"}) for _ in range(count)]
    return [one["client_id"] for one in made]


async def arrives(profile: Running, client_id: str | None, **given: Any) -> str:
    visit_id = str(new_id())
    data = {"visit_id": visit_id, "boutique_id": BOUTIQUE, "client_id": client_id, "advisor_id": OWNER}
    data |= {"appointment_id": None, "arrived_at": NOW.isoformat(), **given}
    await tell(profile, "appointments.visitor-arrived.v1", data, about=f"visit:{visit_id}")
    return visit_id


async def is_recognised(profile: Running, visit_id: str, client_id: str | None) -> None:
    data = {"visit_id": visit_id, "boutique_id": BOUTIQUE, "client_id": client_id, "advisor_id": OWNER}
    data |= {"arrived_at": NOW.isoformat()}
    await tell(profile, "appointments.visitor-recognised.v1", data, about=f"visit:{visit_id}")


async def sees(profile: Running, client_id: str) -> bool:
    colleague = staff(Role.ADVISOR, BOUTIQUE, advisor_id=str(new_id()))
    return (await profile.client(colleague).get(f"/v1/clients/{client_id}")).is_success


async def timeline(profile: Running, client_id: str) -> list[str]:
    items = said(await profile.client(headquarters()).get(f"/v1/clients/{client_id}/timeline"))["items"]
    return [one["kind"] for one in items]


async def test_a_walk_in_we_know_is_greeted_seen_and_remembered(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    (her,) = await clients(profile, 1)
    assert not await sees(profile, her)
    visit_id = await arrives(profile, her)
    tasks = await profile.rows("select kind, advisor_id, subject_id, status from task")
    assert [(one["kind"], str(one["advisor_id"]), str(one["subject_id"])) for one in tasks] == [
        ("arrival", OWNER, visit_id)
    ]
    assert await sees(profile, her)
    assert await timeline(profile, her) == ["arrived"]
    left = {"visit_id": visit_id, "client_id": her, "appointment_id": None, "left_at": NOW.isoformat(), "minutes": 1}
    await tell(profile, "appointments.visit-left.v1", left, about=f"visit:{visit_id}")
    assert [one["status"] for one in await profile.rows("select status from task")] == ["cancelled"]


async def test_whoever_was_taken_for_somebody_else_is_herself_again(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    one, other = await clients(profile, 2)
    visit_id = await arrives(profile, one)
    await is_recognised(profile, visit_id, other)
    rows = await profile.rows("select client_id, status from task order by opened_at, status")
    assert {(str(row["client_id"]), row["status"]) for row in rows} == {(one, "cancelled"), (other, "open")}
    assert (await sees(profile, one), await sees(profile, other)) == (False, True)
    assert (await timeline(profile, one), await timeline(profile, other)) == ([], ["arrived"])
    await is_recognised(profile, visit_id, None)
    assert not await sees(profile, other)
    assert await timeline(profile, other) == []


async def test_who_is_herself_nobody_and_herself_again_is_greeted_after_all_and_once(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    (her,) = await clients(profile, 1)
    visit_id = await arrives(profile, her)
    tasks = "select task_id, status, closed_at from task"
    (first,) = await profile.rows(tasks)
    for client_id, status in ((None, "cancelled"), (her, "open"), (None, "cancelled"), (her, "open")):
        await is_recognised(profile, visit_id, client_id)
        (again,) = await profile.rows(tasks)
        assert (again["task_id"], again["status"]) == (first["task_id"], status)
        assert (again["closed_at"] is None) == (status == "open")
    # Whom somebody has greeted is not greeted twice in one visit.
    done = await profile.rows("update task set status = 'done', closed_at = $1 returning outcome", NOW)
    for client_id in (None, her):
        await is_recognised(profile, visit_id, client_id)
    assert [row["status"] for row in await profile.rows("select status from task")] == ["done"]
    assert len(done) == 1


async def test_of_corrections_that_come_together_the_last_is_true(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    one, other = await clients(profile, 2)
    visit_id = await arrives(profile, None, advisor_id=None)
    before = len(await profile.kit.log.read(0, 10_000))
    telling = []
    async with profile.kit.database.transaction(EVERY_BRAND) as tx:
        # So that all three are there before the first is taken.
        await tx.execute(text("select 1 from follower_cursor for update"))
        for number, client_id in enumerate((one, other, None), 1):
            telling.append(asyncio.create_task(is_recognised(profile, visit_id, client_id)))

            async def there(count: int = before + number) -> bool:
                return len(await profile.kit.log.read(0, 10_000)) == count

            await until(there)
    await asyncio.gather(*telling)
    assert await profile.rows("select 1 from task where status = 'open'") == []


async def test_an_arrival_to_an_appointment_is_told_of_once(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    (her,) = await clients(profile, 1)
    appointment_id = str(new_id())
    await arrives(profile, her, appointment_id=appointment_id)
    arrived = {"appointment_id": appointment_id, "client_id": her, "boutique_id": BOUTIQUE, "advisor_id": OWNER}
    arrived |= {"arrived_at": NOW.isoformat()}
    await tell(profile, "appointments.client-arrived.v1", arrived, about=f"appointment:{appointment_id}")
    assert await timeline(profile, her) == ["arrived"]
    assert len(await profile.rows("select 1 from task")) == 1


async def test_nobody_is_greeted_whom_nobody_knows_or_looks_after(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    (her,) = await clients(profile, 1)
    await arrives(profile, None, advisor_id=None)
    await arrives(profile, her, advisor_id=None)
    assert await profile.rows("select 1 from task") == []
