"""Reads of appointments, always through the eyes of a caller."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.availability import queries as availability
from services.appointments.bookings.rules.disruptions import Outcome, Trouble
from services.appointments.bookings.rules.life import OPEN, Status
from services.appointments.bookings.tables import Appointment, DisruptedVisit, Disruption, Reassignment
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.directory.rules import Span

_HAS_LOCKED = "bookings has locked"
_OCCUPIED = text(
    "select resource_id, lower(during), upper(during) from occupation"
    " where brand_id = :brand and appointment_id = :taker"
)
_CANONICALS = text("select client_id, canonical_id from client_alias where brand_id = :brand and client_id = any(:ids)")


async def eyes(tx: AsyncSession, by: Caller) -> ColumnElement[bool]:
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
    query = select(Appointment).where(await eyes(tx, by), Appointment.appointment_id == appointment_id)
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
    status: Status | None = None,
    starts_from: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Appointment]:
    """Appointments that start in [starts_from, until), by their start."""
    query: Select[Appointment] = select(Appointment).where(await eyes(tx, by))
    if boutique_id is not None:
        query = query.where(Appointment.boutique_id == boutique_id)
    if advisor_id is not None:
        query = query.where(or_(Appointment.advisor_id == advisor_id, Appointment.second_advisor_id == advisor_id))
    if client_id is not None:
        person = await availability.person(tx, client_id)
        query = query.where(Appointment.client_id.in_(person.client_ids))
    if status is not None:
        query = query.where(Appointment.status == status)
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
            Appointment.status.in_([Status.HELD, *OPEN]),
        )
        .order_by(Appointment.appointment_id)
        .with_for_update(nowait=must_not_wait(tx))
    )
    return (await tx.execute(query)).scalars().all()


async def agreed_with(tx: AsyncSession, advisor_ids: Collection[UUID], *, now: datetime) -> Sequence[Appointment]:
    """Visits to come agreed with these advisors or asked for, in the order of ids; nobody else's until the commit."""
    return await _to_come(tx, Appointment.advisor_id.in_(advisor_ids), now=now)


async def assisted_by(tx: AsyncSession, advisor_ids: Collection[UUID], *, now: datetime) -> Sequence[Appointment]:
    """Visits to come at which these advisors assist, in the order of ids; nobody else's until the commit."""
    return await _to_come(tx, Appointment.second_advisor_id.in_(advisor_ids), now=now)


async def _to_come(tx: AsyncSession, whose: ColumnElement[bool], *, now: datetime) -> Sequence[Appointment]:
    query = (
        select(Appointment)
        .where(
            Appointment.brand_id == brand(tx),
            whose,
            # What nobody has answered in time is no request any more, though nothing has said so yet.
            or_(
                Appointment.status == Status.CONFIRMED,
                and_(Appointment.status == Status.PENDING, Appointment.expires_at > now),
            ),
            Appointment.starts_at > now,
        )
        .order_by(Appointment.appointment_id)
        .with_for_update(nowait=must_not_wait(tx))
    )
    return (await tx.execute(query)).scalars().all()


def must_not_wait(tx: AsyncSession) -> bool:
    """Whether an earlier reaction of this transaction has locked visits: who waits then, out of order, may dead-lock.

    A follower's batch is one transaction in which several reactions lock what they need, one after the other. All but
    the first take what is free or give up; then each fact is tried in a transaction of its own, and may wait.
    """
    return bool(tx.info.get(_HAS_LOCKED))


def has_locked(tx: AsyncSession) -> None:
    """Say that what this transaction locks from now on must not be waited for."""
    tx.info[_HAS_LOCKED] = True


async def in_the_way(
    tx: AsyncSession, trouble: Trouble, *, now: datetime, limit: int
) -> tuple[Sequence[Appointment], bool]:
    """Visits to come that a trouble stands in the way of, and whether there are others that it has not settled yet.

    Nobody else's to change until the commit. Many stay in the way when they are settled, for she has to answer: those
    that never were come first, then those that were longest ago. So whoever asks again comes to the end of them.
    """
    conditions = [
        Appointment.brand_id == brand(tx),
        Appointment.status.in_(OPEN),
        Appointment.starts_at > now,  # who is in the boutique already is received by whoever is there
        Appointment.starts_at < trouble.span.ends_at,
        Appointment.ends_at > trouble.span.starts_at,
    ]
    hers = (Appointment.advisor_id == trouble.advisor_id, Appointment.second_advisor_id == trouble.advisor_id)
    conditions.append(or_(*hers) if trouble.advisor_id else Appointment.boutique_id == trouble.boutique_id)
    settled_at = _settled_at(trouble)
    first = await tx.execute(
        select(Appointment.appointment_id, settled_at)
        .where(*conditions)
        .order_by(settled_at.nulls_first(), Appointment.starts_at, Appointment.appointment_id)
        .limit(limit + 1)
    )
    found = first.all()
    ids = [appointment_id for appointment_id, _ in found[:limit]]
    # In the order of ids: so does everybody who locks several.
    locked = select(Appointment).where(*conditions, Appointment.appointment_id.in_(ids))
    locked = locked.order_by(Appointment.appointment_id).with_for_update()
    visits = (await tx.execute(locked.execution_options(populate_existing=True))).scalars().all()
    return visits, any(when is None for _, when in found[limit:])


def _settled_at(trouble: Trouble) -> ScalarSelect[Any]:
    """When the same was asked before of a visit that still stands where it stood then."""
    return (
        select(func.max(DisruptedVisit.decided_at))
        .join(
            Disruption,
            and_(
                Disruption.brand_id == DisruptedVisit.brand_id,
                Disruption.disruption_id == DisruptedVisit.disruption_id,
            ),
        )
        .where(
            DisruptedVisit.brand_id == Appointment.brand_id,
            DisruptedVisit.appointment_id == Appointment.appointment_id,
            DisruptedVisit.starts_at == Appointment.starts_at,
            DisruptedVisit.outcome != Outcome.REASSIGNED,
            Disruption.boutique_id == trouble.boutique_id,
            Disruption.advisor_id.is_not_distinct_from(trouble.advisor_id),
            Disruption.from_at == trouble.span.starts_at,
            Disruption.to_at == trouble.span.ends_at,
        )
        .correlate(Appointment)
        .scalar_subquery()
    )


async def occupied(tx: AsyncSession, taker_id: UUID) -> dict[UUID, list[Span]]:
    """What an appointment or a proposal occupies, by resource."""
    found: dict[UUID, list[Span]] = defaultdict(list)
    for resource_id, starts_at, ends_at in await tx.execute(_OCCUPIED, {"brand": brand(tx), "taker": taker_id}):
        found[resource_id].append(Span(starts_at, ends_at))
    return found


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
        .where(await eyes(tx, by), Reassignment.handover_id == handover_id)
        .order_by(Reassignment.appointment_id)
        .limit(limit)
    )
    query = query if after is None else query.where(Reassignment.appointment_id > after)
    return [(row[0], row[1]) for row in await tx.execute(query)]
