"""Reads of pushes."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.wechat.rules import State
from gateway.wechat.tables import WeChatPush


async def due(tx: AsyncSession, *, now: datetime, limit: int) -> list[WeChatPush]:
    """Pushes of any brand that wait to be handed over, oldest first, locked; those another process holds are left."""
    asked = (
        select(WeChatPush)
        .where(WeChatPush.state == State.WAITING, WeChatPush.next_attempt_at <= now)
        .order_by(WeChatPush.received_at)
        .limit(limit)
    )
    return list(await tx.scalars(asked.with_for_update(skip_locked=True)))


async def push(tx: AsyncSession, dedup_key: str) -> WeChatPush | None:
    """One push of the transaction's brand."""
    asked = select(WeChatPush).where(WeChatPush.brand_id == tx.info["brand_id"], WeChatPush.dedup_key == dedup_key)
    found: WeChatPush | None = await tx.scalar(asked.with_for_update())
    return found
