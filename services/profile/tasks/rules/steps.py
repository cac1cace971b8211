"""The life of a task: what an outcome leads to."""

from collections.abc import Mapping
from enum import StrEnum

from infra.refusal import Kind, Refusal


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
    CAMPAIGN_STOPPED = "campaign-stopped"
    RESTRICTED = "restricted"


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


def step_of(status: Status, outcome: Outcome, *, was: Outcome | None, attempts: int, most: int) -> Step:
    """What an outcome does to a task: `attempts` with this one, of `most` before it is given up.

    `was` is its last outcome: only a word that was left can be replied to once the task is done.
    """
    if status is Status.DONE and outcome is Outcome.REPLIED and was is Outcome.LEFT_WORD:
        return Step.ADD_REPLY
    if outcome is not Outcome.NOT_REACHED:
        return Step.FINISH
    return Step.TRY_AGAIN if attempts < most else Step.GIVE_UP
