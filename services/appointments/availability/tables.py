"""Rows that decide who and what is free."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Computed, DateTime, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """Availability's tables."""

    metadata = metadata()


# No mapped class: its key is a range that may not overlap, which only the database can judge.
occupation = Table(
    "occupation",
    Base.metadata,
    Column("brand_id", Text, nullable=False),
    Column("resource_id", Uuid, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("appointment_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    # What an index finds behind the wall of a brand: see migration 0012.
    Column("starts_at", DateTime(timezone=True), Computed("lower(during)", persisted=True)),
    Column("ends_at", DateTime(timezone=True), Computed("upper(during)", persisted=True)),
)


class ClientOwner(Base):
    """Our copy of whose client she is, from profile.owner-assigned."""

    __tablename__ = "client_owner"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    assigned_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ClientSegment(Base):
    """Our copy of her segment, from profile.segment-changed: what is open to her hangs on it. She never sees it."""

    __tablename__ = "client_segment"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment: Mapped[str]
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ExperienceGuest(Base):
    """A client to whom an experience by invitation is open."""

    __tablename__ = "experience_guest"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    experience_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    invited_by: Mapped[str]
    invited_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ClientDeputy(Base):
    """Our copy of who stands in for one client's advisor, from profile.deputy-assigned."""

    __tablename__ = "client_deputy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID]
    from_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    until_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BookDeputy(Base):
    """Our copy of who stands in for an advisor's whole book, from profile.book-deputy-assigned."""

    __tablename__ = "book_deputy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    owner_advisor_id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID]
    from_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    until_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
