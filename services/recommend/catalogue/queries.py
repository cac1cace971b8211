"""Reads of the catalogue."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PAGE = text(
    "select piece_code, category, collection, name_zh, name_en, price_minor, currency, limited from piece"
    " where brand_id = :brand and (cast(:category as text) is null or category = :category)"
    " and (cast(:collection as text) is null or collection = :collection)"
    " and (cast(:after as text) is null or piece_code > :after) order by piece_code limit :limit"
)
_DESCRIBED = text(
    "select piece_code, category, collection, name_zh, name_en, price_minor, currency, limited from piece"
    " where brand_id = :brand and piece_code = any(:codes)"
)


async def pieces(
    tx: AsyncSession, *, category: str | None, collection: str | None, after: str | None, limit: int
) -> Sequence[Any]:
    """Pieces by code, at most `limit` behind a code."""
    found = await tx.execute(
        _PAGE,
        {
            "brand": tx.info["brand_id"],
            "category": category,
            "collection": collection,
            "after": after,
            "limit": limit,
        },
    )
    return found.all()


async def described(tx: AsyncSession, codes: Sequence[str]) -> dict[str, Any]:
    """The pieces with these codes, by code; a code the house does not know is left out."""
    found = await tx.execute(
        _DESCRIBED,
        {"brand": tx.info["brand_id"], "codes": list(codes)},
    )
    return {row.piece_code: row for row in found}
