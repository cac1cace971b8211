"""Reads of appointments, always through the eyes of a caller."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.availability import queries as availability
from services.appointments.bookings.rules import Load, Status
from services.appointments.bookings.tables import Appointment, Reassignment
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.directory.rules import DAY, reaches, wall

_CANONICALS = text("select client_id, canonical_id from client_alias where brand_id = :brand and client_id = any(:ids)")


async def _eyes(tx: AsyncSession, by: Caller) -> ColumnElement[bool]:
    """What this caller may see: her own, her boutiques', or the brand's."""
    mine = Appointment.brand_id == brand(tx)
    if by.role is Role.CLIENT:
        if by.client_id is None:
            raise NotFound
        person = await availability.person(tx, by.client_id)
        return and_(mine, Appointment.client_id.in_(person.client_ids))
    if by.role in LOCAL:
        return and_(mine, Appointment.boutique_id.in_(by.boutique_ids))
    return mine


async def visible(tx: AsyncSession, appointment_id: UUID, by: Caller, *, lock: bool = False) -> Appointment:
    """One appointment; raises NotFound when there is none that this caller may see.

    With `lock`, two who change it take turns.
    """
    query = select(Appointment).where(await _eyes(tx, by), Appointment.appointment_id == appointment_id)
    found = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def appointments(
    tx: AsyncSession,
    by: Caller,
    *,
    boutique_id: UUID | None = None,
    advisor_id: UUID | None = None,
    client_id: UUID | None = None,
    starts_from: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Appointment]:
    """Appointments that start in [starts_from, until), by their start."""
    query: Select[Appointment] = select(Appointment).where(await _eyes(tx, by))
    if boutique_id is not None:
        query = query.where(Appointment.boutique_id == boutique_id)
    if advisor_id is not None:
        query = query.where(Appointment.advisor_id == advisor_id)
    if client_id is not None:
        person = await availability.person(tx, client_id)
        query = query.where(Appointment.client_id.in_(person.client_ids))
    if starts_from is not None:
        query = query.where(Appointment.starts_at >= starts_from)
    if until is not None:
        query = query.where(Appointment.starts_at < until)
    if after is not None:
        query = query.where(tuple_(Appointment.starts_at, Appointment.appointment_id) > tuple_(*after))
    query = query.order_by(Appointment.starts_at, Appointment.appointment_id).limit(limit)
    return (await tx.execute(query)).scalars().all()


async def ahead(tx: AsyncSession, client_ids: Sequence[UUID]) -> Sequence[Appointment]:
    """What these clients keep or have agreed to, in the order of ids; nobody else's to change until the commit."""
    query = (
        select(Appointment)
        .where(
            Appointment.brand_id == brand(tx),
            Appointment.client_id.in_(client_ids),
            Appointment.status.in_([Status.HELD, Status.CONFIRMED]),
        )
        .order_by(Appointment.appointment_id)
        .with_for_update()
    )
    return (await tx.execute(query)).scalars().all()


async def agreed_with(tx: AsyncSession, advisor_ids: Collection[UUID], *, now: datetime) -> Sequence[Appointment]:
    """Visits to come that are agreed with these advisors, in the order of ids; nobody else's until the commit."""
    query = (
        select(Appointment)
        .where(
            Appointment.brand_id == brand(tx),
            Appointment.advisor_id.in_(advisor_ids),
            Appointment.status == Status.CONFIRMED,
            Appointment.starts_at > now,
        )
        .order_by(Appointment.appointment_id)
        .with_for_update()
    )
    return (await tx.execute(query)).scalars().all()


async def canonicals(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The surviving ids of clients, by the ids they were known under."""
    asked = {"brand": brand(tx), "ids": list(client_ids)}
    rows = await tx.execute(_CANONICALS, asked)
    return {one: one for one in client_ids} | {row.client_id: row.canonical_id for row in rows}


async def reassignments(
    tx: AsyncSession, by: Caller, handover_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[tuple[Reassignment, Appointment]]:
    """What became of the visits of a handover, by their ids, with the visits as they are now."""
    query = (
        select(Reassignment, Appointment)
        .join(
            Appointment,
            and_(
                Appointment.brand_id == Reassignment.brand_id,
                Appointment.appointment_id == Reassignment.appointment_id,
            ),
        )
        .where(await _eyes(tx, by), Reassignment.handover_id == handover_id)
        .order_by(Reassignment.appointment_id)
        .limit(limit)
    )
    query = query if after is None else query.where(Reassignment.appointment_id > after)
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def loads(
    tx: AsyncSession, advisor_ids: Sequence[UUID], starts_at: datetime, zone: ZoneInfo, *, now: datetime
) -> dict[UUID, Load]:
    """How many live visits these advisors have on the boutique's day of `starts_at`, and in its week from Monday."""
    midnight = wall(starts_at, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - midnight.weekday() * DAY
    today, tomorrow = reaches(midnight, zone), reaches(midnight + DAY, zone)
    live = or_(
        Appointment.status.in_([Status.CONFIRMED, Status.CHECKED_IN, Status.COMPLETED]),
        and_(Appointment.status == Status.HELD, Appointment.expires_at > now),
    )
    on_day = and_(Appointment.starts_at >= today, Appointment.starts_at < tomorrow)
    rows = await tx.execute(
        select(Appointment.advisor_id, func.count().filter(on_day), func.count())
        .where(
            Appointment.brand_id == brand(tx),
            Appointment.advisor_id.in_(advisor_ids),
            Appointment.starts_at >= reaches(monday, zone),
            Appointment.starts_at < reaches(monday + timedelta(days=7), zone),
            live,
        )
        .group_by(Appointment.advisor_id)
    )
    return {advisor_id: Load(day, week) for advisor_id, day, week in rows}


async def holds(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> int:
    """How many times a client keeps just now."""
    counted = await tx.execute(
        select(func.count()).where(
            Appointment.brand_id == brand(tx),
            Appointment.client_id.in_(client_ids),
            Appointment.status == Status.HELD,
            Appointment.expires_at > now,
        )
    )
    return counted.scalar_one()
