"""Taking back what was asked for and has not left."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller

# Its time is over now: whoever takes it out of the queue, or looks whether her advisor has confirmed it, withdraws it
# and says so. What is just being sent is withdrawn if that attempt fails.
_RECALL = text(
    "update message set expires_at = least(coalesce(expires_at, :now), :now),"
    " due_at = case when status = 'sending' then due_at else least(due_at, :now) end"
    " where brand_id = :brand and reference = any(:references) and requested_by = :by"
    " and status in ('queued', 'sending', 'awaiting-advisor')"
)


async def recall(tx: AsyncSession, references: Sequence[UUID], *, by: Caller, now: datetime) -> int:
    """End the time of the caller's messages with these references; answers how many had not left."""
    asked = {"brand": tx.info["brand_id"], "references": list(references), "by": by.subject, "now": now}
    done = await tx.execute(_RECALL, asked)
    count: int = done.rowcount  # type: ignore[attr-defined]
    return count
