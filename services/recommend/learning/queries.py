"""Which pieces go together and which are liked, counted from purchases."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WINDOW = timedelta(days=365)

# Who has which piece of the catalogue; a piece brought back is not had, and the ids of a merged client are one buyer.
# Nothing is learned from somebody whose data is not to be used, under whichever of her ids that was said.
_BUYER = """
    select b.piece_code, coalesce(a.canonical_id, b.client_id) as client_id
    from bought b join piece p on p.brand_id = b.brand_id and p.piece_code = b.piece_code
        left join client_alias a on a.brand_id = b.brand_id and a.client_id = b.client_id
    where b.brand_id = :brand and b.client_id is not null and coalesce(a.canonical_id, b.client_id) not in (
        select coalesce(s.canonical_id, r.client_id) from restriction r
            left join client_alias s on s.brand_id = r.brand_id and s.client_id = r.client_id
        where r.brand_id = :brand
    )
"""
_TOGETHER = text(
    f"""
    with buyer as materialized (
        {_BUYER} group by 1, 2 having sum(b.quantity) > 0
    ), popularity as (
        select piece_code, count(*) as buyers from buyer group by piece_code
    ), pair as (
        select mine.piece_code as hers, other.piece_code as piece, count(*) as shared
        from buyer mine join buyer other using (client_id)
        where mine.piece_code = any(:owned) and other.piece_code <> all(:owned)
        group by 1, 2 having count(*) > 1
    ), best as (
        select distinct on (piece) piece, hers, shared / sqrt(a.buyers::float8 * b.buyers) as likeness
        from pair join popularity a on a.piece_code = hers join popularity b on b.piece_code = piece
        order by piece, likeness desc, hers
    )
    select piece, hers, likeness from best order by likeness desc, piece limit :limit
    """  # noqa: S608 - a part of the same statement
)
_LIKED = text(
    f"""
    select piece_code, count(*) as buyers from (
        {_BUYER} and b.purchased_at >= :since group by 1, 2 having sum(b.quantity) > 0
    ) buyer group by piece_code
    """  # noqa: S608 - a part of the same statement
)


async def bought_together(tx: AsyncSession, owned: Sequence[str], *, limit: int = 200) -> dict[str, tuple[str, float]]:
    """Pieces that people have who have one of hers: piece -> (the piece of hers, cosine of the two sets of people).

    The cosine lies between 0 and 1. A pair that only one person has says nothing and is left out.
    """
    if not owned:
        return {}
    found = await tx.execute(_TOGETHER, {"brand": tx.info["brand_id"], "owned": list(owned), "limit": limit})
    return {row.piece: (row.hers, row.likeness) for row in found}


async def liked(tx: AsyncSession, *, now: datetime) -> dict[str, float]:
    """How many took each piece in the last year, as a share of the most taken one's: 0 to 1."""
    found = await tx.execute(_LIKED, {"brand": tx.info["brand_id"], "since": now - WINDOW})
    counts = {row.piece_code: row.buyers for row in found}
    most = max(counts.values(), default=1)
    return {code: buyers / most for code, buyers in counts.items()}
