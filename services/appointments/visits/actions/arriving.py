"""Counting whoever enters, once: at one tap, by her appointment, or because the appointment was checked in."""

import base64
import hmac
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.ids import NOBODY, new_id
from infra.tombstones import spare
from services.appointments.availability import queries as times
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.actions.life import check_in
from services.appointments.bookings.rules import Status as Stands
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Mode, wall
from services.appointments.visits.actions.queueing import end
from services.appointments.visits.events import VisitorArrived
from services.appointments.visits.queries import stays
from services.appointments.visits.rules.stays import ArrivalCodeUnreadable, LeftHow, NobodyExpected, Status
from services.appointments.visits.tables import Visit

SEAL = 12  # bytes of the keyed digest behind the appointment's id

# The row of the day is locked until the commit: two who enter at once take turns, and the turns have no holes. Where
# many do, the last waits a little longer than the login's lock_timeout would let her.
_PATIENCE = "with patience as materialized (select set_config('lock_timeout', '2500ms', true))"
_TURN = text(
    f"{_PATIENCE} insert into door_day as day (brand_id, boutique_id, on_day, turns)"  # noqa: S608 - our own words
    " select cast(:brand as text), cast(:boutique_id as uuid), cast(:on_day as date), 1 from patience"
    " on conflict (brand_id, boutique_id, on_day) do update set turns = day.turns + 1 returning turns"
)

_HOLD = text(
    f"{_PATIENCE} insert into door_day as day (brand_id, boutique_id, on_day, turns)"  # noqa: S608 - our own words
    " select cast(:brand as text), cast(:boutique_id as uuid), cast(:on_day as date), 0 from patience"
    " on conflict (brand_id, boutique_id, on_day) do update set turns = day.turns"
)


async def count(
    tx: AsyncSession,
    boutique_id: UUID,
    *,
    waits: bool,
    party_size: int | None,
    client_id: UUID | None,
    by: Caller,
    now: datetime,
) -> Visit:
    """Count somebody who has entered without an appointment; raises NotFound for a boutique of others."""
    boutique = await directory.own_boutique(tx, boutique_id, by)
    if client_id is not None:
        await spare(tx, f"client:{client_id}")
    owner_id = (await times.person(tx, client_id)).owner_id if client_id is not None else None
    return await _enter(
        tx,
        boutique_id,
        boutique.zone,
        status=Status.WAITING if waits else Status.INSIDE,
        arrived_at=now,
        client_id=client_id,
        advisor_id=owner_id,
        party_size=party_size,
    )


async def receive(
    tx: AsyncSession,
    boutique_id: UUID,
    *,
    code: str | None,
    appointment_id: UUID | None,
    client_id: UUID | None,
    by: Caller,
    now: datetime,
) -> Visit:
    """Check a booked client in and count her; her advisor hears of it by the facts.

    Raises NotFound, ArrivalCodeUnreadable, NobodyExpected, and what checking in raises. Whoever is there already is
    answered as she stands.
    """
    await directory.own_boutique(tx, boutique_id, by)
    if code is not None:
        appointment_id = _read(tx, code)
    elif client_id is not None:
        person = await times.person(tx, client_id)
        appointment_id = await stays.expected(tx, boutique_id, person.client_ids, now=now)
    if appointment_id is None:
        raise NobodyExpected
    appointment = await bookings.visible(tx, appointment_id, by, lock=True)
    if appointment.boutique_id != boutique_id or appointment.mode == Mode.VIDEO:
        raise NobodyExpected
    there = await stays.of_appointment(tx, appointment_id)
    if there is not None:
        return there
    if appointment.status != Stands.CHECKED_IN:
        appointment = await check_in(tx, appointment_id, if_match="*", by=by, now=now)
    return await follow(tx, appointment, arrived_at=appointment.arrived_at or now)


async def follow(tx: AsyncSession, appointment: Appointment, *, arrived_at: datetime) -> Visit:
    """Count a client whose appointment is checked in, unless somebody else has."""
    # Most were counted when they were received: a batch of facts about them must not hold the day of everybody else.
    there = await stays.of_appointment(tx, appointment.appointment_id)
    if there is not None:
        return there
    boutique = await directory.boutique(tx, appointment.boutique_id)
    # Whoever counts her just now holds the day, and has counted her when we get it.
    await _hold_day(tx, boutique.boutique_id, wall(arrived_at, ZoneInfo(boutique.zone)).date())
    there = await stays.of_appointment(tx, appointment.appointment_id)
    if there is not None:
        return there
    return await _enter(
        tx,
        boutique.boutique_id,
        boutique.zone,
        status=Status.WAITING,
        arrived_at=arrived_at,
        appointment_id=appointment.appointment_id,
        client_id=appointment.client_id if appointment.client_id != NOBODY else None,
        advisor_id=appointment.advisor_id,
        party_size=appointment.party_size,
    )


async def arrival_code(tx: AsyncSession, appointment_id: UUID, *, by: Caller) -> str:
    """What a client shows at the door for an appointment of hers; raises NotFound."""
    appointment = await bookings.visible(tx, appointment_id, by)
    return _sealed(tx, appointment.appointment_id)


async def _enter(
    tx: AsyncSession,
    boutique_id: UUID,
    zone: str,
    *,
    status: Status,
    arrived_at: datetime,
    client_id: UUID | None,
    advisor_id: UUID | None,
    party_size: int | None,
    appointment_id: UUID | None = None,
) -> Visit:
    on_day = wall(arrived_at, ZoneInfo(zone)).date()
    visit = Visit(
        brand_id=brand(tx),
        visit_id=new_id(),
        boutique_id=boutique_id,
        on_day=on_day,
        turn=await _turn(tx, boutique_id, on_day),
        status=status,
        arrived_at=arrived_at,
        appointment_id=appointment_id,
        client_id=client_id,
        advisor_id=advisor_id,
        party_size=party_size,
        version=1,
    )
    tx.add(visit)
    record(
        tx,
        VisitorArrived(
            visit_id=visit.visit_id,
            boutique_id=boutique_id,
            client_id=client_id,
            advisor_id=advisor_id,
            appointment_id=appointment_id,
            arrived_at=arrived_at,
        ),
    )
    await tx.flush()
    return visit


async def _hold_day(tx: AsyncSession, boutique_id: UUID, on_day: date) -> None:
    await tx.execute(_HOLD, {"brand": brand(tx), "boutique_id": boutique_id, "on_day": on_day})


async def _turn(tx: AsyncSession, boutique_id: UUID, on_day: date) -> int:
    turn: int = (
        await tx.execute(_TURN, {"brand": brand(tx), "boutique_id": boutique_id, "on_day": on_day})
    ).scalar_one()
    return turn


def _sealed(tx: AsyncSession, appointment_id: UUID) -> str:
    seal = keyring(tx).blind("appointment.arrival", f"{brand(tx)}:{appointment_id}")[:SEAL]
    return base64.urlsafe_b64encode(appointment_id.bytes + seal).rstrip(b"=").decode()


def _read(tx: AsyncSession, code: str) -> UUID:
    raw = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    appointment_id = UUID(bytes=raw[:16])
    # Compared as it is written: of 28 bytes the last character says four bits only.
    if not hmac.compare_digest(_sealed(tx, appointment_id), code):
        raise ArrivalCodeUnreadable
    return appointment_id


async def follow_check_ins(tx: AsyncSession, arrived: Mapping[UUID, datetime]) -> None:
    """Count clients, by appointment, who were checked in without being counted; safe to repeat.

    Whoever was checked in to a video visit has not entered.
    """
    query = select(Appointment).where(
        Appointment.brand_id == brand(tx),
        Appointment.appointment_id.in_(list(arrived)),
        Appointment.mode != Mode.VIDEO,
    )
    # Not locked: a batch of facts may hold a day's turns, for which whoever receives her waits with the appointment.
    found = (await tx.execute(query)).scalars().all()
    for appointment in sorted(found, key=lambda one: arrived[one.appointment_id]):
        await follow(tx, appointment, arrived_at=arrived[appointment.appointment_id])


async def follow_completion(tx: AsyncSession, appointment_id: UUID, *, completed_at: datetime) -> None:
    """End the stay of a client whose visit was completed; safe to repeat."""
    visit = await stays.of_appointment(tx, appointment_id, lock=True)
    if visit is not None and visit.status != Status.LEFT:
        end(tx, visit, left_at=completed_at, how=LeftHow.RECORDED)
