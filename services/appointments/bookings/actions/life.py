"""The steps of an appointment after it was agreed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.wire import check_match
from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Actor
from services.appointments.bookings import queries
from services.appointments.bookings.actions import proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.turns import take_turns
from services.appointments.bookings.events import AppointmentCancelled, ClientArrived, NoShowRecorded, VisitCompleted
from services.appointments.bookings.rules.life import (
    CancellationNotice,
    Status,
    Step,
    judge_arrival,
    judge_no_show,
    step,
)
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory


async def _advance(tx: AsyncSession, appointment_id: UUID, wanted: Step, *, if_match: str, by: Caller) -> Appointment:
    """Lock the appointment and take the step; raises NotFound, Stale, StepNotPossible."""
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    appointment.status = step(Status(appointment.status), wanted)
    appointment.version += 1
    return appointment


async def owing(tx: AsyncSession, appointment: Appointment, by: Caller) -> Actor:
    """On whose side a caller changes a visit: a client owes no notice for what the house itself has upset."""
    actor = times.actor(by)
    if actor is Actor.CLIENT and await queries.is_upset(tx, appointment.appointment_id):
        return Actor.HOUSE
    return actor


async def cancel(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Appointment:
    """Free the advisor and the room, if the rules still allow it.

    Raises NotFound, Stale, StepNotPossible, NoticeTooShort.
    """
    # The row lock makes two simultaneous cancellations take turns.
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    status = Status(appointment.status)
    after = step(status, Step.CANCEL)
    experience = await directory.experience(tx, appointment.experience_id)
    notice = CancellationNotice(timedelta(minutes=experience.cancel_notice_minutes))
    notice.judge(status=status, starts_at=appointment.starts_at, now=now, actor=await owing(tx, appointment, by))
    await proposals.vacate(tx, appointment, now=now)
    appointment.status, appointment.version = after, appointment.version + 1
    appointment.cancelled_at, appointment.cancelled_by, appointment.expires_at = now, by.role, None
    if status is not Status.HELD:  # nobody has heard of a mere hold
        announce(tx, AppointmentCancelled, appointment, by=by.role)
    return appointment


async def call_off(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """Cancel whatever a client has agreed to or keeps, without notice: she had herself erased."""
    found = await queries.ahead(tx, client_ids)
    if not found:
        return
    offered = await proposals.standing(tx, [one.appointment_id for one in found])
    resources = {resource for appointment in found for resource in appointment.resource_ids}
    resources |= {resource for offer in offered.values() for resource in offer.resource_ids}
    # All locks at once, in their one order: each appointment after the other would dead-lock with who moves another.
    await take_turns(tx, resources)
    ids = [*(one.appointment_id for one in found), *(one.proposal_id for one in offered.values())]
    await availability.give_back_all(tx, ids, resources)
    for appointment in found:
        was = Status(appointment.status)
        appointment.status, appointment.version = step(was, Step.CANCEL), appointment.version + 1
        appointment.cancelled_at, appointment.cancelled_by, appointment.expires_at = now, Role.PRIVACY, None
        if appointment.appointment_id in offered:
            offer = offered[appointment.appointment_id]
            proposals.end(tx, offer, appointment, outcome=Answer.WITHDRAWN, now=now)
        if was is not Status.HELD:
            announce(tx, AppointmentCancelled, appointment, by=Role.PRIVACY)
    await tx.flush()


async def check_in(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Appointment:
    """She has arrived; raises NotFound, Stale, StepNotPossible, TooEarly, TooLate."""
    appointment = await _advance(tx, appointment_id, Step.CHECK_IN, if_match=if_match, by=by)
    judge_arrival(starts_at=appointment.starts_at, ends_at=appointment.ends_at, now=now)
    await proposals.withdraw(tx, appointment, now=now)
    appointment.arrived_at = now
    record(
        tx,
        ClientArrived(
            appointment_id=appointment_id,
            client_id=appointment.client_id,
            boutique_id=appointment.boutique_id,
            advisor_id=appointment.advisor_id,
            arrived_at=now,
        ),
    )
    return appointment


async def complete(tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Appointment:
    """The visit is over, and what is left of its time is free; raises NotFound, Stale, StepNotPossible."""
    appointment = await _advance(tx, appointment_id, Step.COMPLETE, if_match=if_match, by=by)
    await availability.cut_short(tx, appointment_id, appointment.resource_ids, now=now)
    appointment.completed_at = now
    record(
        tx,
        VisitCompleted(
            appointment_id=appointment_id,
            client_id=appointment.client_id,
            boutique_id=appointment.boutique_id,
            advisor_id=appointment.advisor_id,
            experience_id=appointment.experience_id,
            completed_at=now,
        ),
    )
    return appointment


async def record_no_show(
    tx: AsyncSession, appointment_id: UUID, *, if_match: str, by: Caller, now: datetime
) -> Appointment:
    """She did not come, and her time is free; raises NotFound, Stale, StepNotPossible, TooEarly.

    It is not held against her where the house itself had upset the visit.
    """
    appointment = await _advance(tx, appointment_id, Step.RECORD_NO_SHOW, if_match=if_match, by=by)
    judge_no_show(starts_at=appointment.starts_at, now=now)
    appointment.excused = await queries.is_upset(tx, appointment_id)
    await proposals.vacate(tx, appointment, now=now)
    record(
        tx,
        NoShowRecorded(
            appointment_id=appointment_id,
            client_id=appointment.client_id,
            boutique_id=appointment.boutique_id,
            advisor_id=appointment.advisor_id,
            excused=appointment.excused,
        ),
    )
    return appointment
