"""What stands in a calendar, how its zones change their clocks, and who holds the key to it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal

PAST = timedelta(days=30)  # what is over stays in a calendar so long
AHEAD = timedelta(days=400)
CALLED_OFF = timedelta(days=14)  # what was cancelled is said so long
REFRESH = timedelta(minutes=15)  # how often a calendar program is asked to look
MOST_EVENTS = 5_000
MOST_FEEDS = 20  # of one holder, revoked ones apart
_STEP = timedelta(hours=6)  # no zone changes its clock twice within
_SECOND = timedelta(seconds=1)

# brand slug, dot, 256 bits in base64url
_TOKEN = re.compile(r"([a-z0-9][a-z0-9_-]{0,62})\.([A-Za-z0-9_-]{43})")


class TooManyFeeds(Refusal):
    """Nobody knows any more who has which."""

    kind = Kind.CONFLICT
    slug = "too-many-calendar-feeds"
    en = "There are twenty addresses of this calendar already. Revoke one that nobody uses."
    zh = "该日历的订阅地址已达二十个，请先撤销不再使用的地址。"


class Holder(StrEnum):
    """Whose visits a calendar shows."""

    ADVISOR = "advisor"
    BOUTIQUE = "boutique"


class Shown(StrEnum):
    """How certain a visit is, as iCalendar says it (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


_SHOWN = {
    "pending": Shown.TENTATIVE,
    "confirmed": Shown.CONFIRMED,
    "checked-in": Shown.CONFIRMED,
    "completed": Shown.CONFIRMED,
    "no-show": Shown.CANCELLED,
}


def shown(status: str, *, was_agreed: bool) -> Shown | None:
    """How an appointment in this status is shown, None for not at all: of a time only kept nobody has heard."""
    if status == "cancelled":
        return Shown.CANCELLED if was_agreed else None
    return _SHOWN.get(status)


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit in a calendar. `sequence` grows with each change, `changed_at` is the last one that we know of."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    zone: str
    shown: Shown
    summary: str
    location: str
    description: str


def digest(token: str) -> bytes:
    """What is kept of a token. It has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).digest()


def brand_of(token: str) -> str | None:
    """The brand a calendar's token names, None for what cannot be one."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def tag_of(body: bytes) -> int:
    """The entity tag's number of a calendar: another one for whatever else it says."""
    return int.from_bytes(hashlib.sha256(body).digest()[:8])


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether somebody who sends this If-None-Match has what the tag stands for (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    seen = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return bool(seen & {"*", tag})


@dataclass(frozen=True, slots=True)
class Observance:
    """From `onset` on, by the clock of before, a zone is `offset_to` ahead of UTC (RFC 5545, 3.6.5)."""

    onset: datetime
    offset_from: timedelta
    offset_to: timedelta
    name: str
    is_daylight: bool


def is_told(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall time of the zone says which instant is meant: of an hour told twice only the first is (3.3.5)."""
    return moment.astimezone(zone).fold == 0


@lru_cache(maxsize=256)
def observances(zone: ZoneInfo, first_year: int, last_year: int) -> Sequence[Observance]:
    """How a zone tells its time from the beginning of one year to the end of another, both told by UTC."""
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    found = [_observance(zone, at, _offset(zone, at))]
    while at < end:
        following = at + _STEP
        if _offset(zone, following) != _offset(zone, at):
            found.append(_observance(zone, _change(zone, at, following), _offset(zone, at)))
        at = following
    return tuple(found)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second of `after`'s offset."""
    was = _offset(zone, before)
    while after - before > _SECOND:
        between = before + ((after - before) // 2 // _SECOND) * _SECOND
        if _offset(zone, between) == was:
            before = between
        else:
            after = between
    return after


def _observance(zone: ZoneInfo, at: datetime, before: timedelta) -> Observance:
    local = at.astimezone(zone)
    return Observance(
        onset=(at + before).replace(tzinfo=None),
        offset_from=before,
        offset_to=_offset(zone, at),
        name=local.tzname() or zone.key,
        is_daylight=bool(local.dst()),
    )
