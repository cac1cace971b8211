"""Cancelling the tasks of a campaign that was stopped, bit by bit: there may be hundreds of thousands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.tasks.actions import closing
from services.profile.tasks.rules import Kind
from services.profile.tasks.rules.steps import Why

_DONE = text("update campaign set is_cancelling = false where brand_id = :brand and campaign_id = :campaign_id")


async def cancel(tx: AsyncSession, campaign_id: UUID, *, now: datetime, limit: int) -> int:
    """Cancel so many of its open tasks; answers how many there were. With the last of them it is done."""
    cancelled = await closing.cancel_some(tx, Kind.CAMPAIGN, campaign_id, Why.CAMPAIGN_STOPPED, now=now, limit=limit)
    if cancelled < limit:
        await tx.execute(_DONE, {"brand": tx.info["brand_id"], "campaign_id": campaign_id})
    return cancelled
