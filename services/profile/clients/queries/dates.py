"""Reading the days that matter to a client."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import DayKind

_KEPT = text(
    "select client_id, date_id, kind, day, label, noted_by, noted_at from client_date"
    " where brand_id = :brand and client_id = any(:ids) order by date_id"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One day that matters to her."""

    date_id: UUID
    kind: DayKind
    day: Day
    label: str | None
    noted_by: str
    noted_at: datetime


async def kept(tx: AsyncSession, family: Sequence[UUID]) -> list[Kept]:
    """The days of one person, by all records that are she, in the order they were noted."""
    return sorted(
        (one for of_record in (await kept_by(tx, family)).values() for one in of_record), key=lambda one: one.date_id
    )


async def kept_by(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, list[Kept]]:
    """The days that these records themselves have, in the order they were noted."""
    ring = keyring(tx)
    found: dict[UUID, list[Kept]] = defaultdict(list)
    for row in await tx.execute(_KEPT, {"brand": tx.info["brand_id"], "ids": list(client_ids)}):
        found[row.client_id].append(
            Kept(
                row.date_id,
                DayKind(row.kind),
                days.read(ring.open("client_date", "day", row.date_id, row.day)),
                ring.open("client_date", "label", row.date_id, row.label) if row.label else None,
                row.noted_by,
                row.noted_at,
            )
        )
    return found
