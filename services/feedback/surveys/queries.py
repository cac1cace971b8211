"""Reads of surveys."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.feedback.surveys.rules import Status, SurveyNotPublished
from services.feedback.surveys.tables import Survey


async def survey(tx: AsyncSession, survey_id: UUID) -> Survey:
    """One version; raises NotFound."""
    found = await tx.get(Survey, (tx.info["brand_id"], survey_id))
    if found is None:
        raise NotFound
    return found


async def locked(tx: AsyncSession, survey_id: UUID) -> Survey:
    """One version, held until the commit; raises NotFound."""
    found = await tx.get(Survey, (tx.info["brand_id"], survey_id), with_for_update=True)
    if found is None:
        raise NotFound
    return found


async def published(tx: AsyncSession, survey_id: UUID) -> Survey:
    """One published version; raises NotFound or SurveyNotPublished."""
    found = await survey(tx, survey_id)
    if found.status != Status.PUBLISHED:
        raise SurveyNotPublished
    return found


async def last_version(tx: AsyncSession, code: str) -> int:
    """The number of the newest version of a code, 0 without one; the code is held until the commit."""
    brand_id = tx.info["brand_id"]
    # Two drafts of one code take turns, so that both get a number.
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"survey:{brand_id}:{code}", 0))))
    newest = select(func.max(Survey.version)).where(Survey.brand_id == brand_id, Survey.code == code)
    return (await tx.execute(newest)).scalar_one() or 0


async def page(
    tx: AsyncSession, *, code: str | None, status: Status | None, before: UUID | None, limit: int
) -> Sequence[Survey]:
    """Newest first, before the survey of that id."""
    query = select(Survey).where(Survey.brand_id == tx.info["brand_id"])
    if code is not None:
        query = query.where(Survey.code == code)
    if status is not None:
        query = query.where(Survey.status == status)
    if before is not None:
        query = query.where(Survey.survey_id < before)
    return (await tx.scalars(query.order_by(Survey.survey_id.desc()).limit(limit))).all()
