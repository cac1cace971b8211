"""Rows of preparation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata


class Base(DeclarativeBase):
    """Preparation's tables."""

    metadata = metadata()


class Arrangement(Base):
    """What somebody of the boutique has laid out for a visit; the words are sealed. `pieces`: [{piece_code, state}]."""

    __tablename__ = "arrangement"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    refreshments: Mapped[bytes | None]
    room_setup: Mapped[bytes | None]
    pieces: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int]
    arranged_by: Mapped[str]
    arranged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
