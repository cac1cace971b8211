"""Rows of the directory."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """The directory's tables."""

    metadata = metadata()


class Region(Base):
    """Boutiques led together."""

    __tablename__ = "region"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    region_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Boutique(Base):
    """A place that clients come to; its hours and its advisors' shifts are told by the clock of `zone`."""

    __tablename__ = "boutique"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID] = mapped_column(primary_key=True)
    region_id: Mapped[UUID]
    code: Mapped[str]
    boutique_type: Mapped[str]
    zone: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    city_code: Mapped[str | None]
    city_zh: Mapped[str | None]
    city_en: Mapped[str | None]
    address_zh: Mapped[str | None]
    address_en: Mapped[str | None]
    # Degrees (WGS 84); both or neither.
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    version: Mapped[int]


class Room(Base):
    """A private salon. It serves one party at a time. One that is not `active` is no longer offered."""

    __tablename__ = "room"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID]
    code: Mapped[str | None]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    capacity: Mapped[int]
    room_kind: Mapped[str | None]
    amenities: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Advisor(Base):
    """A client advisor at her boutique. Who has left stays: visits and receipts name her."""

    __tablename__ = "advisor"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID]
    display_name: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Her share in the rotation: 2 is asked twice as often as 1.
    weight: Mapped[int] = mapped_column(default=1)
    priority: Mapped[int] = mapped_column(default=0)
    employee_number: Mapped[str | None]
    wecom_userid: Mapped[str | None]
    # The first and the last day; from a day on without a last one while nobody knows when she is back.
    absent_from: Mapped[date | None]
    absent_until: Mapped[date | None]
    left_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]


class Experience(Base):
    """What can be booked. Minutes and days as the house agreed them."""

    __tablename__ = "experience"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    experience_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    duration_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    granularity_minutes: Mapped[int]
    notice_minutes: Mapped[int]
    horizon_days: Mapped[int]
    cancel_notice_minutes: Mapped[int]
    needs_room: Mapped[bool]
    skill: Mapped[str | None]
    room_kind: Mapped[str | None]
    needs_second_advisor: Mapped[bool] = mapped_column(default=False)
    second_skill: Mapped[str | None]
    # Whoever receives her speaks one of them; none means any.
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    modes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=lambda: ["in-person"])
    audience: Mapped[str] = mapped_column(default="everyone")
    open_to_segments: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    approve_within_minutes: Mapped[int] = mapped_column(default=1440)
    # [{"code", "text_zh", "text_en"}], at most three, asked when she books.
    questions: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int]


class WeeklyHours(Base):
    """One stretch of every such weekday (1 is Monday) of a boutique or an advisor, in minutes after midnight."""

    __tablename__ = "weekly_hours"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True)
    starts: Mapped[int] = mapped_column(primary_key=True)
    ends: Mapped[int]


class DatedHours(Base):
    """One stretch of one day that differs from the weekly pattern; a single row from 0 to 0 is a day off."""

    __tablename__ = "dated_hours"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    starts: Mapped[int] = mapped_column(primary_key=True)
    ends: Mapped[int]


class BreakTime(Base):
    """A pause among the hours of a boutique or an advisor: of every such weekday, or of one day, in minutes."""

    __tablename__ = "break_time"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    break_id: Mapped[UUID] = mapped_column(primary_key=True)
    holder_id: Mapped[UUID]
    weekday: Mapped[int | None]
    on_day: Mapped[date | None]
    starts: Mapped[int]
    ends: Mapped[int]


class Leave(Base):
    """Time an advisor is away. It takes her time in `occupation` wherever no visit stands already."""

    __tablename__ = "leave"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    leave_id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]


class Closure(Base):
    """Time a boutique is closed for some reason. It takes the time of its advisors and rooms like leave."""

    __tablename__ = "closure"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    closure_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]
