"""Rows of answers."""

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


class Answer(Base):
    """One client's whole reply."""

    __tablename__ = "answer"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    answer_id: Mapped[UUID] = mapped_column(primary_key=True)
    invitation_id: Mapped[UUID]
    survey_id: Mapped[UUID]
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    advisor_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    work_order_id: Mapped[UUID | None]
    score: Mapped[int]
    # Scores and choices by question. What she wrote is in `words`: {question_id: text} as sealed JSON.
    replies: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    words: Mapped[bytes | None]
    answered_at: Mapped[datetime]
