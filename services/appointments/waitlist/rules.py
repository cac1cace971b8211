"""Who waits, who is asked next, and for which of the free times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Slot
from services.appointments.directory.rules import Minutes, Span, reaches, wall
from services.appointments.occasions.rules.life import Segment
from services.appointments.occasions.rules.seats import rank

MOST = 5  # entries that one client may have open
LONGEST = timedelta(days=92)  # a range of days
LEAD = timedelta(hours=1)  # nobody is offered a time that begins sooner
MOST_SILENCES = 3  # offers that ran out unanswered; then she does not wait any more
ROUND = timedelta(minutes=1)
COOL_DOWN = timedelta(hours=6)  # until somebody whom no message reached is tried again
# An offer that comes at night runs out before she wakes. By the clock on the boutique's wall.
AWAKE = (9 * 60, 21 * 60)


class Status(StrEnum):
    """Where somebody stands who waits."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    LEFT = "left"
    ENDED = "ended"


class OfferStatus(StrEnum):
    """Where an offer stands: `asking` profile's door, then hers to answer."""

    ASKING = "asking"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"


OPEN = (OfferStatus.ASKING, OfferStatus.OFFERED)
# What becomes of her when an offer to her has ended so. A pair that is missing is no end.
AFTER: Mapping[OfferStatus, Status] = {
    OfferStatus.ACCEPTED: Status.ACCEPTED,
    OfferStatus.DECLINED: Status.WAITING,
    OfferStatus.EXPIRED: Status.WAITING,
    OfferStatus.UNDELIVERABLE: Status.WAITING,
}


class AlreadyWaiting(Refusal):
    """One place on one list."""

    kind = Kind.CONFLICT
    slug = "already-waiting"
    en = "You are on this list already. Leave it first if you would like other days or times."
    zh = "您已在该候补名单中，如需更改日期或时段，请先退出。"


class TooManyWaits(Refusal):
    """She waits for several things already."""

    kind = Kind.TOO_MANY
    slug = "too-many-waits"
    en = "You are waiting for several visits already. Leave one of the lists first."
    zh = "您已加入多个候补名单，请先退出其中之一。"


class WaitRangeInvalid(Refusal):
    """Days to come, few enough to be looked through."""

    kind = Kind.INVALID
    slug = "wait-range-invalid"
    en = "Choose days from today on, the last not before the first, at most 92 days."
    zh = "请选择今天起的日期，结束日期不得早于开始日期，且不超过 92 天。"


class NothingOffered(Refusal):
    """There is no offer to answer."""

    kind = Kind.CONFLICT
    slug = "nothing-offered"
    en = "There is no offer to answer just now: see where you stand in `waiting_status`."
    zh = "目前没有待您确认的时段，当前状态见 waiting_status。"


class OfferRanOut(Refusal):
    """The time was kept for a while, and goes to the next."""

    kind = Kind.GONE
    slug = "waitlist-offer-ran-out"
    en = "This time was kept for you until `expired_at` and has been given on. You stay on the list."
    zh = "该时段为您保留至 expired_at，现已让出，您仍在候补名单中。"


class NotWaiting(Refusal):
    """She has left, been received, or her days are over."""

    kind = Kind.CONFLICT
    slug = "not-waiting"
    en = "This is over: see `waiting_status`."
    zh = "该候补已结束，见 waiting_status。"


def check_range(from_on: date, until_on: date, *, today: date) -> None:
    """Raise WaitRangeInvalid."""
    if until_on < max(from_on, today) or until_on - from_on >= LONGEST:
        raise WaitRangeInvalid


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client would wait for; `hours` in minutes after midnight, none: any time of the day."""

    boutique_id: UUID
    experience_id: UUID
    client_id: UUID | None
    advisor_id: UUID | None
    from_on: date
    until_on: date
    hours: tuple[Minutes, ...]
    party_size: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits, as far as her turn and her wishes go. `passed` are times she was offered before."""

    entry_id: UUID
    segment: Segment | None
    joined_at: datetime
    advisor_id: UUID | None
    from_on: date
    until_on: date
    hours: tuple[Minutes, ...] = ()
    passed: tuple[Span, ...] = ()

    def suits(self, slot: Slot, zone: ZoneInfo) -> bool:
        """Whether she would have this time, and was not offered it, or a part of it, before."""
        span = Span(slot.starts_at, slot.ends_at)
        shown = wall(slot.starts_at, zone)
        minute = shown.hour * 60 + shown.minute
        return (
            self.from_on <= shown.date() <= self.until_on
            and (not self.hours or any(starts <= minute < ends for starts, ends in self.hours))
            and (self.advisor_id is None or self.advisor_id in slot.advisor_ids)
            and not any(one.overlaps(span) for one in self.passed)
        )


def in_turn(waiting: Sequence[Waiting], priority: Sequence[Segment]) -> list[Waiting]:
    """Who is asked first: segments in the brand's order, then everybody else alike; among equals who came first.

    With no order, which is the default, time alone counts.
    """
    return sorted(waiting, key=lambda one: (rank(one.segment, priority), one.joined_at, one.entry_id))


def suiting(one: Waiting, free: Sequence[Slot], zone: ZoneInfo, *, now: datetime, most: int) -> list[Slot]:
    """The first of the free times that she would have, and that leave her time to answer."""
    found = []
    for slot in free:
        if slot.starts_at >= now + LEAD and one.suits(slot, zone):
            found.append(slot)
            if len(found) == most:
                break
    return found


def keep_until(now: datetime, minutes: int, starts_at: datetime) -> datetime:
    """Until when a time is kept for her: for its minutes, and never into the last half of an hour's lead."""
    return min(now + timedelta(minutes=minutes), starts_at - LEAD / 2)


def wakes_at(now: datetime, zone: ZoneInfo) -> datetime:
    """Now, or the first moment after at which the boutique's town is awake."""
    shown = wall(now, zone)
    minute = shown.hour * 60 + shown.minute
    starts, ends = AWAKE
    if starts <= minute < ends:
        return now
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    day = day if minute < starts else day + timedelta(days=1)
    return reaches(day + timedelta(minutes=starts), zone)


def settled(appointment_status: str, *, was_agreed: bool) -> OfferStatus | None:
    """What became of an offer, which the appointment alone says; None while it is still kept for her."""
    match appointment_status:
        case "held":
            return None
        case "expired":
            return OfferStatus.EXPIRED
        case "cancelled" if not was_agreed:
            return OfferStatus.DECLINED
        case _:
            return OfferStatus.ACCEPTED
