"""Hours on a wall clock and the stretches of time they stand for, in any zone and across any clock change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

# Minutes after midnight, half-open; 1440 is the midnight at the end of the day.
Minutes = tuple[int, int]


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
    """Hours of a boutique or shifts of an advisor: a weekly pattern (1 is Monday), and days that differ from it."""

    weekly: Mapping[int, tuple[Minutes, ...]] = field(default_factory=dict)
    dated: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Minutes, ...]:
        """The hours of one day. A dated entry replaces the weekly one; an empty one is a day off."""
        return self.dated.get(day, self.weekly.get(day.isoweekday(), ()))


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
        found += [span for hours in timetable.on(day) if (span := _stretch(day, hours, zone)) is not None]
        day += DAY
    return [span for span in joined(found) if span.overlaps(window)]


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


FOR_EVER = date(2100, 12, 31)  # of an absence whose end nobody knows


def absence(first_on: date, last_on: date | None, zone: ZoneInfo) -> Span:
    """The time somebody is away, from the midnight before the first day to the one after the last."""

    def midnight(day: date) -> datetime:
        return reaches(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a wall clock has no zone

    return Span(midnight(first_on), midnight((last_on or FOR_EVER) + DAY))
