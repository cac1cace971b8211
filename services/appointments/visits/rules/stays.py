"""A stay in the boutique: which step may follow which, whose turn it is, and when somebody was forgotten."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal
from services.appointments.directory.rules import DAY, Span, Timetable, reaches, spans

GRACE = timedelta(hours=1)  # after closing time, before the door takes it that somebody was forgotten
AROUND = timedelta(hours=24)  # an appointment so far away is not the one she comes to
MINUTE = timedelta(minutes=1)


class Status(StrEnum):
    """Where somebody who entered stands. `inside`: she looks round and waits for nobody."""

    INSIDE = "inside"
    WAITING = "waiting"
    SERVED = "served"
    LEFT = "left"


class Step(StrEnum):
    """What can be done at the door."""

    WAIT = "wait"
    LOOK_ROUND = "look-round"
    CALL = "call"
    SERVE = "serve"
    LEAVE = "leave"


class LeftHow(StrEnum):
    """How it is known that she left: somebody said so, or she was forgotten and the boutique has closed since."""

    RECORDED = "recorded"
    AFTER_CLOSING = "after-closing"


class Often(StrEnum):
    """How often she comes in a month, as she says."""

    ONCE = "1"
    SOME = "2-3"
    MANY = "4+"


class Telling(StrEnum):
    """What became of announcing her turn on WeChat."""

    DUE = "due"
    TAKEN = "taken"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


# The whole stay. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.INSIDE, Step.WAIT): Status.WAITING,
    (Status.WAITING, Step.LOOK_ROUND): Status.INSIDE,
    (Status.WAITING, Step.CALL): Status.WAITING,
    (Status.INSIDE, Step.SERVE): Status.SERVED,
    (Status.WAITING, Step.SERVE): Status.SERVED,
    (Status.SERVED, Step.SERVE): Status.SERVED,  # a colleague takes over
    (Status.INSIDE, Step.LEAVE): Status.LEFT,
    (Status.WAITING, Step.LEAVE): Status.LEFT,
    (Status.SERVED, Step.LEAVE): Status.LEFT,
}


class VisitStepNotPossible(Refusal):
    """The visit does not stand where this step begins."""

    kind = Kind.CONFLICT
    slug = "visit-step-not-possible"
    en = "This is not possible any more, or not yet: see where the visit stands in `visit_status`."
    zh = "到店记录当前状态不允许此操作，当前状态见 visit_status。"


class OutOfTurn(Refusal):
    """Somebody who came earlier still waits."""

    kind = Kind.CONFLICT
    slug = "out-of-turn"
    en = (
        "Somebody who came earlier is still waiting (see `next_turn`). Call them first, or note that they wait no more."
    )
    zh = "仍有更早到店的客人在等候(见 next_turn)，请先叫号，或将其标记为不再等候。"


class VisitIsBooked(Refusal):
    """Whose visit it is follows from her appointment."""

    kind = Kind.CONFLICT
    slug = "visit-is-booked"
    en = "This visit belongs to an appointment, which says whose it is."
    zh = "该到店记录来自预约，客户以预约为准，不可更改。"


class ArrivalCodeUnreadable(Refusal):
    """What was scanned is no arrival code of this house."""

    kind = Kind.INVALID
    slug = "arrival-code-unreadable"
    en = "This code could not be read. Ask her to open it again, or look her up by name or phone."
    zh = "无法识别该到店码，请客人重新打开，或按姓名、手机尾号查找。"


class NobodyExpected(Refusal):
    """No visit of hers is due here now."""

    kind = Kind.ABSENT
    slug = "nobody-expected"
    en = "No appointment of hers is due here around this time. Count her as a walk-in."
    zh = "此时本店没有该客户的预约，请按散客登记。"


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises VisitStepNotPossible for every pair that is not drawn in NEXT."""
    after = NEXT.get((status, wanted))
    if after is None:
        raise VisitStepNotPossible(visit_status=status.value)
    return after


def judge_turn(turn: int, *, booked: bool, first: int | None) -> None:
    """Raise OutOfTurn while somebody who came earlier waits uncalled: the order is arrival, never the purse.

    `first` is the first turn of those who wait uncalled without an appointment. Whoever has one is expected by her
    advisor, so she neither waits for the others nor keeps them waiting.
    """
    if not booked and first is not None and first < turn:
        raise OutOfTurn(next_turn=first)


def closing(timetable: Timetable, zone: ZoneInfo, on_day: date, arrived_at: datetime) -> datetime:
    """When the boutique closed on the day somebody came; her arrival where that was later, or nobody opened."""
    next_day = datetime(on_day.year, on_day.month, on_day.day) + DAY  # noqa: DTZ001 - a wall clock has no zone
    midnight = reaches(next_day, zone)
    open_after = spans(timetable, zone, Span(arrived_at, midnight)) if arrived_at < midnight else []
    return max([arrived_at, *(span.ends_at for span in open_after)])


def minutes(arrived_at: datetime, left_at: datetime) -> int:
    """The time in store, in whole minutes."""
    return (left_at - arrived_at) // MINUTE
