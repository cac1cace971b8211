"""That this database was restored: what was handed out before is older or newer than it now knows."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_SINCE = text("select exists (select from restoration where restored_at > :moment)")


async def restored_since(tx: AsyncSession, moment: datetime) -> bool:
    """Whether the database was put back to an earlier state after this moment."""
    found: bool = (await tx.execute(_SINCE, {"moment": moment})).scalar_one()
    return found
