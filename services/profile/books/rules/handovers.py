"""The life of a handover, and to whom nothing is handed over."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.profile.books.rules.placing import Advisor


class Status(StrEnum):
    """Where a handover stands."""

    PLANNED = "planned"
    STARTED = "started"
    COMPLETED = "completed"
    UNDONE = "undone"


OPEN = frozenset({Status.PLANNED, Status.STARTED})


class Step(StrEnum):
    """What can be done with it."""

    CHANGE = "change"
    START = "start"
    COMPLETE = "complete"
    UNDO = "undo"


# The whole life. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.PLANNED, Step.CHANGE): Status.PLANNED,
    (Status.PLANNED, Step.START): Status.STARTED,
    (Status.PLANNED, Step.UNDO): Status.UNDONE,
    (Status.STARTED, Step.COMPLETE): Status.COMPLETED,
    (Status.STARTED, Step.UNDO): Status.UNDONE,
}


class Why(StrEnum):
    """Why a book is handed over."""

    LEFT = "left"
    MOVED = "moved"
    LEAVE = "leave"
    BALANCE = "balance"


class HandoverStepNotPossible(Refusal):
    """The handover does not stand where this step begins."""

    kind = Kind.CONFLICT
    slug = "handover-step-not-possible"
    en = "This is not possible any more, or not yet: see where the handover stands in `handover_status`."
    zh = "交接当前状态不允许此操作，当前状态见 handover_status。"


class HandoverOpen(Refusal):
    """A book is handed over once at a time."""

    kind = Kind.CONFLICT
    slug = "handover-open"
    en = "This advisor's book is already being handed over (see `handover_id`). Complete or undo that first."
    zh = "该顾问的客户簿已有进行中的交接(见 handover_id)，请先完成或撤销。"


class HandoverToOneself(Refusal):
    """An advisor gives her clients to others."""

    kind = Kind.INVALID
    slug = "handover-to-oneself"
    en = "The clients are hers already. Choose another advisor."
    zh = "客户本就属于该顾问，请选择其他顾问。"


class AdvisorAway(Refusal):
    """Whoever is on leave takes nobody over."""

    kind = Kind.CONFLICT
    slug = "advisor-away"
    en = "This advisor (`advisor_id`) is on leave. Choose somebody who is there."
    zh = "该顾问(advisor_id)正在休假，请选择在岗顾问。"


class AdvisorGone(Refusal):
    """Whoever has left takes nobody over."""

    kind = Kind.CONFLICT
    slug = "advisor-gone"
    en = "This advisor (`advisor_id`) has left the house. Choose somebody who works here."
    zh = "该顾问(advisor_id)已离职，请选择在职顾问。"


class NobodyToTakeOver(Refusal):
    """No advisor of these boutiques is there."""

    kind = Kind.CONFLICT
    slug = "nobody-to-take-over"
    en = "Nobody of these boutiques can take the clients over. Name other boutiques (`boutique_ids`)."
    zh = "所选精品店没有可接手的顾问，请指定其他精品店(boutique_ids)。"


class NothingToHandOver(Refusal):
    """The book is empty."""

    kind = Kind.CONFLICT
    slug = "nothing-to-hand-over"
    en = "This advisor has no clients to hand over."
    zh = "该顾问没有可交接的客户。"


class ClientsUnplaced(Refusal):
    """Some clients of the plan go to nobody."""

    kind = Kind.CONFLICT
    slug = "clients-unplaced"
    en = "Some clients of this plan (`unplaced`) go to nobody yet. Choose an advisor for each of them first."
    zh = "该方案中有客户(unplaced)尚无接手顾问，请先逐一指定。"


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises HandoverStepNotPossible for every pair that is not drawn in NEXT."""
    after = NEXT.get((status, wanted))
    if after is None:
        raise HandoverStepNotPossible(handover_status=status.value)
    return after


def check_taker(taker: Advisor, from_advisor_id: UUID, *, today: date) -> None:
    """Raise HandoverToOneself, AdvisorGone or AdvisorAway."""
    if taker.advisor_id == from_advisor_id:
        raise HandoverToOneself
    if taker.has_left:
        raise AdvisorGone(advisor_id=str(taker.advisor_id))
    if taker.is_away(today):
        raise AdvisorAway(advisor_id=str(taker.advisor_id))
