"""Reads of who entered, always through the eyes of a caller."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.refusal import NotFound
from services.appointments.bookings.rules import Status as Stands
from services.appointments.bookings.tables import Appointment
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.directory.rules import Mode
from services.appointments.visits.rules.stays import AROUND, Status
from services.appointments.visits.tables import Visit

MOST_WAITING = 200


def _eyes(tx: AsyncSession, by: Caller) -> ColumnElement[bool]:
    mine = Visit.brand_id == brand(tx)
    return and_(mine, Visit.boutique_id.in_(by.boutique_ids)) if by.role in LOCAL else mine


async def visible(tx: AsyncSession, visit_id: UUID, by: Caller, *, lock: bool = False) -> Visit:
    """One visit; raises NotFound when there is none that this caller may see. With `lock` changes take turns."""
    query = select(Visit).where(_eyes(tx, by), Visit.visit_id == visit_id)
    found = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def of_appointment(tx: AsyncSession, appointment_id: UUID, *, lock: bool = False) -> Visit | None:
    """The visit to an appointment, if she has come."""
    query = select(Visit).where(Visit.brand_id == brand(tx), Visit.appointment_id == appointment_id)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def page(tx: AsyncSession, boutique_id: UUID, on_day: date, *, after: int | None, limit: int) -> Sequence[Visit]:
    """Who entered on a day, by turn."""
    query = select(Visit).where(
        Visit.brand_id == brand(tx), Visit.boutique_id == boutique_id, Visit.on_day == on_day, Visit.turn > (after or 0)
    )
    return (await tx.execute(query.order_by(Visit.turn).limit(limit))).scalars().all()


async def waiting(tx: AsyncSession, boutique_id: UUID, on_day: date) -> Sequence[Visit]:
    """Who waits, by turn."""
    query = select(Visit).where(
        Visit.brand_id == brand(tx),
        Visit.boutique_id == boutique_id,
        Visit.on_day == on_day,
        Visit.status == Status.WAITING,
    )
    return (await tx.execute(query.order_by(Visit.turn).limit(MOST_WAITING))).scalars().all()


async def first_uncalled(tx: AsyncSession, visit: Visit) -> int | None:
    """The turn of who came first of those without an appointment who wait uncalled where this visit does."""
    query = select(func.min(Visit.turn)).where(
        Visit.brand_id == visit.brand_id,
        Visit.boutique_id == visit.boutique_id,
        Visit.on_day == visit.on_day,
        Visit.status == Status.WAITING,
        Visit.called_at.is_(None),
        Visit.appointment_id.is_(None),
    )
    first: int | None = (await tx.execute(query)).scalar_one()
    return first


async def expected(tx: AsyncSession, boutique_id: UUID, client_ids: Collection[UUID], *, now: datetime) -> UUID | None:
    """The agreed appointment of these ids at a boutique that is nearest to now, within a day."""
    query = (
        select(Appointment.appointment_id)
        .where(
            Appointment.brand_id == brand(tx),
            Appointment.boutique_id == boutique_id,
            Appointment.client_id.in_(client_ids),
            # Whoever was checked in just now is found again, not her next appointment instead.
            Appointment.status.in_([Stands.CONFIRMED, Stands.CHECKED_IN]),
            Appointment.mode != Mode.VIDEO,
            Appointment.starts_at <= now + AROUND,
            Appointment.ends_at > now - AROUND,
        )
        .order_by(func.abs(func.extract("epoch", Appointment.starts_at - now)), Appointment.appointment_id)
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()
