"""Wire models of proposals and disruptions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import model_validator

from infra.wire import Code, Form, View
from services.appointments.availability.schemas import Instant
from services.appointments.bookings.rules.disruptions import Outcome
from services.appointments.bookings.rules.proposals import Answer, Because, HerWord
from services.appointments.bookings.schemas.appointments import Reason

LONGEST = timedelta(days=92)


class ProposalForm(Form):
    """Another time for a visit; without `advisor_id` the same advisor if she is free."""

    starts_at: Instant
    advisor_id: UUID | None = None
    override_reason: Reason | None = None


class AlternativeForm(Form):
    """One of the times that were named to her, and with whom."""

    starts_at: Instant
    advisor_id: UUID


class AcceptForm(Form):
    """How she agreed, where the house answers for her; with `alternative` to another time that was named to her."""

    agreed_by: HerWord | None = None
    alternative: AlternativeForm | None = None


class AlternativeView(View):
    """Another free time, and with whom."""

    starts_at: datetime
    advisor_id: UUID


class ProposalView(View):
    """Another time that the house proposes, and until when it is kept for her.

    `alternatives` were the nearest other free times when it was made: she may take one of them instead.
    """

    proposal_id: UUID
    appointment_id: UUID
    advisor_id: UUID
    second_advisor_id: UUID | None
    room_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    status: Answer
    because: Because
    alternatives: list[AlternativeView]
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class DisruptionForm(Form):
    """An advisor, or a whole boutique, that cannot receive anybody from one time to another.

    With `dry_run` nothing changes; the answer is what would.
    """

    advisor_id: UUID | None = None
    boutique_id: UUID | None = None
    from_at: Instant
    to_at: Instant
    reason: Code
    dry_run: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.advisor_id is None) == (self.boutique_id is None):
            raise ValueError("must name an advisor or a boutique")
        if not timedelta(0) < self.to_at - self.from_at <= LONGEST:
            raise ValueError("must end after it begins, at most 92 days later")
        return self


class DisruptedVisitView(View):
    """What became of one visit: reassigned (to `advisor_id`), offered (see `proposal_id`), nothing-free (call her)."""

    appointment_id: UUID
    client_id: UUID
    starts_at: datetime
    from_advisor_id: UUID
    outcome: Outcome
    advisor_id: UUID | None
    proposal_id: UUID | None
    proposed_at: datetime | None = None
    expires_at: datetime | None = None
    alternatives: Sequence[AlternativeView] = ()


class DisruptionView(View):
    """A disruption and its visits. With `more` there are others: ask again until there are none.

    `disruption_id` is null for a rehearsal (`dry_run`).
    """

    disruption_id: UUID | None
    boutique_id: UUID
    advisor_id: UUID | None
    from_at: datetime
    to_at: datetime
    reason: str
    visits: list[DisruptedVisitView]
    more: bool
