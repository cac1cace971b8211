"""Rows of bookings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata

INSTANT = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Bookings' tables."""

    metadata = metadata()


class Appointment(Base):
    """A time kept, a visit agreed, or what became of it. What it occupies stands in `occupation`."""

    __tablename__ = "appointment"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    advisor_id: Mapped[UUID]
    room_id: Mapped[UUID | None]
    experience_id: Mapped[UUID]
    starts_at: Mapped[datetime] = mapped_column(INSTANT)
    ends_at: Mapped[datetime] = mapped_column(INSTANT)
    status: Mapped[str]
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    party_size: Mapped[int]
    piece_code: Mapped[str | None]
    assigned_for: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    confirmed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    arrived_at: Mapped[datetime | None] = mapped_column(INSTANT)
    completed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    cancelled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    cancelled_by: Mapped[str | None]
    version: Mapped[int]
    mode: Mapped[str] = mapped_column(default="in-person")
    second_advisor_id: Mapped[UUID | None]
    language: Mapped[str | None]
    occasion: Mapped[str | None]
    # Sealed: what somebody wrote. `configuration` and `answers` are JSON.
    requests: Mapped[bytes | None]
    configuration: Mapped[bytes | None]
    answers: Mapped[bytes | None]
    link: Mapped[bytes | None]
    needs_approval_for: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(INSTANT)
    decided_by: Mapped[str | None]
    refusal_reason: Mapped[bytes | None]
    # The rules that a manager set aside, by the slugs of their refusals; why is sealed.
    overridden: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    override_reason: Mapped[bytes | None]
    agreed_by: Mapped[str | None]
    # She did not come to a visit that the house itself had upset.
    excused: Mapped[bool] = mapped_column(default=False)

    @property
    def resource_ids(self) -> list[UUID]:
        """Whose time it takes."""
        taken = (self.advisor_id, self.second_advisor_id, self.room_id, self.client_id)
        return [one for one in taken if one is not None]


class Reassignment(Base):
    """What became of a visit to come when its client was handed over; `assigned_for`, `starts_at`: as it was before.

    Where the giver only assists (`assists`), the two advisors are the second ones, and the client is anybody's.
    """

    __tablename__ = "reassignment"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    handover_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    from_advisor_id: Mapped[UUID]
    advisor_id: Mapped[UUID]
    outcome: Mapped[str]
    reason: Mapped[str | None]
    assigned_for: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(INSTANT)
    decided_at: Mapped[datetime] = mapped_column(INSTANT)
    assists: Mapped[bool] = mapped_column(default=False)


class Proposal(Base):
    """Another time for a visit, until she agrees. What the visit does not occupy already, `occupation` keeps for it."""

    __tablename__ = "proposal"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    client_id: Mapped[UUID]
    advisor_id: Mapped[UUID]
    second_advisor_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    starts_at: Mapped[datetime] = mapped_column(INSTANT)
    ends_at: Mapped[datetime] = mapped_column(INSTANT)
    assigned_for: Mapped[str]
    status: Mapped[str]
    because: Mapped[str]
    disruption_id: Mapped[UUID | None]
    alternatives: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    made_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)
    # What is set aside for this time: the visit's own once she accepts.
    overridden: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    override_reason: Mapped[bytes | None]

    @property
    def resource_ids(self) -> list[UUID]:
        """Whose time it keeps."""
        kept = (self.advisor_id, self.second_advisor_id, self.room_id, self.client_id)
        return [one for one in kept if one is not None]


class Disruption(Base):
    """An advisor, or a whole boutique, that cannot receive anybody for a while."""

    __tablename__ = "disruption"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    disruption_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID]
    advisor_id: Mapped[UUID | None]
    from_at: Mapped[datetime] = mapped_column(INSTANT)
    to_at: Mapped[datetime] = mapped_column(INSTANT)
    reason: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(INSTANT)


class DisruptedVisit(Base):
    """What became of a visit that stood in the way of a disruption, at `starts_at`; `over_at`: it no longer does."""

    __tablename__ = "disrupted_visit"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    disruption_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    from_advisor_id: Mapped[UUID]
    starts_at: Mapped[datetime] = mapped_column(INSTANT)
    outcome: Mapped[str]
    advisor_id: Mapped[UUID | None]
    proposal_id: Mapped[UUID | None]
    decided_at: Mapped[datetime] = mapped_column(INSTANT)
    over_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BookingPolicy(Base):
    """How a brand lets its clients book."""

    __tablename__ = "booking_policy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    hold_minutes: Mapped[int]
    most_holds: Mapped[int]
    most_open: Mapped[int]
    no_shows: Mapped[int]
    no_show_days: Mapped[int]
    no_show_consequence: Mapped[str]
    proposal_minutes: Mapped[int]
    version: Mapped[int]
