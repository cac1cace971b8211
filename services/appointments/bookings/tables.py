"""Rows of bookings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
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

    @property
    def resource_ids(self) -> list[UUID]:
        """Whose time it takes."""
        return [one for one in (self.advisor_id, self.room_id, self.client_id) if one is not None]


class Reassignment(Base):
    """What became of a visit to come when its client was handed over; `assigned_for`, `starts_at`: as it was before."""

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
