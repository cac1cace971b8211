"""How tasks, their policy and their rates go over the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View
from services.profile.clients.models.workdays import arranged_until
from services.profile.tasks.queries.policy import TaskPolicy
from services.profile.tasks.queries.tasks import Task, Tried
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.policy import NUMBERS, OPEN_DAYS, Festival, Policy
from services.profile.tasks.rules.rates import Level, Of, Rates, Share
from services.profile.tasks.rules.steps import Outcome, Status, Why

Note = Annotated[LongText, Field(max_length=500)]
Days = Annotated[int, Field(ge=0, le=730)]
WorkingDays = Annotated[int, Field(ge=0, le=60)]
Rule = Literal[
    "thank-you",
    "after-sales-call",
    "birthday",
    "day-that-matters",
    "festival",
    "lapse",
    "handover",
    "recovery",
    "contact-plan",
]


class OutcomeForm(Form):
    """What came of it; a note is for the advisor and her manager."""

    outcome: Outcome
    note: Note | None = None


class SnoozeForm(Form):
    """The day it is due instead."""

    until_on: date


class AssignForm(Form):
    """The advisor who is to do it."""

    advisor_id: UUID


class TaskForm(Form):
    """Something to do for a client that nobody else would have thought of.

    Without an advisor it is the caller's own if she is one, else the client's owner's. An offer waits until she was
    thanked for what she bought last.
    """

    client_id: UUID
    due_on: date
    words: Note
    is_offer: bool = False
    advisor_id: UUID | None = None


class TaskView(View):
    """Something to do for a client.

    `wanted_on` is the day it was promised by, `due_on` the one it is due now, `over_on` the last one it is of use.
    `subject_id` is what it is about: the purchase, the day that matters, the work order, the handover, the campaign.
    """

    task_id: UUID
    kind: Kind
    client_id: UUID
    display_name: str
    advisor_id: UUID | None
    boutique_id: UUID | None
    subject_id: UUID | None
    festival: Festival | None
    is_offer: bool
    words: str | None
    wanted_on: date
    due_on: date
    over_on: date
    status: Status
    reason: Why | None
    attempts: int
    outcome: Outcome | None
    opened_at: datetime
    closed_at: datetime | None


class TriedView(View):
    """What came of one attempt."""

    outcome: Outcome
    note: str | None
    advisor_id: UUID | None
    given_at: datetime


class WholeTaskView(TaskView):
    """A task with every attempt, the first first."""

    tried: list[TriedView]

    @classmethod
    def of(cls, task: Task, tried: list[Tried]) -> "WholeTaskView":
        """The view of a task and its attempts."""
        attempts = [TriedView.model_validate(one) for one in tried]
        return cls(**TaskView.model_validate(task).model_dump(), tried=attempts)


class TaskPolicyForm(Form):
    """How the house wants its tasks.

    `at_work`: the rules that open them. `..._days` before which the working day stands are working days of the State
    Council's calendar: `thank_you_days`, `after_sales_days`, `recovery_days`, `lapse_days` behind what happened, and
    `again_days` behind an attempt in vain, `most_attempts` in all. `ahead_days`: how long before its day a greeting is
    opened. `rest_days`: how long nobody comes again with what she did not want. `open_days`: how many days behind the
    one it is due a task is of use; of kinds left out the built-in number holds.
    """

    at_work: Annotated[list[Rule], Field(max_length=20)]
    festivals: Annotated[list[Festival], Field(max_length=20)]
    thank_you_days: WorkingDays
    after_sales_days: WorkingDays
    recovery_days: WorkingDays
    lapse_days: WorkingDays
    ahead_days: Annotated[int, Field(ge=0, le=60)]
    again_days: Annotated[int, Field(ge=1, le=60)]
    most_attempts: Annotated[int, Field(ge=1, le=20)]
    rest_days: Days
    open_days: Annotated[dict[Kind, Days], Field(default_factory=dict)]

    def policy(self) -> Policy:
        """The policy it describes."""
        return Policy(
            at_work=frozenset(Kind(rule) for rule in self.at_work),
            festivals=frozenset(self.festivals),
            open_days={**OPEN_DAYS, **self.open_days},
            **{name: getattr(self, name) for name in NUMBERS},
        )


class TaskPolicyView(View):
    """The policy in force. Behind `arranged_until` working days rest on Monday to Friday: no arrangement is known."""

    at_work: list[Kind]
    festivals: list[Festival]
    thank_you_days: int
    after_sales_days: int
    recovery_days: int
    lapse_days: int
    ahead_days: int
    again_days: int
    most_attempts: int
    rest_days: int
    open_days: dict[Kind, int]
    arranged_until: date

    @classmethod
    def of(cls, setting: TaskPolicy) -> "TaskPolicyView":
        """The view of a policy."""
        policy = setting.policy
        return cls(
            at_work=sorted(policy.at_work),
            festivals=sorted(policy.festivals),
            open_days=dict(policy.open_days),
            arranged_until=arranged_until(),
            **{name: getattr(policy, name) for name in NUMBERS},
        )


class ShareView(View):
    """So many of so many: `share` is null where there is nothing to share; `of_what` says what was counted."""

    counted: int
    out_of: int
    share: float | None
    of_what: Of

    @classmethod
    def of(cls, share: Share, of_what: Of) -> "ShareView":
        """The view of a share."""
        return cls(counted=share.counted, out_of=share.out_of, share=share.share, of_what=of_what)


class RatesView(View):
    """One group's month: what was learned of clients, who was followed up in time, what did not sell."""

    level: Level
    region_id: UUID | None
    boutique_id: UUID | None
    collection: ShareView
    follow_up: ShareView
    not_selling: ShareView

    @classmethod
    def of(cls, rates: Rates) -> "RatesView":
        """The view of one group."""
        return cls(
            level=rates.level,
            region_id=rates.region_id,
            boutique_id=rates.boutique_id,
            collection=ShareView.of(rates.collection, Of.CLIENTS_SERVED),
            follow_up=ShareView.of(rates.follow_up, Of.CLIENTS_DUE),
            not_selling=ShareView.of(rates.not_selling, Of.CONTACTS),
        )


class FollowUpView(View):
    """A month, for everybody the caller may count together and then by region and boutique."""

    month: str
    groups: list[RatesView]
