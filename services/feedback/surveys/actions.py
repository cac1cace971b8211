"""What people do with surveys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.ids import new_id
from services.feedback.surveys import queries
from services.feedback.surveys.rules import Asks, Status, check_publishable
from services.feedback.surveys.tables import Survey


async def draft(
    tx: AsyncSession, code: str, *, title: dict[str, str], questions: Sequence[dict[str, Any]], now: datetime
) -> Survey:
    """Write the next version of a survey. Nothing is ever edited: a correction is another version."""
    survey = Survey(
        brand_id=tx.info["brand_id"],
        survey_id=new_id(),
        code=code,
        version=await queries.last_version(tx, code) + 1,
        status=Status.DRAFT,
        title=title,
        questions=list(questions),
        created_at=now,
    )
    tx.add(survey)
    await tx.flush()
    return survey


async def publish(tx: AsyncSession, survey_id: UUID, *, now: datetime) -> Survey:
    """Make a version fit for journeys; doing it again changes nothing. Raises NotFound or SurveyWithoutScore."""
    survey = await queries.locked(tx, survey_id)
    if survey.status == Status.DRAFT:
        check_publishable([(Asks(question["kind"]), question["required"]) for question in survey.questions])
        survey.status, survey.published_at = Status.PUBLISHED, now
        await tx.flush()
    return survey
