"""Recording the facts that carry what was agreed."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Role
from services.appointments.bookings.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentMoved,
    AppointmentRefused,
    AppointmentRequested,
)
from services.appointments.bookings.tables import Appointment

Agreement = type[
    AppointmentConfirmed | AppointmentMoved | AppointmentCancelled | AppointmentRequested | AppointmentRefused
]


def announce(tx: AsyncSession, fact: Agreement, appointment: Appointment, *, by: Role, **more: Any) -> None:
    """Record that the caller's role agreed it, moved it, or gave it up."""
    record(
        tx,
        fact(
            appointment_id=appointment.appointment_id,
            client_id=appointment.client_id,
            boutique_id=appointment.boutique_id,
            advisor_id=appointment.advisor_id,
            second_advisor_id=appointment.second_advisor_id,
            room_id=appointment.room_id,
            experience_id=appointment.experience_id,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            piece_code=appointment.piece_code,
            mode=appointment.mode,
            made_by=by,
            **more,
        ),
    )
