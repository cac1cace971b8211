"""The life of a remote sale: which step may follow which."""

from collections.abc import Mapping
from enum import StrEnum

from infra.refusal import Kind, Refusal


class Status(StrEnum):
    """Where a sale by chat stands."""

    RESERVED = "reserved"
    LINK_SENT = "link-sent"
    PAID = "paid"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Step(StrEnum):
    """What may be done about it."""

    SEND_LINK = "send-link"
    PAY = "pay"
    SHIP = "ship"
    RECEIVE = "receive"
    CANCEL = "cancel"
    RETURN = "return"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.RESERVED, Step.SEND_LINK): Status.LINK_SENT,
    (Status.LINK_SENT, Step.SEND_LINK): Status.LINK_SENT,  # the last one has run out
    (Status.LINK_SENT, Step.PAY): Status.PAID,
    (Status.PAID, Step.SHIP): Status.SHIPPED,
    (Status.SHIPPED, Step.RECEIVE): Status.RECEIVED,
    (Status.RESERVED, Step.CANCEL): Status.CANCELLED,
    (Status.LINK_SENT, Step.CANCEL): Status.CANCELLED,
    (Status.PAID, Step.CANCEL): Status.CANCELLED,
    (Status.SHIPPED, Step.RETURN): Status.RETURNED,
    (Status.RECEIVED, Step.RETURN): Status.RETURNED,
}
# What a step must name: where she pays, who carries it and under which number.
NEEDS: Mapping[Step, tuple[str, ...]] = {Step.SEND_LINK: ("link",), Step.SHIP: ("courier", "tracking")}


class StepNotPossible(Refusal):
    """The sale stands where this step does not follow."""

    kind = Kind.CONFLICT
    slug = "step-not-possible"
    en = "The sale does not stand where this step follows. Read it again: `next_steps` says what does."
    zh = "当前状态下不能执行此步骤。请重新读取，next_steps 列出可执行的步骤。"


class StepIncomplete(Refusal):
    """The step without what it is about."""

    kind = Kind.INVALID
    slug = "step-incomplete"
    en = "Sending a link needs the link, shipping needs the courier and the tracking number."
    zh = "发送付款链接需提供链接，发货需提供承运方和运单号。"


def after(status: Status, step: Step) -> Status:
    """Where the sale stands after a step; raises StepNotPossible."""
    found = NEXT.get((status, step))
    if found is None:
        raise StepNotPossible
    return found


def next_steps(status: Status) -> list[Step]:
    """What may be done about a sale that stands there."""
    return [step for step in Step if (status, step) in NEXT]


def check_told(step: Step, told: Mapping[str, str | None]) -> None:
    """Raise StepIncomplete."""
    if any(told.get(name) is None for name in NEEDS.get(step, ())):
        raise StepIncomplete
