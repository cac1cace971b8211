"""The life of a message: which step may follow which."""

from collections.abc import Mapping
from enum import StrEnum

from infra.refusal import Kind, Refusal


class Status(StrEnum):
    """Where a message stands. Of what is a draft nobody outside the house knows."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    AWAITING_ADVISOR = "awaiting-advisor"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    EXPIRED = "expired"


class Step(StrEnum):
    """What happens to a message."""

    EDIT = "edit"
    SEND = "send"
    EXPIRE = "expire"
    CLAIM = "claim"
    WAIT = "wait"
    WITHDRAW = "withdraw"
    HAND = "hand"
    ACCEPT = "accept"
    FAIL = "fail"
    POSTPONE = "postpone"
    LOSE = "lose"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.DRAFT, Step.EDIT): Status.DRAFT,
    # A person, who has read it.
    (Status.DRAFT, Step.SEND): Status.QUEUED,
    (Status.DRAFT, Step.EXPIRE): Status.EXPIRED,
    (Status.QUEUED, Step.CLAIM): Status.SENDING,
    # Its hour has passed meanwhile: it waits for the next.
    (Status.QUEUED, Step.WAIT): Status.QUEUED,
    # What permitted it does so no longer.
    (Status.QUEUED, Step.WITHDRAW): Status.REFUSED,
    # WeCom has it, and sends nothing before her advisor confirms.
    (Status.SENDING, Step.HAND): Status.AWAITING_ADVISOR,
    (Status.SENDING, Step.ACCEPT): Status.SENT,
    (Status.SENDING, Step.FAIL): Status.FAILED,
    # Only when it certainly has not left the house.
    (Status.SENDING, Step.POSTPONE): Status.QUEUED,
    # It may have been sent or not: it is never sent again.
    (Status.SENDING, Step.LOSE): Status.UNKNOWN,
    (Status.AWAITING_ADVISOR, Step.ACCEPT): Status.SENT,
    (Status.AWAITING_ADVISOR, Step.FAIL): Status.FAILED,
    # What permitted it does so no longer, and WeCom was told in time.
    (Status.AWAITING_ADVISOR, Step.WITHDRAW): Status.REFUSED,
    # She may still confirm it, and we look no more.
    (Status.AWAITING_ADVISOR, Step.LOSE): Status.UNKNOWN,
}

# What counts against the budget of a client: it has reached her, or may.
COUNTED = frozenset({Status.QUEUED, Status.SENDING, Status.AWAITING_ADVISOR, Status.SENT, Status.UNKNOWN})
# What is still going to happen; its words are kept.
OPEN = frozenset({Status.DRAFT, Status.QUEUED, Status.SENDING, Status.AWAITING_ADVISOR})


class StepNotOpen(Refusal):
    """The message is past that, or not there yet."""

    kind = Kind.CONFLICT
    slug = "message-step-not-open"
    en = "This is no longer possible: the message has gone on."
    zh = "该消息的状态已变化，无法执行此操作。"


def after(status: Status, step: Step) -> Status:
    """The status a step leads to; raises StepNotOpen."""
    following = NEXT.get((status, step))
    if following is None:
        raise StepNotOpen
    return following
