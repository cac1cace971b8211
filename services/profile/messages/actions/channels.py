"""Her word on a channel: she wants nothing more by it for a purpose, or takes that back."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.messages.rules import Channel, Purpose

# Words overtake one another: an older one changes nothing.
_SAY = text(
    "insert into channel_word as known (brand_id, client_id, channel, purpose, is_declined, source, said_at)"
    " values (:brand, :client_id, :channel, :purpose, :is_declined, :source, :now)"
    " on conflict (brand_id, client_id, channel, purpose) do update set is_declined = excluded.is_declined,"
    " source = excluded.source, said_at = excluded.said_at where known.said_at <= excluded.said_at"
)


async def say(
    tx: AsyncSession,
    client_id: UUID,
    words: Iterable[tuple[Channel, Purpose, bool]],
    *,
    source: str,
    now: datetime,
) -> UUID:
    """Keep what she said of channels: (channel, purpose, is declined); `source` is where. Answers her record.

    Raises NotFound for whoever is no client any more.
    """
    survivor = await identities.canonical(tx, client_id)
    if not await clients.spared(tx, [survivor]):
        raise NotFound
    for channel, purpose, is_declined in words:
        row = {
            "brand": tx.info["brand_id"],
            "client_id": survivor,
            "channel": channel.value,
            "purpose": purpose.value,
            "is_declined": is_declined,
            "source": source,
            "now": now,
        }
        await tx.execute(_SAY, row)
    return survivor
