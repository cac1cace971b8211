"""Taking back in WeCom what waits there for an advisor, when its message here is gone: she was erased."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database

AGAIN = timedelta(minutes=2)  # until WeCom is asked again after it did not answer
PATIENCE = timedelta(days=8)  # WeCom itself forgets what nobody has confirmed for a week

_OF = text(
    "insert into message_recall (brand_id, channel_ref, asked_at, due_at) select brand_id, channel_ref, :now, :now"
    " from message where brand_id = :brand and client_id = any(:ids) and status = 'awaiting-advisor'"
    " and channel = 'wecom' and channel_ref is not null on conflict do nothing"
)
_ONE = text(
    "insert into message_recall (brand_id, channel_ref, asked_at, due_at) values (:brand, :channel_ref, :now, :now)"
    " on conflict do nothing"
)
_DUE = text(
    "update message_recall set due_at = :later where (brand_id, channel_ref) = (select brand_id, channel_ref"
    " from message_recall where due_at <= :now order by due_at limit 1 for update skip locked)"
    " returning brand_id, channel_ref, asked_at"
)
_DONE = text("delete from message_recall where brand_id = :brand and channel_ref = :channel_ref")


async def take_back(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """Have whatever waits in WeCom for these clients taken back; before their messages are deleted."""
    await tx.execute(_OF, {"brand": tx.info["brand_id"], "ids": list(client_ids), "now": now})


async def take_back_one(tx: AsyncSession, channel_ref: str, *, now: datetime) -> None:
    """Have a message taken back that was on its way to WeCom when she was erased."""
    await tx.execute(_ONE, {"brand": tx.info["brand_id"], "channel_ref": channel_ref, "now": now})


async def recall_next(database: Database, cancel: Callable[[str], Awaitable[None]], *, now: datetime) -> bool:
    """Take back the message that is due first; answers whether there was one.

    Raises what `cancel` raises, which is safe to repeat; then it is due again two minutes later.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        row = (await tx.execute(_DUE, {"now": now, "later": now + AGAIN})).one_or_none()
    if row is None:
        return False
    if now - row.asked_at <= PATIENCE:
        await cancel(row.channel_ref)
    async with database.transaction(row.brand_id) as tx:
        await tx.execute(_DONE, {"brand": row.brand_id, "channel_ref": row.channel_ref})
    return True
