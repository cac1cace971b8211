"""The life of a work order, who takes its steps, by when it must be answered and put right, and how the loop ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from infra.refusal import Kind, Refusal

RECOVERED = 7  # of 10: she is asked again, and a passive or better says that it was put right


class StepNotAllowed(Refusal):
    """The work order does not stand where this step starts."""

    kind = Kind.CONFLICT
    slug = "work-order-step-not-allowed"
    en = "The work order does not stand where this step could be taken. Reload it to see its status."
    zh = "工单当前状态不允许此操作，请刷新查看最新状态。"


class NotYourWorkOrder(Refusal):
    """An advisor works on what was assigned to her; the rest is her manager's."""

    kind = Kind.FORBIDDEN
    slug = "not-your-work-order"
    en = "This step belongs to the advisor the work order is assigned to, or to a manager."
    zh = "此操作仅限工单负责人或主管执行。"


class LoopClosed(Refusal):
    """The client has already said how it was put right."""

    kind = Kind.CONFLICT
    slug = "loop-closed"
    en = "The client has answered about this work order, so it stays as it is. Open a new one if something is left."
    zh = "客户已就该工单作出回复，工单不可重新打开；如仍有问题请新建工单。"


class DeadlinesOutOfOrder(Refusal):
    """Someone would have to put it right before answering."""

    kind = Kind.INVALID
    slug = "deadlines-out-of-order"
    en = "The time to respond cannot be longer than the time to resolve."
    zh = "响应时限不得长于解决时限。"


class BandsOutOfOrder(Refusal):
    """A score would be grave and yet not bad enough for the milder severity."""

    kind = Kind.INVALID
    slug = "bands-out-of-order"
    en = "The medium severity must reach at least as far up the scores as the high one."
    zh = "中等级别的分数上限不得低于高级别的分数上限。"


class AdvisorNotThere(Refusal):
    """Only an advisor of the boutique can take its work order."""

    kind = Kind.CONFLICT
    slug = "advisor-not-there"
    en = "This advisor does not work at the boutique of the work order."
    zh = "该客户顾问不在此工单所属的精品店工作。"


class Status(StrEnum):
    """Where a work order stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in-progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Step(StrEnum):
    """What people do with a work order."""

    ASSIGN = "assign"
    START = "start"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"


class Severity(StrEnum):
    """How bad it was for her; never what she spends."""

    HIGH = "high"
    MEDIUM = "medium"


class Loop(StrEnum):
    """What the client says once we say it is done."""

    OPEN = "open"
    AWAITING = "awaiting"
    RECOVERED = "recovered"
    NOT_RECOVERED = "not-recovered"


# The whole life cycle. A pair that is missing here is refused.
NEXT: dict[tuple[Status, Step], Status] = {
    (Status.OPEN, Step.ASSIGN): Status.ASSIGNED,
    (Status.ASSIGNED, Step.ASSIGN): Status.ASSIGNED,
    (Status.IN_PROGRESS, Step.ASSIGN): Status.ASSIGNED,
    # A manager may take one up herself, without assigning it.
    (Status.OPEN, Step.START): Status.IN_PROGRESS,
    (Status.ASSIGNED, Step.START): Status.IN_PROGRESS,
    (Status.IN_PROGRESS, Step.RESOLVE): Status.RESOLVED,
    (Status.RESOLVED, Step.CLOSE): Status.CLOSED,
    (Status.RESOLVED, Step.REOPEN): Status.IN_PROGRESS,
    (Status.CLOSED, Step.REOPEN): Status.IN_PROGRESS,
}

# An advisor takes these on her own work orders; the others are a manager's: four eyes see it closed.
ADVISORS_STEPS = frozenset({Step.START, Step.RESOLVE})


def after(status: Status, step: Step, *, loop_closed: bool = False) -> Status:
    """Where a step leads; raises StepNotAllowed, or LoopClosed for reopening what she has answered about."""
    if (status, step) not in NEXT:
        raise StepNotAllowed
    if step is Step.REOPEN and loop_closed:
        raise LoopClosed
    return NEXT[status, step]


def check_hand(step: Step | None, *, leads: bool, assigned: bool) -> None:
    """Raise NotYourWorkOrder unless she may take the step (None: write a note)."""
    if leads or (assigned and (step is None or step in ADVISORS_STEPS)):
        return
    raise NotYourWorkOrder


@dataclass(frozen=True)
class Policy:
    """Answers of at most this score open a work order of this severity, with these deadlines."""

    severity: Severity
    at_most_score: int
    respond_within: timedelta
    resolve_within: timedelta
    version: int = 0


# Of a house that has set none. The first hour decides whether she feels heard; a director within a day.
DEFAULTS = (
    Policy(Severity.HIGH, 3, timedelta(minutes=30), timedelta(hours=24)),
    Policy(Severity.MEDIUM, 6, timedelta(hours=4), timedelta(hours=72)),
)


def check_deadlines(*, respond_within_minutes: int, resolve_within_minutes: int) -> None:
    """Raise DeadlinesOutOfOrder."""
    if respond_within_minutes > resolve_within_minutes:
        raise DeadlinesOutOfOrder


def check_bands(policies: Sequence[Policy]) -> None:
    """Policies, the gravest first; raises BandsOutOfOrder."""
    if any(milder.at_most_score < graver.at_most_score for graver, milder in pairwise(policies)):
        raise BandsOutOfOrder


def policy_for(score: int, policies: Sequence[Policy]) -> Policy | None:
    """The policy with the lowest band that holds the score; None if the score needs no work order."""
    fitting = [policy for policy in policies if score <= policy.at_most_score]
    return min(fitting, key=lambda policy: (policy.at_most_score, policy.severity is not Severity.HIGH), default=None)


def policy_of(severity: Severity, policies: Sequence[Policy]) -> Policy:
    """The policy of a severity."""
    return next(policy for policy in policies if policy.severity is severity)


def loop(status: Status, *, recovered: bool | None) -> Loop:
    """How far the loop with the client is."""
    if recovered is not None:
        return Loop.RECOVERED if recovered else Loop.NOT_RECOVERED
    return Loop.AWAITING if status is Status.CLOSED else Loop.OPEN


class Hand(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    OVERDUE = "overdue"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True)
class Deadline:
    """One obligation and how it stands; `remaining` is negative once it is late, None once it is over."""

    within: timedelta
    due_at: datetime
    met_at: datetime | None
    hand: Hand
    remaining: timedelta | None


def deadline(*, within: timedelta, due_at: datetime, met_at: datetime | None, now: datetime) -> Deadline:
    """Read a clock. Every hour counts, day and night: nothing pauses it."""
    if met_at is not None:
        return Deadline(within, due_at, met_at, Hand.MET if met_at <= due_at else Hand.MISSED, None)
    return Deadline(within, due_at, None, Hand.RUNNING if now <= due_at else Hand.OVERDUE, due_at - now)
