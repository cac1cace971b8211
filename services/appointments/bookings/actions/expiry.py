"""Holds that nobody confirmed: their time goes back, by itself."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.appointments.availability import actions as availability
from services.appointments.bookings.rules import Status, Step, step
from services.appointments.bookings.tables import Appointment

EVERY = 1.0  # seconds; a booking does not wait for this, an overdue hold gives way at once
BATCH = 100


async def loop(kit: Kit, stop: asyncio.Event) -> None:
    """Expire what is overdue until told to stop. Several processes may do so: each row is taken once."""
    while not stop.is_set():
        if await expire_overdue(kit.database, now=kit.clock()) < BATCH:
            await pause(stop, EVERY)


async def expire_overdue(database: Database, *, now: datetime) -> int:
    """End the holds that ran out, each in a transaction of its own; answers how many were due, at most `BATCH`."""
    async with database.transaction(EVERY_BRAND) as tx:
        found = await tx.execute(
            select(Appointment.brand_id, Appointment.appointment_id)
            .where(Appointment.status == Status.HELD, Appointment.expires_at <= now)
            .order_by(Appointment.expires_at)
            .limit(BATCH)
        )
        due = [(brand_id, appointment_id) for brand_id, appointment_id in found]
    for brand_id, appointment_id in due:
        await _expire(database, brand_id, appointment_id, now=now)
    return len(due)


async def _expire(database: Database, brand_id: str, appointment_id: UUID, *, now: datetime) -> None:
    async with database.transaction(brand_id) as tx:
        # Locked means that somebody confirms or cancels it just now, or that another process expires it.
        query = (
            select(Appointment)
            .where(
                Appointment.brand_id == brand_id,
                Appointment.appointment_id == appointment_id,
                Appointment.status == Status.HELD,
                Appointment.expires_at <= now,
            )
            .with_for_update(skip_locked=True)
        )
        appointment = (await tx.execute(query)).scalar_one_or_none()
        if appointment is None:
            return
        await availability.give_back(tx, appointment_id, appointment.resource_ids)
        appointment.status = step(Status.HELD, Step.EXPIRE)
        appointment.version += 1
