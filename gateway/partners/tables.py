"""The rows of partner systems, their keys, and the nonces that tills have used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from gateway.identity.tables import Moment, Row


class Partner(Row):
    """A till or another system that calls us."""

    __tablename__ = "partner"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    boutique_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class PartnerKey(Row):
    """A secret, hashed, and for tills a signing secret, sealed. `secret_start` lets people tell keys apart."""

    __tablename__ = "partner_key"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    secret_start: Mapped[str]
    signing_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class PosNonce(Row):
    """A nonce that has been used."""

    __tablename__ = "pos_nonce"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Moment)
