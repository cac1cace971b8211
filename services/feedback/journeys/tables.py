"""Rows of journeys."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from infra.database import metadata


class Base(DeclarativeBase):
    """The tables of this capability."""

    metadata = metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


class Journey(Base):
    """A named set of touchpoints."""

    __tablename__ = "journey"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    journey_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    steps: Mapped[list["JourneyStep"]] = relationship(lazy="selectin", order_by="JourneyStep.trigger")


class JourneyStep(Base):
    """Which survey follows one touchpoint."""

    __tablename__ = "journey_step"
    __table_args__ = (ForeignKeyConstraint(["brand_id", "journey_id"], ["journey.brand_id", "journey.journey_id"]),)

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    journey_id: Mapped[UUID] = mapped_column(primary_key=True)
    trigger: Mapped[str] = mapped_column(primary_key=True)
    survey_id: Mapped[UUID]
    delay_minutes: Mapped[int]
