"""The rows of accounts, sessions and refresh tokens, and our copy of which boutique lies in which region."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.database import metadata

Moment = DateTime(timezone=True)


class Row(DeclarativeBase):
    """A row of the gateway's database."""

    metadata = metadata()


class Account(Row):
    """Somebody who works for the house."""

    __tablename__ = "account"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    advisor_id: Mapped[UUID | None]
    boutique_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    region_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class Session(Row):
    """One sign-in and all tokens that came of it. A partner has a single one, with its own id, for ever."""

    __tablename__ = "session"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    account_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    partner_id: Mapped[UUID | None]
    appid: Mapped[str | None]
    openid: Mapped[bytes | None] = mapped_column(LargeBinary)
    opened_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_because: Mapped[str | None]


class RefreshToken(Row):
    """A refresh token, hashed. A used one stays until it expires, so that its second use is seen."""

    __tablename__ = "refresh_token"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class BoutiqueRegion(Row):
    """Our copy of what appointments announces."""

    __tablename__ = "boutique_region"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    boutique_id: Mapped[UUID] = mapped_column(primary_key=True)
    region_id: Mapped[UUID]
