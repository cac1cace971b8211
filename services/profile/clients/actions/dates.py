"""Keeping the days that matter to a client."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients.actions import blinds
from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import DayKind

_KEEP = text(
    "insert into client_date (brand_id, date_id, client_id, kind, day, day_blind, label, noted_by,"
    " noted_at) values (:brand, :date_id, :client_id, :kind, :day, :blind, :label, :by, :now)"
)
_REMOVE = text(
    "delete from client_date where brand_id = :brand and client_id = any(:ids) and date_id = :date_id returning date_id"
)


async def keep(
    tx: AsyncSession, client_id: UUID, kind: DayKind, day: Day, label: str | None, *, by: Caller, now: datetime
) -> UUID:
    """Keep a checked day of hers; answers its id."""
    date_id, ring = new_id(), keyring(tx)
    await tx.execute(
        _KEEP,
        {
            "brand": tx.info["brand_id"],
            "date_id": date_id,
            "client_id": client_id,
            "kind": kind.value,
            "day": ring.seal("client_date", "day", date_id, days.written(day)),
            "blind": blinds.kept(ring, day),
            "label": ring.seal("client_date", "label", date_id, label) if label else None,
            "by": by.subject,
            "now": now,
        },
    )
    return date_id


async def remove(tx: AsyncSession, family: Sequence[UUID], date_id: UUID) -> None:
    """Forget a day of hers; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "date_id": date_id}
    if (await tx.execute(_REMOVE, asked)).one_or_none() is None:
        raise NotFound
