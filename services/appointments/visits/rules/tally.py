"""The two-hourly count of a boutique's day, and where nobody counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal
from services.appointments.directory.rules import Span, Timetable, joined, reaches

EVERY = 120  # minutes; the register of a boutique is written up every two hours


class Coverage(StrEnum):
    """What is known of a stretch of the day. `gap`: the boutique was open, and nobody counted; `closed`: it was not."""

    COUNTED = "counted"
    BY_HAND = "by-hand"
    GAP = "gap"
    CLOSED = "closed"
    GOING_ON = "going-on"
    AHEAD = "ahead"


class NoSuchBucket(Refusal):
    """The boutique's day has no stretch that begins then."""

    kind = Kind.ABSENT
    slug = "no-such-bucket"
    en = "The boutique's day has no stretch that begins at this time. See `starts` in the day's tally."
    zh = "该精品店当日没有从此时开始的统计时段，请参考当日统计中的 starts。"


class BucketNotOver(Refusal):
    """While people still come in, the door counts."""

    kind = Kind.CONFLICT
    slug = "bucket-not-over"
    en = "A number can be entered once this stretch of the day is over (see `possible_at`)."
    zh = "该时段结束后方可补录人数(见 possible_at)。"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Two open hours at most, in minutes after midnight on the boutique's wall, and the time they stand for."""

    starts: int
    ends: int
    during: Span


def buckets(timetable: Timetable, on_day: date, zone: ZoneInfo) -> list[Bucket]:
    """The stretches of a day: two hours each from every opening on, the last one shorter."""
    midnight = datetime(on_day.year, on_day.month, on_day.day)  # noqa: DTZ001 - a wall clock has no zone
    found = []
    for opens, closes in timetable.on(on_day):
        for starts in range(opens, closes, EVERY):
            ends = min(starts + EVERY, closes)
            during = Span(
                reaches(midnight + timedelta(minutes=starts), zone), reaches(midnight + timedelta(minutes=ends), zone)
            )
            if during.starts_at < during.ends_at:  # hours that a clock change skips are none
                found.append(Bucket(starts, ends, during))
    return found


def bucket_at(several: list[Bucket], starts: int) -> Bucket:
    """The stretch that begins then; raises NoSuchBucket."""
    for one in several:
        if one.starts == starts:
            return one
    raise NoSuchBucket


def judge_entry(bucket: Bucket, now: datetime) -> None:
    """Raise BucketNotOver while people still come in."""
    if now < bucket.during.ends_at:
        raise BucketNotOver(possible_at=bucket.during.ends_at.isoformat())


def coverage(
    bucket: Bucket, *, counted: int, entered: int | None, closures: Sequence[Span] = (), now: datetime
) -> Coverage:
    """How the number of a stretch came about; a zero that somebody entered is a number, any other is a gap.

    Where closures take all of it there was nobody to count.
    """
    if entered is not None:
        return Coverage.BY_HAND
    if counted:
        return Coverage.COUNTED
    if any(one.contains(bucket.during) for one in joined(closures)):
        return Coverage.CLOSED
    if now < bucket.during.starts_at:
        return Coverage.AHEAD
    return Coverage.GOING_ON if now < bucket.during.ends_at else Coverage.GAP
