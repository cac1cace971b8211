"""A client who has herself erased: she gives up her seats first, so that nobody keeps one for nobody."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.occasions.actions import seating
from services.appointments.occasions.rules.life import Status, Step, step
from services.appointments.occasions.tables import Invitation


async def call_off(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """Take back every invitation of these clients that has not come to its end; safe to repeat."""
    query = (
        select(Invitation)
        .where(
            Invitation.brand_id == brand(tx),
            Invitation.client_id.in_(client_ids),
            Invitation.status.not_in([Status.ATTENDED, Status.CANCELLED]),
        )
        .order_by(Invitation.invitation_id)
        .with_for_update()
    )
    found = (await tx.execute(query)).scalars().all()
    await seating.free(tx, found)
    for guest in found:
        guest.status, guest.version = step(Status(guest.status), Step.CANCEL), guest.version + 1
        guest.offer_expires_at, guest.waiting_since = None, None
        seating.owe(guest, None, now=now)
    await tx.flush()
