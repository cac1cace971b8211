"""Rows of the waiting list."""

from datetime import date, datetime
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


class WaitlistPolicy(Base):
    """Which segments a brand asks first, in this order, and for how long a time is kept for somebody."""

    __tablename__ = "waitlist_policy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    priority: Mapped[list[str]] = mapped_column(JSONB)
    offer_minutes: Mapped[int]
    version: Mapped[int]


class Entry(Base):
    """A client who waits for a visit: `hours` [[from, to]] in minutes after midnight; none: any time of the day.

    `reason` is for the house: why she could not be asked, or why her waiting ended. `silences` are offers in a row that
    ran out unanswered.
    """

    __tablename__ = "waitlist_entry"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    experience_id: Mapped[UUID]
    advisor_id: Mapped[UUID | None]
    from_on: Mapped[date]
    until_on: Mapped[date]
    hours: Mapped[list[list[int]]] = mapped_column(JSONB)
    party_size: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str | None]
    made_by: Mapped[str]
    joined_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    silences: Mapped[int]
    version: Mapped[int]


class Offer(Base):
    """A time kept for somebody who waits. What becomes of it stands in its appointment; here it is noted."""

    __tablename__ = "waitlist_offer"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    client_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
