"""What people do with journeys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from infra.ids import new_id
from services.feedback.journeys.rules import Step
from services.feedback.journeys.tables import Journey, JourneyStep
from services.feedback.surveys import queries as surveys


async def draw(tx: AsyncSession, name: str, steps: Sequence[Step], *, now: datetime) -> Journey:
    """Let surveys follow touchpoints from now on. Raises NotFound or SurveyNotPublished."""
    brand_id, journey_id = tx.info["brand_id"], new_id()
    for step in steps:
        await surveys.published(tx, step.survey_id)
    rows = [
        JourneyStep(
            brand_id=brand_id,
            journey_id=journey_id,
            trigger=step.trigger,
            survey_id=step.survey_id,
            delay_minutes=step.delay_minutes,
        )
        for step in steps
    ]
    journey = Journey(brand_id=brand_id, journey_id=journey_id, name=name, created_at=now, steps=rows)
    tx.add(journey)
    await tx.flush()
    return journey
