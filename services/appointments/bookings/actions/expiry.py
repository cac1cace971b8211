"""What nobody confirmed, approved or answered in time: it ends and its time goes back, by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.identity import Role
from services.appointments.availability import actions as availability
from services.appointments.bookings.actions import proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.events import AppointmentRefused
from services.appointments.bookings.rules.life import Status, Step, step
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment, Proposal

EVERY = 1.0  # seconds; a booking does not wait for this, an overdue hold gives way at once
BATCH = 100
RUNS_OUT = (Status.HELD, Status.PENDING)

Ending = Callable[[AsyncSession, str, UUID, datetime], Coroutine[Any, Any, None]]


async def loop(kit: Kit, stop: asyncio.Event) -> None:
    """Expire what is overdue until told to stop. Several processes may do so: each row is taken once."""
    while not stop.is_set():
        if await expire_overdue(kit.database, now=kit.clock()) < BATCH:
            await pause(stop, EVERY)


async def expire_overdue(database: Database, *, now: datetime) -> int:
    """End what ran out, each in a transaction of its own; answers how many were due, at most `BATCH` of each kind."""
    async with database.transaction(EVERY_BRAND) as tx:
        appointments = await tx.execute(
            select(Appointment.brand_id, Appointment.appointment_id)
            .where(Appointment.status.in_(RUNS_OUT), Appointment.expires_at <= now)
            .order_by(Appointment.expires_at)
            .limit(BATCH)
        )
        offers = await tx.execute(
            select(Proposal.brand_id, Proposal.appointment_id)
            .where(Proposal.status == Answer.OPEN, Proposal.expires_at <= now)
            .order_by(Proposal.expires_at)
            .limit(BATCH)
        )
        due: list[tuple[Ending, str, UUID]] = [
            *((_expire, brand_id, appointment_id) for brand_id, appointment_id in appointments),
            *((_lapse, brand_id, appointment_id) for brand_id, appointment_id in offers),
        ]
    for ending, brand_id, appointment_id in due:
        async with database.transaction(brand_id) as tx:
            await ending(tx, brand_id, appointment_id, now)
    return len(due)


async def _expire(tx: AsyncSession, brand_id: str, appointment_id: UUID, now: datetime) -> None:
    # Locked means that somebody confirms or cancels it just now, or that another process expires it.
    query = (
        select(Appointment)
        .where(
            Appointment.brand_id == brand_id,
            Appointment.appointment_id == appointment_id,
            Appointment.status.in_(RUNS_OUT),
            Appointment.expires_at <= now,
        )
        .with_for_update(skip_locked=True)
    )
    appointment = (await tx.execute(query)).scalar_one_or_none()
    if appointment is None:
        return
    await availability.give_back(tx, appointment_id, appointment.resource_ids)
    was = Status(appointment.status)
    appointment.status = step(was, Step.EXPIRE)
    appointment.version += 1
    if was is Status.PENDING:  # of a mere hold nobody has heard
        announce(tx, AppointmentRefused, appointment, by=Role.SERVICE, unanswered=True)


async def _lapse(tx: AsyncSession, brand_id: str, appointment_id: UUID, now: datetime) -> None:
    # The visit first, like everybody who ends its proposal.
    query = (
        select(Appointment)
        .where(Appointment.brand_id == brand_id, Appointment.appointment_id == appointment_id)
        .with_for_update(skip_locked=True)
    )
    visit = (await tx.execute(query)).scalar_one_or_none()
    overdue = (
        select(Proposal)
        .where(
            Proposal.brand_id == brand_id,
            Proposal.appointment_id == appointment_id,
            Proposal.status == Answer.OPEN,
            Proposal.expires_at <= now,
        )
        .with_for_update()
    )
    if visit is not None and (proposal := (await tx.execute(overdue)).scalar_one_or_none()) is not None:
        await proposals.release(tx, proposal, visit, outcome=Answer.EXPIRED, now=now)
