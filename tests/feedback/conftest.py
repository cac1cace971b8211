"""A house with one boutique, a survey after every visit, and another after every closed work order."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Caller
from tests import asking
from tests.asking import once, until
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.profile import FakeProfile
from tests.running import Running


@dataclass
class House:
    """Feedback and its peer."""

    feedback: Running
    profile: FakeProfile
    survey_id: UUID

    async def tell(self, kind: str, data: dict[str, Any], *, event_id: UUID | None = None) -> UUID:
        """Tell another service's fact, and wait until feedback has taken it; answers its event id."""
        return await asking.tell(self.feedback, kind, data, event_id=event_id)

    async def invited(self, **visit: Any) -> str:
        """A visit is over; the path of the link that profile is asked to send."""
        before = len(self.profile.messages)
        await self.tell("appointments.visit-completed.v1", build.visit_completed(**visit))
        await self.profile.asked(before + 1)
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

        await until(there)
        return max(items, key=lambda item: item["work_order_id"])

    async def closed(self, work_order_id: str) -> None:
        """The manager works on it until it is closed."""
        for step, form in (
            ("assign", {"advisor_id": str(build.ADVISOR_ID)}),
            ("start", None),
            ("resolve", build.RESOLVED),
            ("close", None),
        ):
            answer = await self.step(work_order_id, step, form)
            assert answer.status_code == 200, answer.text

    async def step(
        self, work_order_id: str, step: str, form: Any = None, *, by: Caller = build.MANAGER, if_match: str = "*"
    ) -> httpx.Response:
        """Somebody takes a step."""
        return await self.feedback.client(by).post(
            f"/v1/work-orders/{work_order_id}/{step}", json=form, headers={"If-Match": if_match}
        )

    async def detail(self, work_order_id: str) -> dict[str, Any]:
        """The work order as the manager sees it."""
        answer = await self.feedback.client(build.MANAGER).get(f"/v1/work-orders/{work_order_id}")
        assert answer.status_code == 200
        shown: dict[str, Any] = answer.json()
        return shown

    async def raised(self, by: Caller = build.MANAGER, **form: Any) -> httpx.Response:
        """A person opens a work order."""
        return await self.feedback.client(by).post("/v1/work-orders", json=build.work_order(**form), headers=once())

    async def manual(self, delay_minutes: int = 0, **form: Any) -> httpx.Response:
        """The manager asks one client."""
        wanted = {"survey_id": str(self.survey_id), "client_id": str(uuid4()), "boutique_id": str(build.BOUTIQUE)}
        return await self.feedback.client(build.MANAGER).post(
            "/v1/survey-invitations",
            json={**wanted, "delay_minutes": delay_minutes, **form},
            headers=once(),
        )


async def publish(feedback: Running, form: dict[str, Any]) -> UUID:
    """Draft and publish a survey."""
    headquarters = feedback.client(build.HEADQUARTERS)
    drafted = await headquarters.post("/v1/surveys", json=form, headers=once())
    assert drafted.status_code == 201, drafted.text
    survey_id = drafted.json()["survey_id"]
    assert (await headquarters.post(f"/v1/surveys/{survey_id}/publish")).status_code == 200
    return UUID(survey_id)


async def draw(feedback: Running, *steps: dict[str, Any]) -> httpx.Response:
    """Draw a journey."""
    return await feedback.client(build.HEADQUARTERS).post(
        "/v1/journeys", json={"name": "到店", "steps": list(steps)}, headers=once()
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
    await asyncio.gather(
        house.tell("appointments.boutique-opened.v1", build.boutique_opened()),
        house.tell("appointments.advisor-joined.v1", build.advisor_joined()),
        house.tell("appointments.advisor-joined.v1", build.advisor_joined(build.OTHER_ADVISOR_ID)),
    )
    return house


@pytest.fixture
async def house(running: Start) -> House:
    """The house, open."""
    return await opened(running)
