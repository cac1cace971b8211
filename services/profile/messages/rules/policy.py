"""How much a brand sends, and at what hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.refusal import Kind, Refusal


class ZoneUnknown(Refusal):
    """A zone that the IANA does not list."""

    kind = Kind.INVALID
    slug = "message-zone-unknown"
    en = "This time zone does not exist. Name one of the IANA, such as Asia/Shanghai."
    zh = "时区不存在，请使用 IANA 时区名称，例如 Asia/Shanghai。"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day on a wall clock, possibly over midnight; none where both ends are the same."""

    begins: time
    ends: time

    def left_at(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When these hours end, in UTC, if `at` lies in them; None if it does not."""
        there = at.astimezone(zone)
        clock = there.time().replace(fold=0)
        if self.begins < self.ends:
            inside, later = self.begins <= clock < self.ends, 0
        else:
            inside, later = self.begins != self.ends and not self.ends <= clock < self.begins, int(clock >= self.begins)
        if not inside:
            return None
        day = there.date() + timedelta(days=later)
        ends = (datetime.combine(day, self.ends.replace(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1))
        # Where the clock is put back they end twice: what counts is the end that is still to come.
        return next(end for end in ends if end > at)


@dataclass(frozen=True, slots=True)
class Policy:
    """A brand's: at most `budget` messages to one client in any `days`, over all senders and channels.

    In the quiet hours nothing leaves that she did not ask for; the same words go from one sender to at most
    `same_words` clients a day; a draft that nobody sends is forgotten after `draft_days`.
    """

    budget: int = 4
    days: int = 30
    quiet_from: time = time(21)
    quiet_until: time = time(9)
    zone: str = "Asia/Shanghai"
    same_words: int = 5
    draft_days: int = 7

    @property
    def quiet(self) -> Hours:
        """The quiet hours."""
        return Hours(self.quiet_from, self.quiet_until)

    def check(self) -> None:
        """Raise ZoneUnknown."""
        zone_of(self.zone)

    def since(self, now: datetime) -> datetime:
        """What was sent before counts no more."""
        return now - timedelta(days=self.days)

    def frees_at(self, counted: Sequence[datetime], now: datetime) -> datetime | None:
        """When the next message may follow those sent at these moments; None: now."""
        recent = sorted(at for at in counted if at > self.since(now))
        if len(recent) < self.budget:
            return None
        # So many of the oldest must be over; with no budget at all it never frees, and the last one says so.
        oldest = recent[len(recent) - max(self.budget, 1)] if recent else now
        return oldest + timedelta(days=self.days)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; raises ZoneUnknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknown from None
