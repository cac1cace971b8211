"""Rows of work orders, and our copy of who works where."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """The tables of this capability."""

    metadata = metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


class SlaPolicy(Base):
    """What a house has set for one severity; rules.DEFAULTS holds where it has not."""

    __tablename__ = "sla_policy"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(primary_key=True)
    at_most_score: Mapped[int]
    respond_within_minutes: Mapped[int]
    resolve_within_minutes: Mapped[int]
    version: Mapped[int]


class WorkOrder(Base):
    """Something someone must put right. The policy is stamped on it: a later change moves no deadline."""

    __tablename__ = "work_order"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    work_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    advisor_id: Mapped[UUID | None]  # who served her
    appointment_id: Mapped[UUID | None]
    answer_id: Mapped[UUID | None]
    score: Mapped[int | None]
    words: Mapped[bytes | None]  # sealed; what somebody of the house wrote who opened it without an answer
    severity: Mapped[str]
    status: Mapped[str]
    assignee_id: Mapped[UUID | None]
    policy_version: Mapped[int]
    respond_within_minutes: Mapped[int]
    resolve_within_minutes: Mapped[int]
    opened_at: Mapped[datetime]
    started_at: Mapped[datetime]  # of the clock: opened, or reopened last
    respond_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    responded_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    resolution: Mapped[bytes | None]  # sealed
    cause: Mapped[str | None]
    follows_id: Mapped[UUID | None]  # the work order that did not win her back
    followed_by_id: Mapped[UUID | None]
    loop_answer_id: Mapped[UUID | None]
    loop_score: Mapped[int | None]
    loop_closed_at: Mapped[datetime | None]
    recovered: Mapped[bool | None]
    version: Mapped[int]


class WorkOrderStep(Base):
    """One step somebody took."""

    __tablename__ = "work_order_step"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    work_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str]
    status: Mapped[str]
    subject: Mapped[str]
    taken_at: Mapped[datetime]


class WorkOrderNote(Base):
    """What somebody wrote down on the way; the text is sealed."""

    __tablename__ = "work_order_note"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    work_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[bytes]
    subject: Mapped[str]
    written_at: Mapped[datetime]


class Advisor(Base):
    """An advisor of a boutique; from appointments.advisor-joined."""

    __tablename__ = "advisor"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID] = mapped_column(primary_key=True)
