"""Rows of visits."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata

INSTANT = DateTime(timezone=True)


class Base(DeclarativeBase):
    """The visits' tables."""

    metadata = metadata()


class Visit(Base):
    """Somebody who entered, alone or with others. `advisor_id` is who was told of her, `served_by` who received her."""

    __tablename__ = "visit"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID]
    on_day: Mapped[date]
    turn: Mapped[int]
    status: Mapped[str]
    arrived_at: Mapped[datetime] = mapped_column(INSTANT)
    appointment_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    advisor_id: Mapped[UUID | None]
    party_size: Mapped[int | None]
    home_city: Mapped[str | None]
    visits_this_month: Mapped[str | None]
    called_at: Mapped[datetime | None] = mapped_column(INSTANT)
    telling: Mapped[str | None]
    served_at: Mapped[datetime | None] = mapped_column(INSTANT)
    served_by: Mapped[UUID | None]
    left_at: Mapped[datetime | None] = mapped_column(INSTANT)
    left_how: Mapped[str | None]
    version: Mapped[int]

    @property
    def is_booked(self) -> bool:
        """Whether she came to an appointment."""
        return self.appointment_id is not None


class VisitTally(Base):
    """The number of a stretch of a day, entered by hand; it stands in place of what was counted."""

    __tablename__ = "visit_tally"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    starts: Mapped[int] = mapped_column(primary_key=True)
    ends: Mapped[int]
    entries: Mapped[int]
    entered_by: Mapped[str]
    entered_at: Mapped[datetime] = mapped_column(INSTANT)
    version: Mapped[int]
