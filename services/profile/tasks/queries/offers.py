"""Who has an offer open."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.tasks.queries.families import HEADS

_OFFERED = text(
    HEADS + " select distinct head.canonical_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.status = 'open' and task.is_offer"
)


async def offered(tx: AsyncSession, heads: Sequence[UUID]) -> set[UUID]:
    """Which of these surviving records somebody is about to offer something, under whichever record."""
    return set((await tx.execute(_OFFERED, {"brand": tx.info["brand_id"], "ids": list(heads)})).scalars())
