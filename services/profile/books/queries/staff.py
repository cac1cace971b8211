"""Reading what is known of advisors."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books.rules.placing import Advisor

_COLUMNS = (
    "select advisor_id, boutique_id, languages, skills, wecom_userid, absent_from_on, absent_until_on,"
    " left_at is not null as has_left from advisor"
)
_BY_ID = text(f"{_COLUMNS} where brand_id = :brand and advisor_id = any(:ids)")
_AT = text(f"{_COLUMNS} where brand_id = :brand and boutique_id = any(:ids) and left_at is null order by advisor_id")


async def by_id(tx: AsyncSession, advisor_ids: Collection[UUID]) -> dict[UUID, Advisor]:
    """Those of these advisors that somebody has told us of, whoever has left included."""
    rows = await tx.execute(_BY_ID, {"brand": tx.info["brand_id"], "ids": list(advisor_ids)})
    return {row.advisor_id: _advisor(row) for row in rows}


async def at(tx: AsyncSession, boutique_ids: Collection[UUID]) -> list[Advisor]:
    """Who works at these boutiques."""
    rows = await tx.execute(_AT, {"brand": tx.info["brand_id"], "ids": list(boutique_ids)})
    return [_advisor(row) for row in rows]


def _advisor(row: Row[tuple[object, ...]]) -> Advisor:
    return Advisor(
        row.advisor_id,
        row.boutique_id,
        frozenset(row.languages),
        frozenset(row.skills),
        row.wecom_userid,
        row.absent_from_on,
        row.absent_until_on,
        row.has_left,
    )
