"""Reads of pushes, and of who works here by WeCom's names."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.wechat.rules import House, State
from gateway.wechat.tables import CorpMember, WeChatPush


async def due(tx: AsyncSession, houses: Sequence[House], *, now: datetime, limit: int) -> list[WeChatPush]:
    """Pushes of any brand that wait to be handed over, oldest first, locked; those another process holds are left."""
    asked = (
        select(WeChatPush)
        .where(WeChatPush.state == State.WAITING, WeChatPush.next_attempt_at <= now, WeChatPush.house.in_(houses))
        .order_by(WeChatPush.received_at)
        .limit(limit)
    )
    return list(await tx.scalars(asked.with_for_update(skip_locked=True)))


async def push(tx: AsyncSession, dedup_key: str) -> WeChatPush | None:
    """One push of the transaction's brand."""
    asked = select(WeChatPush).where(WeChatPush.brand_id == tx.info["brand_id"], WeChatPush.dedup_key == dedup_key)
    found: WeChatPush | None = await tx.scalar(asked.with_for_update())
    return found


async def members(tx: AsyncSession) -> dict[str, bool]:
    """The names in WeCom of the brand's advisors, whoever has left included, and whether each is at work."""
    asked = select(CorpMember.userid, CorpMember.left_at).where(CorpMember.brand_id == tx.info["brand_id"])
    # A name that was given to somebody else is hers who is there.
    rows = await tx.execute(asked.order_by(CorpMember.left_at.asc().nulls_last(), CorpMember.advisor_id))
    return {row.userid: row.left_at is None for row in rows if row.userid is not None}


async def advisor_of(tx: AsyncSession, userid: str) -> UUID | None:
    """The advisor with this name in WeCom, which is the same in capitals and small letters."""
    asked = select(CorpMember.advisor_id).where(
        CorpMember.brand_id == tx.info["brand_id"], func.lower(CorpMember.userid) == userid.lower()
    )
    # A name that was given to somebody else is hers who is there.
    found: UUID | None = await tx.scalar(asked.order_by(CorpMember.left_at.desc().nulls_first()).limit(1))
    return found
