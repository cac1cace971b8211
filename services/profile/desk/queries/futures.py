"""Whom the future-VIC model puts far above the average, for those who lead the boutiques whose clients they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments.rules.future import Feature

_HIGHEST = text(
    """
    select f.client_id, f.score, f.reasons, f.scored_on, owner.advisor_id, owner.boutique_id
    from future_vic f
    left join client_owner owner on owner.brand_id = f.brand_id and owner.client_id = f.client_id
    where f.brand_id = :brand
        and (cast(:boutiques as uuid[]) is null or owner.boutique_id = any(:boutiques))
        and (cast(:score as double precision) is null
            or (-f.score, f.client_id) > (-cast(:score as double precision), cast(:after as uuid)))
        and not exists (select from client_alias a where a.brand_id = f.brand_id and a.client_id = f.client_id)
        and not exists (select from restriction r where r.brand_id = f.brand_id and (r.client_id = f.client_id
            or r.client_id in (select a.client_id from client_alias a
                where a.brand_id = f.brand_id and a.canonical_id = f.client_id)))
    order by -f.score, f.client_id limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class Foretold:
    """One client, her score, what speaks for it, and whose client she is."""

    client_id: UUID
    score: float
    reasons: tuple[Feature, ...]
    scored_on: date
    advisor_id: UUID | None
    boutique_id: UUID | None


async def highest(
    tx: AsyncSession, *, boutiques: Collection[UUID] | None, after: tuple[float, UUID] | None, limit: int
) -> list[Foretold]:
    """The highest scores behind one of them; only clients owned at some boutiques, if named."""
    asked = {
        "brand": tx.info["brand_id"],
        "boutiques": None if boutiques is None else sorted(boutiques),
        "score": after[0] if after else None,
        "after": after[1] if after else None,
        "limit": limit,
    }
    return [
        Foretold(
            row.client_id,
            row.score,
            tuple(Feature(reason) for reason in row.reasons),
            row.scored_on,
            row.advisor_id,
            row.boutique_id,
        )
        for row in await tx.execute(_HIGHEST, asked)
    ]
