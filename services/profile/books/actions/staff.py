"""Knowing who works where, what she speaks and offers, when she is away and that she has left."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Whoever joins again has not left any more.
_JOIN = text(
    "insert into advisor (brand_id, advisor_id, boutique_id) values (:brand, :advisor_id, :boutique_id)"
    " on conflict (brand_id, advisor_id) do update set boutique_id = excluded.boutique_id, left_at = null"
)
_MOVE = text(
    "insert into advisor (brand_id, advisor_id, boutique_id) values (:brand, :advisor_id, :boutique_id)"
    " on conflict (brand_id, advisor_id) do update set boutique_id = excluded.boutique_id"
)
_DESCRIBE = text(
    "insert into advisor (brand_id, advisor_id, boutique_id, languages, skills, wecom_userid, absent_from_on,"
    " absent_until_on) values (:brand, :advisor_id, :boutique_id, :languages, :skills, :wecom_userid,"
    " :absent_from_on, :absent_until_on) on conflict (brand_id, advisor_id) do update set"
    " boutique_id = excluded.boutique_id, languages = excluded.languages, skills = excluded.skills,"
    " wecom_userid = excluded.wecom_userid, absent_from_on = excluded.absent_from_on,"
    " absent_until_on = excluded.absent_until_on"
)
_LEAVE = text(
    "insert into advisor (brand_id, advisor_id, boutique_id, left_at) values (:brand, :advisor_id, :boutique_id, :at)"
    " on conflict (brand_id, advisor_id) do update set left_at = excluded.left_at"
)


async def join(tx: AsyncSession, advisor_id: UUID, boutique_id: UUID) -> None:
    """Know where an advisor works."""
    await tx.execute(_JOIN, {"brand": tx.info["brand_id"], "advisor_id": advisor_id, "boutique_id": boutique_id})


async def move(tx: AsyncSession, advisor_id: UUID, boutique_id: UUID) -> None:
    """Know where she works from now on."""
    await tx.execute(_MOVE, {"brand": tx.info["brand_id"], "advisor_id": advisor_id, "boutique_id": boutique_id})


async def describe(
    tx: AsyncSession,
    advisor_id: UUID,
    boutique_id: UUID,
    *,
    languages: Sequence[str],
    skills: Sequence[str],
    wecom_userid: str | None,
    absent_from_on: date | None,
    absent_until_on: date | None,
) -> None:
    """Know what she speaks and offers, who she is in WeCom, and when she is away."""
    await tx.execute(
        _DESCRIBE,
        {
            "brand": tx.info["brand_id"],
            "advisor_id": advisor_id,
            "boutique_id": boutique_id,
            "languages": list(languages),
            "skills": list(skills),
            "wecom_userid": wecom_userid,
            "absent_from_on": absent_from_on,
            "absent_until_on": absent_until_on,
        },
    )


async def leave(tx: AsyncSession, advisor_id: UUID, boutique_id: UUID, *, at: datetime) -> None:
    """Know that she has left."""
    asked = {"brand": tx.info["brand_id"], "advisor_id": advisor_id, "boutique_id": boutique_id, "at": at}
    await tx.execute(_LEAVE, asked)
