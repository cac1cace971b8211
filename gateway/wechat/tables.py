"""The rows of pushes, and our copy of who is who in WeCom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from gateway.identity.tables import Moment, Row


class WeChatPush(Row):
    """A verified push, sealed, until profile has taken it, and for two weeks after that."""

    __tablename__ = "wechat_push"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(primary_key=True)
    house: Mapped[str]
    appid: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[str]
    attempts: Mapped[int]
    refusals: Mapped[int]
    next_attempt_at: Mapped[datetime | None] = mapped_column(Moment)
    handed_at: Mapped[datetime | None] = mapped_column(Moment)


class CorpMember(Row):
    """An advisor by her name in WeCom, as appointments announces her."""

    __tablename__ = "corp_member"

    brand_id: Mapped[str] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID] = mapped_column(primary_key=True)
    userid: Mapped[str | None]
    left_at: Mapped[datetime | None] = mapped_column(Moment)
