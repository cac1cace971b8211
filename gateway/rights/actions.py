"""Erasing a client at the door."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.rights.events import ClientDataErased
from gateway.rights.tables import DECISIONS
from infra.erasure import carry_out
from infra.eventlog.outbox import record
from infra.ids import NOBODY
from infra.tombstones import bury


async def erase(tx: AsyncSession, erasure_id: UUID, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """End her sign-ins, in every instance at its next look; safe to repeat."""
    for one in sorted({NOBODY, *client_ids}):
        await bury(tx, f"client:{one}", now=now)
    erased = await carry_out(tx, DECISIONS, client_ids, now=now)
    record(tx, ClientDataErased(erasure_id=erasure_id, erased=erased))
