"""The life of an appointment: which step may follow which, when, and who is asked to receive her."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Actor

HOLD = timedelta(minutes=5)
MOST_HOLDS = 3  # that one client may keep at a time, or she could close a boutique's day
# Around the visit: nobody checks in next week's visit, or with last month's makes a client present once more.
ARRIVAL = timedelta(hours=24)


class Status(StrEnum):
    """Where an appointment stands."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked-in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"
    EXPIRED = "expired"


class Step(StrEnum):
    """What can be done with it."""

    CONFIRM = "confirm"
    EXPIRE = "expire"
    MOVE = "move"
    CANCEL = "cancel"
    CHECK_IN = "check-in"
    COMPLETE = "complete"
    RECORD_NO_SHOW = "record-no-show"


# The whole life. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.HELD, Step.CONFIRM): Status.CONFIRMED,
    (Status.HELD, Step.EXPIRE): Status.EXPIRED,
    (Status.HELD, Step.CANCEL): Status.CANCELLED,
    (Status.CONFIRMED, Step.MOVE): Status.CONFIRMED,
    (Status.CONFIRMED, Step.CANCEL): Status.CANCELLED,
    (Status.CONFIRMED, Step.CHECK_IN): Status.CHECKED_IN,
    (Status.CONFIRMED, Step.RECORD_NO_SHOW): Status.NO_SHOW,
    (Status.CHECKED_IN, Step.COMPLETE): Status.COMPLETED,
}


class AssignedFor(StrEnum):
    """Why this advisor receives her; stored and shown."""

    REQUESTED = "requested"
    OWN_ADVISOR = "own-advisor"
    KEPT = "kept"
    LEAST_LOADED = "least-loaded"


class StepNotPossible(Refusal):
    """The appointment does not stand where this step begins."""

    kind = Kind.CONFLICT
    slug = "appointment-step-not-possible"
    en = "This is not possible any more, or not yet: see where the appointment stands in `appointment_status`."
    zh = "预约当前状态不允许此操作，当前状态见 appointment_status。"


class HoldExpired(Refusal):
    """The five minutes are over."""

    kind = Kind.GONE
    slug = "hold-expired"
    en = "The time was kept for five minutes and is free again. Please choose a time once more."
    zh = "时段保留的五分钟已过，请重新选择时段。"


class SlotTaken(Refusal):
    """Somebody else has this time; `alternatives` are the nearest free ones."""

    kind = Kind.CONFLICT
    slug = "slot-taken"
    en = "This time has just been taken. See `alternatives` for the nearest free times."
    zh = "该时段刚刚被预约，alternatives 中列出了最近的可预约时段。"


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


class TooManyHolds(Refusal):
    """She keeps other times already."""

    kind = Kind.TOO_MANY
    slug = "too-many-holds"
    en = "You are already keeping several times. Confirm or cancel one of them first."
    zh = "您已保留多个时段，请先确认或取消其中之一。"


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises StepNotPossible for every pair that is not drawn in NEXT (HoldExpired says more)."""
    after = NEXT.get((status, wanted))
    if after is None:
        if (status, wanted) == (Status.EXPIRED, Step.CONFIRM):
            raise HoldExpired
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


@dataclass(frozen=True, slots=True)
class Load:
    """How many live visits an advisor has around a day."""

    day: int = 0
    week: int = 0


def ranked(
    free: Sequence[UUID],
    *,
    requested: UUID | None,
    kept: UUID | None,
    own: UUID | None,
    loads: Mapping[UUID, Load],
) -> list[tuple[UUID, AssignedFor]]:
    """The free advisors in the order they are asked, each with the reason.

    The requested one and nobody else; or the one she has already, her own, then whoever has the fewest visits that
    day and, that being equal, that week.
    """
    if requested is not None:
        return [(requested, AssignedFor.REQUESTED)] if requested in free else []
    first = [(kept, AssignedFor.KEPT)] if kept is not None and kept in free else []
    if own is not None and own in free and own != kept:
        first.append((own, AssignedFor.OWN_ADVISOR))
    chosen = {advisor_id for advisor_id, _ in first}
    others = sorted(
        (advisor_id for advisor_id in free if advisor_id not in chosen),
        key=lambda one: (loads.get(one, Load()).day, loads.get(one, Load()).week, one),
    )
    return [*first, *((advisor_id, AssignedFor.LEAST_LOADED) for advisor_id in others)]
