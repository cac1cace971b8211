"""When there is no way to write to her: her advisor is asked to ring her up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.messages.rules import Purpose
from services.profile.segments import queries as segments
from services.profile.tasks.actions import opening
from services.profile.tasks.actions.opening import Wanted
from services.profile.tasks.rules.kinds import Kind


async def call_instead(tx: AsyncSession, client_id: UUID, purpose: Purpose, *, now: datetime) -> None:
    """One task a day and purpose, however many messages found no way."""
    today = await segments.today(tx, now)
    key = f"message:{client_id}:{purpose}:{today.isoformat()}"
    # An offer, whoever makes it and how: it waits for thanks that are owed, and goes when she says no.
    wanted = Wanted(Kind.CALL, client_id, today, key, is_offer=purpose is Purpose.MARKETING)
    await opening.open_all(tx, [wanted], now=now)
