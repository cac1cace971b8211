"""Whose data is stored and not used is not asked: not by hand, not by a journey, and not what was about to go."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.asking import problem, until
from tests.feedback import build
from tests.feedback.conftest import House

RESTRICTED, RESUMED = "profile.processing-restricted.v1", "profile.processing-resumed.v1"


async def _statuses(house: House) -> list[tuple[str, str | None]]:
    found = await house.feedback.rows("select status, reason from invitation order by invitation_id")
    return [(row["status"], row["reason"]) for row in found]


async def _published(house: House) -> bool:
    return not await house.feedback.rows("select from outbox where published_at is null")


async def test_she_is_not_asked_until_it_is_lifted_and_not_about_what_has_passed(house: House) -> None:
    hers, merged = uuid4(), uuid4()
    later = await house.manual(client_id=str(hers), delay_minutes=60)
    assert later.status_code == 201
    ids = {"client_id": str(hers), "merged_client_id": str(merged), "merge_id": str(uuid4())}
    await house.tell("profile.identities-merged.v1", ids)
    unhappy = await house.unhappy(client_id=hers)
    path = house.profile.links()[-1]
    asked = len(house.profile.messages)
    # Under the record that was merged into hers: it is all one person.
    await house.tell(RESTRICTED, {"client_id": str(merged)})
    assert await _statuses(house) == [("refused", "restricted"), ("answered", None)]
    assert problem(await house.manual(client_id=str(hers))) == "processing-restricted"
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await house.tell("appointments.visit-completed.v1", build.visit_completed(hers, completed_at=yesterday))
    # What she complained of is put right, and nobody asks her whether it was.
    await house.closed(unhappy["work_order_id"])
    await until(lambda: _published(house))
    assert (await house.feedback.client().get(path)).status_code == 410
    await house.tell(RESUMED, {"client_id": str(merged)})
    assert len(await _statuses(house)) == 2
    assert len(house.profile.messages) == asked
    await house.invited(client_id=hers)
    assert len(house.profile.messages) == asked + 1
