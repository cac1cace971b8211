"""Rows of occasions: what there is, its seats, its guests."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """The tables of this capability."""

    metadata = metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


class Occasion(Base):
    """A launch, a workshop. Without `boutique_id` it is the brand's. `windows`: [{segment, opens_at}]."""

    __tablename__ = "occasion"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    occasion_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID | None]
    kind: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    about_zh: Mapped[str | None]
    about_en: Mapped[str | None]
    status: Mapped[str]
    most_plus_ones: Mapped[int]
    reply_by_at: Mapped[datetime | None]
    opens_at: Mapped[datetime | None]
    windows: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    reserves_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    version: Mapped[int]


class Session(Base):
    """One time and place of an occasion; `taken` seats are promised, plus-ones among them."""

    __tablename__ = "occasion_session"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    occasion_id: Mapped[UUID]
    boutique_id: Mapped[UUID | None]
    place_zh: Mapped[str | None]
    place_en: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    seats: Mapped[int]
    taken: Mapped[int]


class SessionReserve(Base):
    """Seats of a session that are kept for a segment; `taken` by guests of that segment, reserved or not."""

    __tablename__ = "session_reserve"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    seats: Mapped[int]
    taken: Mapped[int]


class Invitation(Base):
    """One client asked to one occasion, what she answered, and whether she came.

    `segment` is hers when she was invited: it says from which seats hers is counted. `to_tell` is the message she is
    owed next, `tellings` how many she was owed so far. `plus_ones` and `session_id` are what she wants while she waits.
    """

    __tablename__ = "occasion_invitation"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    occasion_id: Mapped[UUID]
    client_id: Mapped[UUID]
    segment: Mapped[str | None]
    how: Mapped[str]
    invited_by: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    opens_at: Mapped[datetime]
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    session_id: Mapped[UUID | None]
    plus_ones: Mapped[int]
    seats_held: Mapped[int]
    waiting_since: Mapped[datetime | None]
    offer_expires_at: Mapped[datetime | None]
    pass_number: Mapped[int]
    arrived_at: Mapped[datetime | None]
    came: Mapped[int | None]
    to_tell: Mapped[str | None]
    tellings: Mapped[int]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def party(self) -> int:
        """She and her companions."""
        return 1 + self.plus_ones


class OccasionPolicy(Base):
    """A brand's settings: see FatiguePolicy."""

    __tablename__ = "occasion_policy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    most_invitations: Mapped[int]
    within_days: Mapped[int]
    alternates: Mapped[bool]
    declines: Mapped[int]
    pause_days: Mapped[int]
    pauses_for: Mapped[list[str]] = mapped_column(JSONB)
    wait_order: Mapped[list[str]] = mapped_column(JSONB)
    offer_minutes: Mapped[int]
    version: Mapped[int]


class GuestMessage(Base):
    """A message of profile's: what it is about, to a guest the how manyth, and what became of it."""

    __tablename__ = "guest_message"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    about_id: Mapped[UUID | None]
    telling: Mapped[int | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    told_at: Mapped[datetime]
