"""Writing down what a client likes, and what she does not."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.refusal import NotFound
from services.profile.clients.rules import LearnedAhead, Preference

_LEARN = text(
    "insert into preference (brand_id, preference_id, client_id, topic, value, likes, provenance, confidence,"
    " learned_on, noted_by) values (:brand, :preference_id, :client_id, :topic, :value, :likes, :provenance,"
    " :confidence, :learned_on, :noted_by)"
)
_END = text(
    "update preference set ended_at = :now, ended_by = :by"
    " where brand_id = :brand and client_id = any(:ids) and preference_id = :preference_id and ended_at is null"
    " returning preference_id"
)

_FORGET_INFERRED = text(
    "delete from preference where brand_id = :brand and client_id = any(:ids) and provenance = 'inferred'"
)
_FORGET_ONE = text(
    "delete from preference where brand_id = :brand and client_id = any(:ids) and provenance = 'inferred'"
    " and preference_id = :preference_id returning preference_id"
)


async def learn(tx: AsyncSession, client_id: UUID, learned: Preference, *, today: date) -> None:
    """Keep a preference beside those it outdoes; raises LearnedAhead."""
    if learned.learned_on > today:
        raise LearnedAhead
    await tx.execute(
        _LEARN,
        {
            "brand": tx.info["brand_id"],
            "preference_id": learned.preference_id,
            "client_id": client_id,
            "topic": learned.topic.value,
            "value": keyring(tx).seal("preference", "value", learned.preference_id, learned.value),
            "likes": learned.likes,
            "provenance": learned.provenance.value,
            "confidence": learned.confidence,
            "learned_on": learned.learned_on,
            "noted_by": learned.noted_by,
        },
    )


async def end(tx: AsyncSession, family: Sequence[UUID], preference_id: UUID, *, by: Caller, now: datetime) -> None:
    """It holds no longer; what it outdid counts again. Raises NotFound, also when it was ended before."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "preference_id": preference_id}
    if (await tx.execute(_END, asked | {"now": now, "by": by.subject})).one_or_none() is None:
        raise NotFound


async def forget_inferred(tx: AsyncSession, family: Sequence[UUID]) -> None:
    """Delete what was inferred of her, ended or not. Safe to repeat."""
    await tx.execute(_FORGET_INFERRED, {"brand": tx.info["brand_id"], "ids": list(family)})


async def forget(tx: AsyncSession, family: Sequence[UUID], preference_id: UUID) -> None:
    """Delete one thing that was inferred of her; raises NotFound, also for what she said or what was seen."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "preference_id": preference_id}
    if (await tx.execute(_FORGET_ONE, asked)).one_or_none() is None:
        raise NotFound
