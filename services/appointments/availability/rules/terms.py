"""What a free time is made of: who asks, what an experience needs, and who and what is there when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.appointments.directory.rules import Span


class Kind(StrEnum):
    """Why a resource is taken."""

    HOLD = "hold"
    VISIT = "visit"
    LEAVE = "leave"
    CLOSURE = "closure"


class Actor(StrEnum):
    """Who asks: a client for herself, or the house's own people for her. They owe different notice."""

    CLIENT = "client"
    HOUSE = "house"


class Lack(StrEnum):
    """What a boutique does not have for an experience at any time."""

    SKILL = "skill"
    LANGUAGE = "language"
    SECOND = "second"
    ROOM_KIND = "room-kind"
    ROOM_SIZE = "room-size"


@dataclass(frozen=True, slots=True)
class Claim:
    """One resource wanted for one stretch of time."""

    resource_id: UUID
    during: Span


@dataclass(frozen=True)
class Terms:
    """What an experience asks of a time."""

    duration: timedelta
    before: timedelta
    after: timedelta
    granularity: timedelta
    notice: timedelta
    horizon: timedelta
    needs_room: bool
    skill: str | None
    room_kind: str | None = None
    needs_second: bool = False
    second_skill: str | None = None
    languages: tuple[str, ...] = ()

    def visit(self, starts_at: datetime) -> Span:
        """The client's time."""
        return Span(starts_at, starts_at + self.duration)

    def upkeep(self, starts_at: datetime) -> Span:
        """The advisor's and the room's time: the visit and its buffers."""
        return self.visit(starts_at).widened(self.before, self.after)


@dataclass(frozen=True)
class AdvisorTime:
    """When one advisor works and when she cannot be had; her `leave` and the boutique's closures are part of `busy`."""

    advisor_id: UUID
    shifts: tuple[Span, ...]
    busy: tuple[Span, ...]
    leave: tuple[Span, ...] = ()


@dataclass(frozen=True)
class RoomTime:
    """When one room is taken."""

    room_id: UUID
    capacity: int
    busy: tuple[Span, ...]


@dataclass(frozen=True)
class Outlook:
    """All that decides about free times of one experience at one boutique within a window.

    `advisors` have the skill it needs and a language of it, the client's own first; `seconds` may assist; `rooms` are
    of the kind it needs and hold the party, the smallest first. Where one of them is empty, `lacks` says why.
    `opening` are the hours as they are written, whether or not one of the `closures` lies within.
    """

    zone: ZoneInfo
    terms: Terms
    opening: tuple[Span, ...]
    advisors: tuple[AdvisorTime, ...]
    rooms: tuple[RoomTime, ...]
    client_busy: tuple[Span, ...]
    own_advisor_id: UUID | None
    seconds: tuple[AdvisorTime, ...] = ()
    closures: tuple[Span, ...] = ()
    lacks: frozenset[Lack] = frozenset()


def only(outlook: Outlook, advisor_id: UUID, stand_ins: Sequence[tuple[UUID, Span]] = ()) -> Outlook:
    """The same as if this advisor, and who stands in for her while she does, were the only ones to receive her.

    Whoever assists may be anybody.
    """

    def hers(one: AdvisorTime) -> AdvisorTime | None:
        if one.advisor_id == advisor_id:
            return one
        periods = [period for stand_in, period in stand_ins if stand_in == one.advisor_id]
        shifts = tuple(
            Span(max(shift.starts_at, period.starts_at), min(shift.ends_at, period.ends_at))
            for shift in one.shifts
            for period in periods
            if shift.overlaps(period)
        )
        return replace(one, shifts=shifts) if periods else None

    return replace(outlook, advisors=tuple(seen for one in outlook.advisors if (seen := hers(one)) is not None))


def earliest(terms: Terms, actor: Actor, now: datetime) -> datetime:
    """The first start that may be booked: clients owe the experience's notice, the house's own people none."""
    return now + terms.notice if actor is Actor.CLIENT else now


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time, with the advisors and rooms that are free for it, best first.

    Where a second advisor is needed, `second_ids` are free to assist; for each of `advisor_ids` there is one besides
    herself.
    """

    starts_at: datetime
    ends_at: datetime
    advisor_ids: tuple[UUID, ...]
    room_ids: tuple[UUID, ...]
    second_ids: tuple[UUID, ...] = ()
