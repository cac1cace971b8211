"""Rows of reminders."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """The tables of this capability."""

    metadata = metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


class Notice(Base):
    """One thing that a client is told of a visit: the time it speaks of, why (`cause_id`, a fact), what became of it.

    A reminder has no cause, but how many minutes before the visit it is due. `message_id` and `channel` are profile's;
    `recall_until`: so long profile is asked to let the message not leave, for a try of ours may still be on its way.
    """

    __tablename__ = "notice"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    kind: Mapped[str]
    cause_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    lead_minutes: Mapped[int | None]
    status: Mapped[str]
    reason: Mapped[str | None]
    message_id: Mapped[UUID | None]
    channel: Mapped[str | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    recall_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    telephoned_at: Mapped[datetime | None]
    telephoned_by: Mapped[str | None]


class ReminderPolicy(Base):
    """How many minutes before a visit a brand reminds, the longest first; without a row as `rules.LEADS` says."""

    __tablename__ = "reminder_policy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    lead_minutes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    version: Mapped[int]
