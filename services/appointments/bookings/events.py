"""Facts that bookings announce."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from infra.eventlog.facts import Fact


class _Agreed(BaseModel):
    """What was agreed: who, where, when, and by which role this was done (`made_by`)."""

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
    mode: str = "in-person"
    second_advisor_id: UUID | None = None
    made_by: str | None = None


class AppointmentConfirmed(_Agreed, Fact):
    """A time kept, or a request that was approved, became a visit agreed."""

    type: ClassVar[str] = "appointments.confirmed.v1"

    overridden: list[str] = []


class AppointmentMoved(_Agreed, Fact):
    """A visit has another time now, perhaps another advisor or room; these are the new ones.

    `agreed_by` is how she agreed when the house moved it: proposal, telephone, in-person, message. `overridden` are the
    rules that a manager set aside.
    """

    type: ClassVar[str] = "appointments.moved.v1"

    agreed_by: str | None = None
    overridden: list[str] = []


class AppointmentCancelled(_Agreed, Fact):
    """A visit agreed was given up. A time that was only kept is not announced: nobody heard of it."""

    type: ClassVar[str] = "appointments.cancelled.v1"


class AppointmentRequested(_Agreed, Fact):
    """A client asks for a visit that the boutique has to approve by then; its time is kept for her meanwhile.

    Told again when she asks for another time instead.
    """

    type: ClassVar[str] = "appointments.requested.v1"

    expires_at: datetime
    because: str  # experience, or no-shows


class AppointmentRefused(_Agreed, Fact):
    """A visit that was asked for will not take place: somebody said no, or (`unanswered`) nobody said anything."""

    type: ClassVar[str] = "appointments.refused.v1"

    unanswered: bool


class AppointmentProposed(Fact):
    """The house would like to move a visit; it keeps both times until she answers, or until `expires_at`."""

    type: ClassVar[str] = "appointments.proposed.v1"
    aggregate: ClassVar[str] = "appointment_id"

    proposal_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    room_id: UUID | None
    experience_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    because: str  # staff, or disruption
    disruption_id: UUID | None
    made_by: str


class ProposalEnded(Fact):
    """A proposal is over: accepted, declined, expired, or withdrawn. `appointments.moved` says the new time."""

    type: ClassVar[str] = "appointments.proposal-ended.v1"
    aggregate: ClassVar[str] = "appointment_id"

    proposal_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    outcome: str


class AppointmentDisrupted(Fact):
    """A visit's advisor is away or its boutique closed: reassigned, offered (another time), or nothing-free."""

    type: ClassVar[str] = "appointments.disrupted.v1"
    aggregate: ClassVar[str] = "appointment_id"

    disruption_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    from_advisor_id: UUID
    starts_at: datetime
    reason: str
    outcome: str
    advisor_id: UUID | None
    proposal_id: UUID | None


class AppointmentReassigned(Fact):
    """A visit went with its client to her new advisor, or back; of one agreed `appointments.moved` says the rest."""

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
    """She did not come; `excused` where the house itself had upset the visit."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"
    aggregate: ClassVar[str] = "appointment_id"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    excused: bool
