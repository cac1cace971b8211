"""Reads of journeys."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.feedback.journeys.rules import Touchpoint
from services.feedback.journeys.tables import Journey, JourneyStep


async def step_after(tx: AsyncSession, trigger: Touchpoint) -> JourneyStep | None:
    """What follows a touchpoint: the step of the youngest journey that names it, so that she is asked once."""
    return (
        await tx.scalars(
            select(JourneyStep)
            .where(JourneyStep.brand_id == tx.info["brand_id"], JourneyStep.trigger == trigger)
            .order_by(JourneyStep.journey_id.desc())
            .limit(1)
        )
    ).first()


async def page(tx: AsyncSession, *, before: UUID | None, limit: int) -> Sequence[Journey]:
    """Newest first, before the journey of that id."""
    query = select(Journey).where(Journey.brand_id == tx.info["brand_id"])
    if before is not None:
        query = query.where(Journey.journey_id < before)
    return (await tx.scalars(query.order_by(Journey.journey_id.desc()).limit(limit))).all()
