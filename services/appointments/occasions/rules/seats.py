"""Seats of a session: how many are free for whom while some are reserved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.refusal import Kind, Refusal
from services.appointments.occasions.rules.life import Segment

MOST_SESSIONS = 50  # of one occasion: all of them are read with it


class SessionFull(Refusal):
    """No seat for her party; `alternatives` are the occasion's other sessions that have room for it."""

    kind = Kind.CONFLICT
    slug = "session-full"
    en = "There are not enough seats left in this session. See `alternatives`, or join its waiting list."
    zh = "该场次席位已满，您可选择 alternatives 中的其他场次，或加入候补名单。"


class SessionHasGuests(Refusal):
    """What guests have agreed to is not changed under their feet."""

    kind = Kind.CONFLICT
    slug = "session-has-guests"
    en = "Guests have accepted this session: its time and place stay. Cancel the occasion, or add another session."
    zh = "已有来宾确认该场次，时间与地点不可更改，请取消活动或另增场次。"


class FewerSeatsThanGuests(Refusal):
    """A session keeps at least the seats that are taken."""

    kind = Kind.CONFLICT
    slug = "fewer-seats-than-guests"
    en = "`taken` seats of this session are taken: it cannot have fewer."
    zh = "该场次已有 taken 个席位被确认，席位数不可少于此数。"


class TooManySessions(Refusal):
    """An occasion has so many sessions and no more."""

    kind = Kind.CONFLICT
    slug = "too-many-sessions"
    en = "An occasion has at most `most_sessions` sessions. Make another occasion for the others."
    zh = "每个活动最多设 most_sessions 个场次，其余场次请另建活动。"


class SessionInThePast(Refusal):
    """Nobody can be invited to what has begun."""

    kind = Kind.INVALID
    slug = "session-in-the-past"
    en = "A session must begin later than now. See `starts_at`."
    zh = "场次开始时间须晚于当前时间，请检查 starts_at。"


class MoreReservedThanSeats(Refusal):
    """What is reserved for segments must fit into the session."""

    kind = Kind.INVALID
    slug = "more-reserved-than-seats"
    en = "The seats reserved for segments are more than the session has."
    zh = "为各客户分层预留的席位总数超过该场次席位数。"


@dataclass(frozen=True, slots=True)
class Reserve:
    """Seats kept for one segment, and how many seats guests of that segment have, reserved ones or not."""

    seats: int
    taken: int

    @property
    def kept(self) -> int:
        """What others may not have."""
        return max(0, self.seats - self.taken)


@dataclass(frozen=True)
class Seating:
    """A session's seats. `reserves` hold until the day on which what is left of them is for everybody."""

    seats: int
    taken: int
    reserves: Mapping[Segment, Reserve]
    reserves_hold: bool

    def free_for(self, segment: Segment | None) -> int:
        """How many seats a guest of this segment may still have: all that is free but what is kept for others."""
        kept = sum(one.kept for of, one in self.reserves.items() if of is not segment) if self.reserves_hold else 0
        return max(0, self.seats - self.taken - kept)

    def judge(self, segment: Segment | None, party: int) -> None:
        """Raise SessionFull where her party does not fit."""
        if party > self.free_for(segment):
            raise SessionFull


def reserves_hold(until: datetime | None, *, now: datetime) -> bool:
    """Whether what is reserved is still kept; without a day it is until the session begins."""
    return until is None or now < until


def check_reserves(seats: int, reserved: Iterable[int]) -> None:
    """Raise MoreReservedThanSeats."""
    if sum(reserved) > seats:
        raise MoreReservedThanSeats


def check_time(starts_at: datetime, *, now: datetime) -> None:
    """Raise SessionInThePast for what begins now or has begun."""
    if starts_at <= now:
        raise SessionInThePast(starts_at=starts_at.isoformat())


def judge_sessions(there: int) -> None:
    """Raise TooManySessions where one more would be."""
    if there >= MOST_SESSIONS:
        raise TooManySessions(most_sessions=MOST_SESSIONS)


def rank(segment: Segment | None, order: Sequence[Segment]) -> int:
    """Whose turn it is among those who wait: segments in the brand's order, then everybody else alike.

    With no order, which is the default, time alone counts.
    """
    return order.index(segment) if segment is not None and segment in order else len(order)
