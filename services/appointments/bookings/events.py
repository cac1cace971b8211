"""Facts that bookings announce."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from infra.eventlog.facts import Fact


class _Agreed(BaseModel):
    """What was agreed: who, where, when."""

    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    room_id: UUID | None
    experience_id: UUID
    starts_at: datetime
    ends_at: datetime
    piece_code: str | None


class AppointmentConfirmed(_Agreed, Fact):
    """A time kept became a visit agreed."""

    type: ClassVar[str] = "appointments.confirmed.v1"


class AppointmentMoved(_Agreed, Fact):
    """A visit has another time now, perhaps another advisor or room; these are the new ones."""

    type: ClassVar[str] = "appointments.moved.v1"


class AppointmentCancelled(_Agreed, Fact):
    """A visit agreed was given up. A time that was only kept is not announced: nobody heard of it."""

    type: ClassVar[str] = "appointments.cancelled.v1"


class AppointmentReassigned(Fact):
    """A visit agreed went with its client to her new advisor, or back; `appointments.moved` says the rest."""

    type: ClassVar[str] = "appointments.reassigned.v1"
    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    handover_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID


class ClientArrived(Fact):
    """She is in the boutique."""

    type: ClassVar[str] = "appointments.client-arrived.v1"
    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    arrived_at: datetime


class VisitCompleted(Fact):
    """She has been received and has left."""

    type: ClassVar[str] = "appointments.visit-completed.v1"
    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    experience_id: UUID
    completed_at: datetime


class NoShowRecorded(Fact):
    """She did not come."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"
    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
