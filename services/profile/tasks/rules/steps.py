"""The life of a task: what an outcome leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

FARTHEST = timedelta(days=731)


class Status(StrEnum):
    """Where a task stands. `given-up`: tried as often as the house wants; `over`: its time has passed."""

    OPEN = "open"
    DONE = "done"
    GIVEN_UP = "given-up"
    OVER = "over"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What came of turning to her. `left-word`: on her machine, in her chat, with a card; `replied`: to such a word."""

    REACHED = "reached"
    LEFT_WORD = "left-word"
    REPLIED = "replied"
    NOT_REACHED = "not-reached"
    NOT_WANTED = "not-wanted"


class Why(StrEnum):
    """Why a task was cancelled."""

    TAKEN_BACK = "taken-back"
    RETURNED = "returned"
    DUPLICATE = "duplicate"
    NO_REASON = "no-reason"
    NO_CONSENT = "no-consent"
    CAMPAIGN_STOPPED = "campaign-stopped"


class Step(StrEnum):
    """What happens to a task."""

    FINISH = "finish"
    TRY_AGAIN = "try-again"
    GIVE_UP = "give-up"
    ADD_REPLY = "add-reply"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    RUN_OUT = "run-out"
    CANCEL = "cancel"
    REOPEN = "reopen"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.OPEN, Step.FINISH): Status.DONE,
    (Status.OPEN, Step.TRY_AGAIN): Status.OPEN,
    (Status.OPEN, Step.GIVE_UP): Status.GIVEN_UP,
    (Status.OPEN, Step.SNOOZE): Status.OPEN,
    (Status.OPEN, Step.ASSIGN): Status.OPEN,
    (Status.OPEN, Step.RUN_OUT): Status.OVER,
    (Status.OPEN, Step.CANCEL): Status.CANCELLED,
    # She answers the word that was left.
    (Status.DONE, Step.ADD_REPLY): Status.DONE,
    # Two records were one person, and are not: what was left out for the other is due again.
    (Status.CANCELLED, Step.REOPEN): Status.OPEN,
}

# She was spoken to, or a word for her was left: this is a contact.
CONTACTS = frozenset({Outcome.REACHED, Outcome.LEFT_WORD, Outcome.REPLIED, Outcome.NOT_WANTED})


class TaskStepNotOpen(Refusal):
    """The task is past that."""

    kind = Kind.CONFLICT
    slug = "task-step-not-open"
    en = "This task is closed already. Reload it, and open a new one if there is something left to do."
    zh = "该任务已关闭。请刷新查看；如仍有待办，请新建任务。"


def after(status: Status, step: Step) -> Status:
    """The status a step leads to; raises TaskStepNotOpen."""
    following = NEXT.get((status, step))
    if following is None:
        raise TaskStepNotOpen
    return following


class DayNotOpen(Refusal):
    """A day on which the task is of no use."""

    kind = Kind.INVALID
    slug = "task-day-not-open"
    en = "Choose a day to come, at most two years ahead, and not behind the last day the task is of use (`over_on`)."
    zh = "请选择今后两年内、且不晚于任务有效期(over_on)的日期。"


class OfferNotWanted(Refusal):
    """An offer to a client who said no to marketing."""

    kind = Kind.CONFLICT
    slug = "task-offer-not-wanted"
    en = "She said no to offers. Open the task without one, or ask her first whether she allows them again."
    zh = "该客户已拒绝营销联系。请新建不含推荐内容的任务，或先征得其同意。"


@dataclass(frozen=True, slots=True)
class Trying:
    """How often somebody may try: this is attempt number `attempts` of `most`, the next would be on `again_on`."""

    attempts: int
    most: int
    again_on: date
    over_on: date

    @property
    def may_go_on(self) -> bool:
        """Whether another attempt is worth it."""
        return self.attempts < self.most and self.again_on <= self.over_on


def step_of(status: Status, outcome: Outcome, *, was: Outcome | None, trying: Trying) -> Step:
    """What an outcome does to a task. `was` is its last one: only a word that was left is replied to afterwards."""
    if status is Status.DONE and outcome is Outcome.REPLIED and was is Outcome.LEFT_WORD:
        return Step.ADD_REPLY
    if outcome is not Outcome.NOT_REACHED:
        return Step.FINISH
    return Step.TRY_AGAIN if trying.may_go_on else Step.GIVE_UP


def check_day(until_on: date, *, today: date, over_on: date) -> None:
    """Raise DayNotOpen unless a task can be put off to that day."""
    if not today < until_on <= over_on:
        raise DayNotOpen


def check_first_day(due_on: date, *, today: date) -> None:
    """Raise DayNotOpen unless a task can be opened for that day: today at the earliest, in two years at the latest."""
    if not today <= due_on <= today + FARTHEST:
        raise DayNotOpen
