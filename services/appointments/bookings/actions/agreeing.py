"""A time that is kept becomes a visit agreed, or one that somebody has to approve first."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.refusal import NotPermitted
from infra.wire import check_match
from services.appointments.availability import actions as availability
from services.appointments.bookings import queries
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.upset import set_right
from services.appointments.bookings.events import AppointmentConfirmed, AppointmentRefused, AppointmentRequested
from services.appointments.bookings.rules.life import HoldExpired, RequestUnanswered, Status, Step, step
from services.appointments.bookings.rules.policy import approve_until
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory


def may_approve(by: Caller, appointment: Appointment) -> bool:
    """A manager may, and whoever is to receive her."""
    receiving = {appointment.advisor_id, appointment.second_advisor_id}
    return by.role is Role.MANAGER or (by.role is Role.ADVISOR and by.advisor_id in receiving)


async def confirm(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Appointment:
    """Agree the visit while its time is still kept, or ask for it where it has to be approved.

    Raises NotFound, Stale, StepNotPossible, HoldExpired, TooSoonToApprove.
    """
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    status = Status(appointment.status)
    is_request = appointment.needs_approval_for is not None and not may_approve(by, appointment)
    after = step(status, Step.REQUEST if is_request else Step.CONFIRM)
    if appointment.expires_at is None or now >= appointment.expires_at:
        raise HoldExpired
    if is_request:
        await _request(tx, appointment, by=by, now=now)
    else:
        # The rows decide, not this clock: a rival's may run ahead and have let the hold give way.
        if not await availability.keep(tx, appointment_id, appointment.resource_ids, now=now):
            raise HoldExpired
        appointment.confirmed_at, appointment.expires_at = now, None
    appointment.status, appointment.version = after, appointment.version + 1
    if not is_request:
        announce(tx, AppointmentConfirmed, appointment, by=by.role, overridden=appointment.overridden)
    return appointment


async def _request(tx: AsyncSession, appointment: Appointment, *, by: Caller, now: datetime) -> None:
    experience = await directory.experience(tx, appointment.experience_id)
    within = timedelta(minutes=experience.approve_within_minutes)
    until = approve_until(within, now=now, starts_at=appointment.starts_at)
    wanted = (appointment.appointment_id, appointment.resource_ids)
    if not await availability.prolong(tx, *wanted, until=until, now=now):
        raise HoldExpired
    appointment.expires_at = until
    announce(
        tx,
        AppointmentRequested,
        appointment,
        by=by.role,
        expires_at=until,
        because=appointment.needs_approval_for,
    )


async def approve(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Appointment:
    """Agree to what a client asked for; raises NotFound, NotPermitted, Stale, StepNotPossible, RequestUnanswered."""
    appointment, after = await _asked_for(tx, appointment_id, Step.APPROVE, if_match=if_match, by=by, now=now)
    if not await availability.keep(tx, appointment_id, appointment.resource_ids, now=now):
        raise RequestUnanswered
    _decide(appointment, after, by=by, now=now)
    appointment.confirmed_at = now
    await set_right(tx, appointment, now=now)
    announce(tx, AppointmentConfirmed, appointment, by=by.role)
    return appointment


async def refuse(
    tx: AsyncSession, appointment_id: UUID, *, reason: str, if_match: str, by: Caller, now: datetime
) -> Appointment:
    """Say no to what a client asked for, and why; raises what `approve` raises."""
    appointment, after = await _asked_for(tx, appointment_id, Step.REFUSE, if_match=if_match, by=by, now=now)
    await availability.give_back(tx, appointment_id, appointment.resource_ids)
    _decide(appointment, after, by=by, now=now)
    appointment.refusal_reason = keyring(tx).seal("appointment", "refusal_reason", appointment_id, reason)
    announce(tx, AppointmentRefused, appointment, by=by.role, unanswered=False)
    return appointment


async def _asked_for(
    tx: AsyncSession, appointment_id: UUID, wanted: Step, *, if_match: str, by: Caller, now: datetime
) -> tuple[Appointment, Status]:
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    if not may_approve(by, appointment):
        raise NotPermitted
    check_match(if_match, appointment.version)
    after = step(Status(appointment.status), wanted)
    if appointment.expires_at is None or now >= appointment.expires_at:
        raise RequestUnanswered
    return appointment, after


def _decide(appointment: Appointment, after: Status, *, by: Caller, now: datetime) -> None:
    appointment.status, appointment.version = after, appointment.version + 1
    appointment.decided_at, appointment.decided_by, appointment.expires_at = now, by.role, None
