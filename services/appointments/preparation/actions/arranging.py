"""What somebody of the boutique lays out for a visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.tombstones import spare
from infra.wire import check_match
from services.appointments.bookings import queries as bookings
from services.appointments.directory.queries import brand
from services.appointments.preparation import queries
from services.appointments.preparation.queries import LaidOut
from services.appointments.preparation.rules import AHEAD, NothingToArrange
from services.appointments.preparation.tables import Arrangement


@dataclass(frozen=True)
class Wanted:
    """What is to be laid out."""

    refreshments: str | None
    room_setup: str | None
    pieces: Sequence[Mapping[str, Any]]


async def arrange(
    tx: AsyncSession, appointment_id: UUID, wanted: Wanted, *, if_match: str, by: Caller, now: datetime
) -> LaidOut:
    """Replace what is laid out for a visit; raises NotFound, Stale, NothingToArrange."""
    # The visit's row lock: two who lay out for it take turns, and nobody calls it off meanwhile.
    visit = await bookings.visible(tx, appointment_id, by, lock=True)
    await spare(tx, f"client:{visit.client_id}")
    found = await tx.get(Arrangement, (brand(tx), appointment_id))
    check_match(if_match, found.version if found is not None else 0)
    if visit.status not in AHEAD:
        raise NothingToArrange
    if found is None:
        found = Arrangement(
            brand_id=brand(tx), appointment_id=appointment_id, client_id=visit.client_id, pieces=[], version=0
        )
        tx.add(found)
    found.refreshments = _sealed(tx, appointment_id, "refreshments", wanted.refreshments)
    found.room_setup = _sealed(tx, appointment_id, "room_setup", wanted.room_setup)
    found.pieces = [dict(one) for one in wanted.pieces]
    found.arranged_by, found.arranged_at, found.version = by.subject, now, found.version + 1
    await tx.flush()
    return queries.opened(tx, found)


def _sealed(tx: AsyncSession, appointment_id: UUID, column: str, text: str | None) -> bytes | None:
    return keyring(tx).seal("arrangement", column, appointment_id, text) if text is not None else None
