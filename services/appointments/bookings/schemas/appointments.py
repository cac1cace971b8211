"""Wire models of appointments."""

from datetime import datetime
from uuid import UUID

from infra.wire import Code, Form, View
from services.appointments.availability.schemas import Instant, PartySize
from services.appointments.bookings.rules import AssignedFor, Status


class HoldForm(Form):
    """A time to keep. A client books for herself; the house's people say for whom (`client_id`)."""

    boutique_id: UUID
    experience_id: UUID
    starts_at: Instant
    client_id: UUID | None = None
    advisor_id: UUID | None = None
    party_size: PartySize = 1
    piece_code: Code | None = None


class MoveForm(Form):
    """Another time; without `advisor_id` the same advisor if she is free."""

    starts_at: Instant
    advisor_id: UUID | None = None


class HerAppointmentView(View):
    """An appointment, as the client sees it."""

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    room_id: UUID | None
    experience_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    expires_at: datetime | None
    party_size: int
    piece_code: str | None
    created_at: datetime
    confirmed_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int


class AppointmentView(HerAppointmentView):
    """An appointment, as the house sees it. `assigned_for` says why this advisor receives her."""

    assigned_for: AssignedFor


class ReassignmentView(View):
    """A visit of a client who was handed over: with whom it was, with whom it was to be, and what became of it.

    `outcome`: reassigned, kept (it stays where it was, see `reason`), returned after an undo, not-returned. `reason`:
    not-there, off-shift, taken.
    """

    appointment_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    outcome: str
    reason: str | None
    starts_at: datetime
