"""Wire models of appointments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, LongText, View
from services.appointments.availability.schemas import Instant, PartySize
from services.appointments.bookings.rules.assigning import AssignedFor
from services.appointments.bookings.rules.life import Status
from services.appointments.bookings.rules.policy import ApprovalFor
from services.appointments.bookings.rules.proposals import AgreedBy, HerWord
from services.appointments.bookings.schemas.words import Answers, Configuration, Link, Words
from services.appointments.directory.rules import Mode
from services.appointments.directory.schemas.staff import Language

Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"[^\s\x85]")]


class HoldForm(Form):
    """A time to keep. A client books for herself; the house's people say for whom (`client_id`).

    `party_size` counts her and her guests. `requests`, the `configuration` of what is to be made to order and the
    `answers` to the experience's questions are sealed. A manager may set rules aside with `override_reason`: horizon,
    shift, the size of the party; never that somebody else has the time.
    """

    boutique_id: UUID
    experience_id: UUID
    starts_at: Instant
    client_id: UUID | None = None
    advisor_id: UUID | None = None
    party_size: PartySize = 1
    piece_code: Code | None = None
    mode: Mode = Mode.IN_PERSON
    language: Language | None = None
    occasion: Code | None = None
    requests: LongText | None = None
    configuration: Configuration | None = None
    answers: Answers | None = None
    override_reason: Reason | None = None


class MoveForm(Form):
    """Another time; without `advisor_id` the same advisor if she is free.

    The house says how the client agreed (`agreed_by`): in person, by telephone or by message. To ask her first, it
    proposes.
    """

    starts_at: Instant
    advisor_id: UUID | None = None
    agreed_by: HerWord | None = None
    override_reason: Reason | None = None


class RefusalForm(Form):
    """Why the boutique cannot receive her then."""

    reason: Reason


class AnswersForm(Form):
    """What she answers before the visit, instead of what she answered before."""

    answers: Answers


class LinkForm(Form):
    """Where a video visit is held; null takes it away."""

    link: Link | None


class HerAppointmentView(View):
    """An appointment, as the client sees it in a list."""

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    second_advisor_id: UUID | None
    room_id: UUID | None
    experience_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    expires_at: datetime | None
    party_size: int
    piece_code: str | None
    mode: Mode
    language: str | None
    occasion: str | None
    created_at: datetime
    confirmed_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int


class HerDetailedView(HerAppointmentView):
    """An appointment, as the client sees it: with what was written, and what the house proposes."""

    words: Words | None
    proposal_id: UUID | None


class AppointmentView(HerAppointmentView):
    """An appointment, as the house sees it. `assigned_for` says why this advisor receives her.

    `needs_approval_for` says why it has to be approved, `overridden` which rules a manager set aside, `agreed_by` how
    she agreed to a time that the house chose. `excused`: she did not come, but the house itself had upset the visit.
    """

    assigned_for: AssignedFor
    made_by: str
    needs_approval_for: ApprovalFor | None
    decided_by: str | None
    overridden: list[str]
    agreed_by: AgreedBy | None
    excused: bool


class DetailedView(AppointmentView):
    """The same with what was written, for who receives her or speaks to her, and what the house proposes."""

    words: Words | None
    override_reason: str | None
    proposal_id: UUID | None


class ReassignmentView(View):
    """A visit of a client who was handed over: with whom it was, with whom it was to be, and what became of it.

    `outcome`: reassigned, kept (it stays where it was, see `reason`), returned after an undo, not-returned. `reason`:
    not-there, off-shift, taken. With `assists` it is a visit at which the giver, who is not there any more, was to
    assist; `reason` is nobody-free where nobody else can.
    """

    appointment_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    outcome: str
    reason: str | None
    starts_at: datetime
    assists: bool
