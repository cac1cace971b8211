"""What somebody wants of an occasion, as the acts take it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.appointments.occasions.rules.life import OccasionKind, Segment


@dataclass(frozen=True, slots=True)
class NewSession:
    """A time, a place (a boutique of ours, or words in both languages) and its seats; `reserves` by segment."""

    boutique_id: UUID | None
    place_zh: str | None
    place_en: str | None
    starts_at: datetime
    ends_at: datetime
    seats: int
    reserves: Mapping[Segment, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What is to be different; None stays. `reserves` replaces them all."""

    starts_at: datetime | None
    ends_at: datetime | None
    seats: int | None
    reserves: Mapping[Segment, int] | None


@dataclass(frozen=True, slots=True)
class NewOccasion:
    """An occasion to be made; `windows` as they are kept: [{segment, opens_at}]."""

    boutique_id: UUID | None
    kind: OccasionKind
    title_zh: str
    title_en: str
    about_zh: str | None
    about_en: str | None
    most_plus_ones: int
    reply_by_at: datetime | None
    opens_at: datetime | None
    windows: list[dict[str, str]]
    reserves_until: datetime | None
    sessions: Sequence[NewSession]


@dataclass(frozen=True, slots=True)
class Guests:
    """Whom to invite: clients by name, or the first `limit` of some segments, perhaps of one boutique."""

    client_ids: Sequence[UUID] | None
    segments: Sequence[Segment] | None
    boutique_id: UUID | None
    limit: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What a guest says."""

    answer: Literal["accept", "decline", "withdraw", "wait"]
    session_id: UUID | None = None
    plus_ones: int = 0
