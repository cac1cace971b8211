"""The life of an appointment: which step may follow which, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Actor

# Around the visit: nobody checks in next week's visit, or with last month's makes a client present once more.
ARRIVAL = timedelta(hours=24)


class Status(StrEnum):
    """Where an appointment stands."""

    HELD = "held"
    PENDING = "pending"  # asked for, and the boutique has to approve it
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked-in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    NO_SHOW = "no-show"
    EXPIRED = "expired"


# What still keeps time: of these a client may have so many.
OPEN = (Status.PENDING, Status.CONFIRMED)


class Step(StrEnum):
    """What can be done with it."""

    CONFIRM = "confirm"
    REQUEST = "request"  # confirming what has to be approved
    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"
    MOVE = "move"
    PROPOSE = "propose"
    CANCEL = "cancel"
    CHECK_IN = "check-in"
    COMPLETE = "complete"
    RECORD_NO_SHOW = "record-no-show"


# The whole life. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.HELD, Step.CONFIRM): Status.CONFIRMED,
    (Status.HELD, Step.REQUEST): Status.PENDING,
    (Status.HELD, Step.EXPIRE): Status.EXPIRED,
    (Status.HELD, Step.CANCEL): Status.CANCELLED,
    (Status.PENDING, Step.APPROVE): Status.CONFIRMED,
    (Status.PENDING, Step.REFUSE): Status.REFUSED,
    (Status.PENDING, Step.EXPIRE): Status.EXPIRED,
    (Status.PENDING, Step.MOVE): Status.PENDING,
    (Status.PENDING, Step.CANCEL): Status.CANCELLED,
    (Status.CONFIRMED, Step.MOVE): Status.CONFIRMED,
    (Status.CONFIRMED, Step.PROPOSE): Status.CONFIRMED,
    (Status.CONFIRMED, Step.CANCEL): Status.CANCELLED,
    (Status.CONFIRMED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.CONFIRMED, Step.RECORD_NO_SHOW): Status.NO_SHOW,
    (Status.CHECKED_IN, Step.COMPLETE): Status.COMPLETED,
}


class StepNotPossible(Refusal):
    """The appointment does not stand where this step begins."""

    kind = Kind.CONFLICT
    slug = "appointment-step-not-possible"
    en = "This is not possible any more, or not yet: see where the appointment stands in `appointment_status`."
    zh = "预约当前状态不允许此操作，当前状态见 appointment_status。"


class HoldExpired(Refusal):
    """The minutes are over."""

    kind = Kind.GONE
    slug = "hold-expired"
    en = "The time was kept for a few minutes and is free again. Please choose a time once more."
    zh = "时段保留时间已过，请重新选择时段。"


class RequestUnanswered(Refusal):
    """Nobody approved it in time."""

    kind = Kind.GONE
    slug = "request-unanswered"
    en = "The boutique did not answer this request in time, and its time is free again. Please choose a time once more."
    zh = "精品店未能在期限内答复该预约申请，时段已释放，请重新选择时段。"


class NoticeTooShort(Refusal):
    """Too late for the client to cancel or move it herself."""

    kind = Kind.CONFLICT
    slug = "notice-too-short"
    en = "It is too late to change this online (see `notice_minutes`). Please call the boutique, they can still help."
    zh = "距到店时间过近，无法在线更改(见 notice_minutes)，请致电精品店协助处理。"


class TooEarly(Refusal):
    """It can be recorded closer to the visit, or once that has begun."""

    kind = Kind.CONFLICT
    slug = "too-early-for-that"
    en = "It is too early to record this. It becomes possible at `possible_at`."
    zh = "现在记录为时过早，possible_at 之后方可操作。"


class TooLate(Refusal):
    """An arrival is recorded around the visit."""

    kind = Kind.CONFLICT
    slug = "too-late-for-that"
    en = "It is too late to record this. It was possible until `possible_until`."
    zh = "现在记录为时已晚，possible_until 之前方可操作。"


# What became of what had a deadline, for whoever comes too late.
_TOO_LATE: Mapping[Step, type[Refusal]] = {
    Step.CONFIRM: HoldExpired,
    Step.REQUEST: HoldExpired,
    Step.APPROVE: RequestUnanswered,
    Step.REFUSE: RequestUnanswered,
}


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises StepNotPossible for every pair that is not drawn in NEXT.

    HoldExpired and RequestUnanswered say more of what has expired.
    """
    after = NEXT.get((status, wanted))
    if after is None:
        if status is Status.EXPIRED and wanted in _TOO_LATE:
            raise _TOO_LATE[wanted]
        raise StepNotPossible(appointment_status=status.value)
    return after


@dataclass(frozen=True)
class CancellationNotice:
    """Clients owe the experience's notice to cancel or move a visit agreed; the house's own people owe none."""

    notice: timedelta

    def judge(self, *, status: Status, starts_at: datetime, now: datetime, actor: Actor) -> None:
        """Raise NoticeTooShort. Whoever only holds a time owes nothing."""
        if actor is Actor.CLIENT and status is Status.CONFIRMED and now > starts_at - self.notice:
            raise NoticeTooShort(notice_minutes=self.notice // timedelta(minutes=1))


def judge_arrival(*, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise TooEarly when the visit is more than a day ahead, TooLate when it ended more than a day ago."""
    if now < starts_at - ARRIVAL:
        raise TooEarly(possible_at=(starts_at - ARRIVAL).isoformat())
    if now >= ends_at + ARRIVAL:
        raise TooLate(possible_until=(ends_at + ARRIVAL).isoformat())


def judge_no_show(*, starts_at: datetime, now: datetime) -> None:
    """Raise TooEarly before the visit has begun."""
    if now < starts_at:
        raise TooEarly(possible_at=starts_at.isoformat())
