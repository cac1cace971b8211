"""A house with one boutique, a survey after every visit, and another after every closed work order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.eventlog.port import Entry, Envelope
from infra.identity import Caller
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.profile import FakeProfile
from tests.running import Running

EPOCH = 1


@dataclass
class House:
    """Feedback, its peer, and the log that other services speak into."""

    feedback: Running
    profile: FakeProfile
    survey_id: UUID
    told: int = 0

    async def tell(
        self, kind: str, data: dict[str, Any], *, event_id: UUID | None = None, occurred_at: datetime | None = None
    ) -> UUID:
        """Append a fact as the appointments service; answers its event id."""
        self.told += 1
        envelope = Envelope(
            id=event_id or uuid4(),
            source="maison/appointments",
            type=kind,
            subject="x",
            time=occurred_at or datetime.now(UTC),
            partitionkey=f"test:{self.told}",
            sequence="1",
            brandid=build.BRAND,
            data=data,
        )
        await self.feedback.kit.log.append("appointments", EPOCH, [Entry(self.told, envelope)])
        return envelope.id

    async def invited(self, **visit: Any) -> str:
        """A visit is over; the path of the link that profile is asked to send."""
        before = len(self.profile.messages)
        await self.tell("appointments.visit-completed.v1", build.visit_completed(**visit))
        await eventually(lambda: len(self.profile.messages) > before)
        return self.profile.links()[-1]

    async def unhappy(self, given: int = 3, **visit: Any) -> dict[str, Any]:
        """A visitor answers; the work order that this opens."""
        path = await self.invited(**visit)
        assert (await self.feedback.client().post(path, json=build.answers(given))).status_code == 200
        return await self.queued(1)

    async def queued(self, count: int) -> dict[str, Any]:
        """The youngest work order, once the manager sees that many."""
        manager, items = self.feedback.client(build.MANAGER), list[dict[str, Any]]()

        async def there() -> bool:
            items[:] = (await manager.get("/v1/work-orders")).json()["items"]
            return len(items) == count

        await eventually(there)
        return max(items, key=lambda item: item["work_order_id"])

    async def closed(self, work_order_id: str) -> None:
        """The manager works on it until it is closed."""
        manager = self.feedback.client(build.MANAGER)
        for step, form in (
            ("assign", {"advisor_id": str(build.ADVISOR_ID)}),
            ("start", None),
            ("resolve", {"resolution": "致歉并重新安排", "cause": "waiting"}),
            ("close", None),
        ):
            answer = await manager.post(f"/v1/work-orders/{work_order_id}/{step}", json=form)
            assert answer.status_code == 200, answer.text

    async def detail(self, work_order_id: str) -> dict[str, Any]:
        """The work order as the manager sees it."""
        answer = await self.feedback.client(build.MANAGER).get(f"/v1/work-orders/{work_order_id}")
        assert answer.status_code == 200
        shown: dict[str, Any] = answer.json()
        return shown

    async def raised(self, by: Caller = build.MANAGER, **form: Any) -> httpx.Response:
        """A person opens a work order."""
        return await self.feedback.client(by).post(
            "/v1/work-orders", json=build.case(**form), headers={"Idempotency-Key": str(uuid4())}
        )

    async def manual(self, delay_minutes: int = 0, **form: Any) -> httpx.Response:
        """The manager asks one client."""
        wanted = {"survey_id": str(self.survey_id), "client_id": str(uuid4()), "boutique_id": str(build.BOUTIQUE)}
        return await self.feedback.client(build.MANAGER).post(
            "/v1/survey-invitations",
            json={**wanted, "delay_minutes": delay_minutes, **form},
            headers={"Idempotency-Key": str(uuid4())},
        )


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, within: float = 5.0) -> None:
    """Wait until it holds; fail when it does not in time."""
    async with asyncio.timeout(within):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.01)


async def publish(feedback: Running, form: dict[str, Any]) -> UUID:
    """Draft and publish a survey."""
    headquarters = feedback.client(build.HEADQUARTERS)
    drafted = await headquarters.post("/v1/surveys", json=form, headers={"Idempotency-Key": str(uuid4())})
    assert drafted.status_code == 201, drafted.text
    survey_id = drafted.json()["survey_id"]
    assert (await headquarters.post(f"/v1/surveys/{survey_id}/publish")).status_code == 200
    return UUID(survey_id)


async def draw(feedback: Running, *steps: dict[str, Any]) -> httpx.Response:
    """Draw a journey."""
    return await feedback.client(build.HEADQUARTERS).post(
        "/v1/journeys", json={"name": "到店", "steps": list(steps)}, headers={"Idempotency-Key": str(uuid4())}
    )


async def opened(running: Start, *, drawn: bool = True, **options: Any) -> House:
    """Start feedback beside a fake profile, with a boutique, two advisors, a survey and, if wanted, a journey."""
    profile = FakeProfile()
    feedback = await running("feedback", transports={"profile": profile.transport}, **options)
    survey_id = await publish(feedback, build.survey())
    house = House(feedback, profile, survey_id)
    steps = [{"trigger": trigger, "survey_id": str(survey_id)} for trigger in ("visit-completed", "work-order-closed")]
    if drawn:
        assert (await draw(feedback, *steps)).status_code == 201
    await house.tell("appointments.boutique-opened.v1", build.boutique_opened())
    await house.tell("appointments.advisor-joined.v1", build.advisor_joined())
    await house.tell("appointments.advisor-joined.v1", build.advisor_joined(build.OTHER_ADVISOR_ID))

    async def known() -> bool:
        return len(await feedback.rows("select 1 from advisor")) == 2

    await eventually(known)
    return house


@pytest.fixture
async def house(running: Start) -> House:
    """The house, open."""
    return await opened(running)
