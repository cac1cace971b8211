"""Work orders over the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from infra.identity import Role
from infra.wire import Code, Form, LongText, Text, View
from services.feedback.invitations.rules import Status as InvitationStatus
from services.feedback.workorders.rules import Deadline, Hand, Loop, Severity, Status, Step

MONTHS = 90 * 24 * 60  # minutes

Minutes = Annotated[int, Field(ge=1, le=MONTHS)]


class PolicyForm(Form):
    """The policy of one severity. Without `at_most_score` its band stays."""

    severity: Severity
    respond_within_minutes: Minutes
    resolve_within_minutes: Minutes
    at_most_score: Annotated[int, Field(ge=0, le=10)] | None = None


class PolicyView(View):
    """The policy of one severity; version 0 is the suite's own."""

    severity: Severity
    at_most_score: int
    respond_within_minutes: int
    resolve_within_minutes: int
    version: int


class PoliciesView(View):
    """All policies, the gravest first."""

    items: list[PolicyView]


class WorkOrderForm(Form):
    """What somebody of the house opens without an answer of the client."""

    client_id: UUID
    boutique_id: UUID
    severity: Severity
    text: LongText
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None


class AssignForm(Form):
    """Whose it is now."""

    advisor_id: UUID


class NoteForm(Form):
    """Something to remember."""

    text: LongText


class ResolveForm(Form):
    """What was done, and why it had gone wrong: `cause` is the house's own code, such as `no-advice-on-wearing`."""

    resolution: LongText
    cause: Code


class LoopView(View):
    """What the client says once we say it is done."""

    state: Loop
    answer_id: UUID | None
    score: int | None
    closed_at: datetime | None
    followed_by_id: UUID | None


class WorkOrderView(View):
    """A work order in the queue. `comment` is her words, for those who may read them."""

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    answer_id: UUID | None
    score: int | None
    comment: str | None
    severity: Severity
    status: Status
    assignee_id: UUID | None
    opened_at: datetime
    respond_due_at: datetime
    due_at: datetime
    overdue: bool
    responded_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    cause: str | None
    follows_id: UUID | None
    version: int
    loop: LoopView


class NoteView(View):
    """A note."""

    note_id: UUID
    text: str
    subject: str
    written_at: datetime


class StepView(View):
    """A step somebody took."""

    step: Step | Literal["open"]
    status: Status
    subject: str
    taken_at: datetime


class AskedView(View):
    """How far asking her again has come."""

    invitation_id: UUID
    status: InvitationStatus
    reason: str | None


class WorkOrderDetail(WorkOrderView):
    """A work order with all that happened to it."""

    resolution: str | None
    notes: list[NoteView]
    history: list[StepView]
    asked_again: AskedView | None


class DeadlineView(View):
    """One obligation; `remaining_seconds` is negative once it is late and null once it is over."""

    within_minutes: int
    due_at: datetime
    met_at: datetime | None
    state: Hand
    remaining_seconds: int | None

    @classmethod
    def of(cls, deadline: Deadline) -> Self:
        """Spell a deadline out."""
        return cls(
            within_minutes=int(deadline.within.total_seconds() // 60),
            due_at=deadline.due_at,
            met_at=deadline.met_at,
            state=deadline.hand,
            remaining_seconds=None if deadline.remaining is None else int(deadline.remaining.total_seconds()),
        )


class ClockView(View):
    """The clock of a work order, computed as it is read. Every hour counts, day and night."""

    work_order_id: UUID
    severity: Severity
    policy_version: int
    counts: Literal["every-hour"] = "every-hour"
    started_at: datetime
    now: datetime
    respond: DeadlineView
    resolve: DeadlineView


class AskerForm(Form):
    """Somebody who asks another service for something about clients, as that service knows her."""

    subject: Text
    role: Role
    advisor_id: UUID | None = None
    boutique_ids: Annotated[list[UUID], Field(default=[], max_length=1000)]
    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class OpenOrderView(View):
    """What is still to be put right for a client, without anybody's words."""

    work_order_id: UUID
    boutique_id: UUID
    appointment_id: UUID | None
    severity: Severity
    status: Status
    assignee_id: UUID | None
    opened_at: datetime
    due_at: datetime
    overdue: bool


class OpenOrdersOfView(View):
    """One client's, the next deadline first; `client_id` is the id that was asked for."""

    client_id: UUID
    work_orders: list[OpenOrderView]


class OpenOrdersView(View):
    """Those of the clients for whom the asker sees any."""

    items: list[OpenOrdersOfView]
