"""Rows of invitations, and our copies of boutiques and of merged clients."""

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


class Invitation(Base):
    """One client asked once about one touchpoint (`cause_id`: the fact, or one of its own if a colleague asks)."""

    __tablename__ = "invitation"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    cause_id: Mapped[UUID]
    trigger: Mapped[str]
    survey_id: Mapped[UUID]
    client_id: Mapped[UUID]
    boutique_id: Mapped[UUID]
    advisor_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    work_order_id: Mapped[UUID | None]
    status: Mapped[str]
    reason: Mapped[str | None]
    touched_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    token_hash: Mapped[bytes]
    # Sealed, and only until the link is on its way: afterwards nobody but the client has it.
    token: Mapped[bytes | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class InvitationMessage(Base):
    """A message of profile's: which invitation it carries, and why it did not reach her.

    The one is in profile's answer, the other in its fact; whichever comes second finds the first here.
    """

    __tablename__ = "invitation_message"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    invitation_id: Mapped[UUID | None]
    reason: Mapped[str | None]


class Boutique(Base):
    """What the texts say of a boutique; from appointments.boutique-opened."""

    __tablename__ = "boutique"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID] = mapped_column(primary_key=True)
    zone: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]


class ClientAlias(Base):
    """A client merged into one who was not merged further; from profile.identities-merged and -separated.

    Read through `family` and `canonical`.
    """

    __tablename__ = "client_alias"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    canonical_id: Mapped[UUID]
