"""Erasing a client from the appointments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.erasure import carry_out
from infra.eventlog.outbox import record
from infra.ids import NOBODY
from infra.tombstones import bury
from services.appointments.bookings.actions import life
from services.appointments.occasions.actions import leaving
from services.appointments.rights.events import ClientDataErased
from services.appointments.rights.tables import DECISIONS
from services.appointments.waitlist.actions import joining


async def erase(tx: AsyncSession, erasure_id: UUID, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """Cancel her visits to come and keep the past ones without her; safe to repeat."""
    await joining.stand_still(tx, client_ids)
    # Facts about what was hers are about NOBODY from now on, and have no effect either.
    for one in sorted({NOBODY, *client_ids}):
        await bury(tx, f"client:{one}", now=now)
    await leaving.call_off(tx, client_ids, now=now)
    await life.call_off(tx, client_ids, now=now)
    erased = await carry_out(tx, DECISIONS, client_ids, now=now)
    record(tx, ClientDataErased(erasure_id=erasure_id, erased=erased))
