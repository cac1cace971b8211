"""Rows of calendars."""

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


class CalendarFeed(Base):
    """An address at which somebody reads the visits of an advisor or a boutique (`holder_id`), until it is revoked."""

    __tablename__ = "calendar_feed"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    feed_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    holder_id: Mapped[UUID]
    language: Mapped[str]
    token_hash: Mapped[bytes]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
