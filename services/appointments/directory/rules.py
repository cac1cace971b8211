"""Hours on a wall clock and the stretches of time they stand for, in any zone and across any clock change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

# Minutes after midnight, half-open; 1440 is the midnight at the end of the day.
Minutes = tuple[int, int]


class Audience(StrEnum):
    """To which clients an experience is open; the house's own people may book any for anybody."""

    EVERYONE = "everyone"
    SEGMENT = "segment"
    INVITATION = "invitation"


class Mode(StrEnum):
    """How a visit takes place."""

    IN_PERSON = "in-person"
    VIDEO = "video"


class LeaveReason(StrEnum):
    """Why an advisor is away; for the house alone."""

    ANNUAL = "annual"
    SICK = "sick"
    PARENTAL = "parental"
    TRAINING = "training"
    BUSINESS_TRIP = "business-trip"
    OTHER = "other"


class ClosureReason(StrEnum):
    """Why a boutique is closed."""

    HOLIDAY = "holiday"
    PRIVATE_EVENT = "private-event"
    STOCKTAKING = "stocktaking"
    RENOVATION = "renovation"
    EMERGENCY = "emergency"
    OTHER = "other"


class BoutiqueType(StrEnum):
    """What kind of place it is."""

    BOUTIQUE = "boutique"
    FLAGSHIP = "flagship"
    OUTLET = "outlet"
    SALON = "salon"
    CAFE = "cafe"
    POP_UP = "pop-up"
    EXHIBITION = "exhibition"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of time: `starts_at` belongs to it, `ends_at` does not."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether they share an instant; spans that only touch do not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def contains(self, other: "Span") -> bool:
        """Whether the other lies wholly inside."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at

    def widened(self, before: timedelta, after: timedelta) -> "Span":
        """The same with time added on both sides."""
        return Span(self.starts_at - before, self.ends_at + after)


@dataclass(frozen=True)
class Timetable:
    """Hours of a boutique or shifts of an advisor: a weekly pattern (1 is Monday), and days that differ from it.

    `breaks` are taken out of them, by weekday or by date; those of a date come on top of its weekday's.
    """

    weekly: Mapping[int, tuple[Minutes, ...]] = field(default_factory=dict)
    dated: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)
    breaks: Mapping[int | date, tuple[Minutes, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Minutes, ...]:
        """The hours of one day without its breaks. A dated entry replaces the weekly one; an empty one is a day off."""
        hours = self.dated.get(day, self.weekly.get(day.isoweekday(), ()))
        pauses = (*self.breaks.get(day.isoweekday(), ()), *self.breaks.get(day, ()))
        return without(hours, pauses) if pauses else hours


SUNDAY, MIDWEEK = 7, 3  # the pattern of a public holiday, and of a weekend day on which people work


def like(timetable: Timetable, weekday: int) -> tuple[Minutes, ...]:
    """The hours of an ordinary such weekday, without its breaks: what a special day is likely to want."""
    return without(timetable.weekly.get(weekday, ()), timetable.breaks.get(weekday, ()))


def without(hours: Iterable[Minutes], pauses: Iterable[Minutes]) -> tuple[Minutes, ...]:
    """What is left of hours when pauses are taken out."""
    left = list(hours)
    for starts, ends in pauses:
        left = [
            part
            for opens, closes in left
            for part in ((opens, min(closes, starts)), (max(opens, ends), closes))
            if part[0] < part[1]
        ]
    return tuple(left)


def overlapping(hours: Iterable[Minutes]) -> bool:
    """Whether two of one day's hours overlap."""
    return any(later[0] < earlier[1] for earlier, later in pairwise(sorted(hours)))


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=16_384)
def reaches(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the wall clock shows `local` or later.

    Of a time shown twice it is the first; a time skipped by a clock change is the instant of the change. So later
    wall times never come before earlier ones, and hours on the day of a change neither overlap nor run backwards.
    """
    guess = local.replace(tzinfo=zone).astimezone(UTC)
    if wall(guess, zone) == local:
        return guess
    # Skipped. Python reads it with the offset before the change (too late) or, with fold=1, after it (too early).
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first(early, guess, lambda instant: wall(instant, zone) >= local)


def first(early: datetime, late: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """The first whole second in (early, late] at which a condition holds that is false before it and true after."""
    low, high = 0, round((late - early) / SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(early + middle * SECOND) else (middle, high)
    return early + high * SECOND


def spans(timetable: Timetable, zone: ZoneInfo, window: Span) -> list[Span]:
    """The stretches of a timetable that meet the window: sorted, in UTC, those that touch joined, not cut off."""
    found = []
    # A zone may skip a whole day (Samoa in 2011), so both ends get one more.
    day, last = wall(window.starts_at, zone).date() - DAY, wall(window.ends_at, zone).date() + DAY
    while day <= last:
        found += spans_on(timetable, zone, day)
        day += DAY
    return [span for span in joined(found) if span.overlaps(window)]


def spans_on(timetable: Timetable, zone: ZoneInfo, day: date) -> list[Span]:
    """The stretches of time that one day's hours stand for."""
    return [span for hours in timetable.on(day) if (span := _stretch(day, hours, zone)) is not None]


@lru_cache(maxsize=16_384)
def _stretch(day: date, hours: Minutes, zone: ZoneInfo) -> Span | None:
    """The time that a day's hours stand for; None when the clock skips all of it. Many advisors have the same."""
    opens, closes = hours
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
    starts_at = reaches(midnight + timedelta(minutes=opens), zone)
    ends_at = reaches(midnight + timedelta(minutes=closes), zone)
    return Span(starts_at, ends_at) if starts_at < ends_at else None


def joined(several: Iterable[Span]) -> list[Span]:
    """The same instants as few spans as possible, sorted."""
    result: list[Span] = []
    for span in sorted(several, key=attrgetter("starts_at")):
        if result and span.starts_at <= result[-1].ends_at:
            result[-1] = Span(result[-1].starts_at, max(result[-1].ends_at, span.ends_at))
        else:
            result.append(span)
    return result


class LocalTimeSkipped(Refusal):
    """A clock change leaves this time out: no clock on the boutique's wall ever shows it."""

    kind = Kind.INVALID
    slug = "local-time-skipped"
    en = "The clock changes on that day, and this time does not exist. The next time that does is `next_at`."
    zh = "当日调整时钟，该时间并不存在，之后最近的时间见 next_at。"


class LocalTimeAmbiguous(Refusal):
    """A clock change shows this time twice."""

    kind = Kind.INVALID
    slug = "local-time-ambiguous"
    en = "The clock changes on that day, and this time comes twice. Say which one, with its offset: see `either`."
    zh = "当日调整时钟，该时间会出现两次，请带上时差注明是哪一次(见 either)。"


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock shows a local time, in UTC; raises LocalTimeSkipped, LocalTimeAmbiguous."""
    early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if wall(early, zone) != local:
        raise LocalTimeSkipped(next_at=reaches(local, zone).astimezone(zone).isoformat())
    if early != late:
        raise LocalTimeAmbiguous(either=[moment.astimezone(zone).isoformat() for moment in (early, late)])
    return early


def stretch(starts: date | datetime, ends: date | datetime, zone: ZoneInfo) -> Span:
    """What somebody says of a stretch of time: whole days (the last one belongs to it), or moments.

    A moment without an offset is told by the wall clock of the zone. The ends may be the wrong way round; raises
    LocalTimeSkipped, LocalTimeAmbiguous.
    """

    def moment(said: date | datetime, *, is_last: bool) -> datetime:
        if isinstance(said, datetime):
            return said.astimezone(UTC) if said.tzinfo is not None else instant_of(said, zone)
        day = said + DAY if is_last else said
        return reaches(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a wall clock has no zone

    return Span(moment(starts, is_last=False), moment(ends, is_last=True))


FOR_EVER = date(2100, 12, 31)  # of an absence whose end nobody knows


def absence(first_on: date, last_on: date | None, zone: ZoneInfo) -> Span:
    """The time somebody is away, from the midnight before the first day to the one after the last."""

    def midnight(day: date) -> datetime:
        return reaches(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a wall clock has no zone

    return Span(midnight(first_on), midnight((last_on or FOR_EVER) + DAY))
