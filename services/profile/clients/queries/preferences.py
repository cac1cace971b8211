"""Reading what a client likes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.clients.rules import Preference, Provenance, Topic

_KNOWN = text(
    "select preference_id, topic, value, likes, provenance, confidence, learned_on, noted_by from preference"
    " where brand_id = :brand and client_id = any(:ids) and ended_at is null order by preference_id desc"
)


async def known(tx: AsyncSession, family: Sequence[UUID]) -> list[Preference]:
    """What was learned of one person and not ended, by all records that are she; the latest noted first."""
    ring = keyring(tx)
    rows = await tx.execute(_KNOWN, {"brand": tx.info["brand_id"], "ids": list(family)})
    return [
        Preference(
            row.preference_id,
            Topic(row.topic),
            ring.open("preference", "value", row.preference_id, row.value),
            row.likes,
            Provenance(row.provenance),
            row.confidence,
            row.learned_on,
            row.noted_by,
        )
        for row in rows
    ]
