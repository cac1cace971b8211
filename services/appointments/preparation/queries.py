"""Reads for the preparation of visits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.appointments.bookings.tables import Appointment
from services.appointments.directory.queries import brand
from services.appointments.directory.tables import Advisor, Experience, Room
from services.appointments.preparation.tables import Arrangement

SHOWN = ("pending", "confirmed", "checked-in", "completed")


@dataclass(frozen=True)
class Named:
    """A visit with the names that people know it by. Who receives her may have left the house meanwhile."""

    visit: Appointment
    experience: Experience
    advisor: Advisor | None
    room: Room | None


@dataclass(frozen=True)
class LaidOut:
    """What is laid out for a visit, opened."""

    appointment_id: UUID
    refreshments: str | None
    room_setup: str | None
    pieces: Sequence[Mapping[str, Any]]
    arranged_by: str | None
    arranged_at: datetime | None
    version: int


async def of_day(
    tx: AsyncSession, boutique_id: UUID, *, starts_from: datetime, until: datetime, limit: int
) -> list[Named]:
    """A boutique's visits that start in [starts_from, until), in their order: one statement."""
    query = (
        select(Appointment, Experience, Advisor, Room)
        .join(
            Experience,
            (Experience.brand_id == Appointment.brand_id) & (Experience.experience_id == Appointment.experience_id),
        )
        .outerjoin(Advisor, (Advisor.brand_id == Appointment.brand_id) & (Advisor.advisor_id == Appointment.advisor_id))
        .outerjoin(Room, (Room.brand_id == Appointment.brand_id) & (Room.room_id == Appointment.room_id))
        .where(
            Appointment.brand_id == brand(tx),
            Appointment.boutique_id == boutique_id,
            Appointment.starts_at >= starts_from,
            Appointment.starts_at < until,
            Appointment.status.in_(SHOWN),
        )
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(limit)
    )
    return [Named(row[0], row[1], row[2], row[3]) for row in await tx.execute(query)]


async def advisor(tx: AsyncSession, advisor_id: UUID) -> Advisor | None:
    """Whoever receives her, also if she has left the house."""
    return await tx.get(Advisor, (brand(tx), advisor_id))


async def arrangements(tx: AsyncSession, appointment_ids: Collection[UUID]) -> dict[UUID, LaidOut]:
    """What is laid out for these visits, where anything is."""
    query = select(Arrangement).where(
        Arrangement.brand_id == brand(tx), Arrangement.appointment_id.in_(appointment_ids)
    )
    return {one.appointment_id: opened(tx, one) for one in await tx.scalars(query)}


async def arrangement(tx: AsyncSession, appointment_id: UUID) -> LaidOut:
    """What is laid out for one visit; nothing, with version 0, where nothing is."""
    found = (await arrangements(tx, [appointment_id])).get(appointment_id)
    return found or LaidOut(appointment_id, None, None, [], None, None, 0)


def opened(tx: AsyncSession, one: Arrangement) -> LaidOut:
    """The words of a row, opened."""
    ring = keyring(tx)

    def plain(column: str, sealed: bytes | None) -> str | None:
        return ring.open("arrangement", column, one.appointment_id, sealed) if sealed is not None else None

    return LaidOut(
        appointment_id=one.appointment_id,
        refreshments=plain("refreshments", one.refreshments),
        room_setup=plain("room_setup", one.room_setup),
        pieces=one.pieces,
        arranged_by=one.arranged_by,
        arranged_at=one.arranged_at,
        version=one.version,
    )
