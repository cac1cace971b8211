"""What became of messages: profile's door says it at once, its facts later, and either may come first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.occasions.tables import GuestMessage


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a message: what it is about, which of its tellings, and whether it was sent or refused."""

    about_id: UUID | None
    telling: int | None
    outcome: str | None
    reason: str | None


async def match(
    tx: AsyncSession, message_id: UUID, about_id: UUID, *, telling: int | None = None, now: datetime
) -> Heard:
    """Keep what a message is about, of several the how manyth; answers what its fact said, if that came first."""
    return await _keep(tx, message_id, now=now, about_id=about_id, telling=telling)


async def learn(tx: AsyncSession, message_id: UUID, outcome: str, reason: str | None, *, now: datetime) -> Heard:
    """Keep what a fact says of a message; answers what it is about, if the door's answer came first."""
    return await _keep(tx, message_id, now=now, outcome=outcome, reason=reason)


async def _keep(
    tx: AsyncSession,
    message_id: UUID,
    *,
    now: datetime,
    about_id: UUID | None = None,
    telling: int | None = None,
    outcome: str | None = None,
    reason: str | None = None,
) -> Heard:
    row = insert(GuestMessage).values(
        brand_id=brand(tx),
        message_id=message_id,
        about_id=about_id,
        telling=telling,
        outcome=outcome,
        reason=reason,
        told_at=now,
    )
    new = row.excluded
    kept = row.on_conflict_do_update(
        index_elements=["brand_id", "message_id"],
        set_={
            "about_id": func.coalesce(new.about_id, GuestMessage.about_id),
            "telling": func.coalesce(new.telling, GuestMessage.telling),
            "outcome": func.coalesce(new.outcome, GuestMessage.outcome),
            "reason": func.coalesce(new.reason, GuestMessage.reason),
        },
    ).returning(GuestMessage.about_id, GuestMessage.telling, GuestMessage.outcome, GuestMessage.reason)
    found = (await tx.execute(kept)).one()
    return Heard(found.about_id, found.telling, found.outcome, found.reason)
