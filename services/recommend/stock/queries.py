"""Reads of stock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def at_boutique(tx: AsyncSession, boutique_id: UUID, *, after: str | None, limit: int) -> Sequence[Any]:
    """What a boutique has, by piece code."""
    found = await tx.execute(
        text(
            "select piece_code, quantity, changed_at from stock where brand_id = :brand and boutique_id = :boutique"
            " and quantity > 0 and (cast(:after as text) is null or piece_code > :after)"
            " order by piece_code limit :limit"
        ),
        {"brand": tx.info["brand_id"], "boutique": boutique_id, "after": after, "limit": limit},
    )
    return found.all()


async def showable(tx: AsyncSession, boutique_id: UUID, codes: Sequence[str]) -> set[str]:
    """Which of these pieces the boutique can show now."""
    found = await tx.execute(
        text(
            "select piece_code from stock where brand_id = :brand and boutique_id = :boutique and quantity > 0"
            " and piece_code = any(:codes)"
        ),
        {"brand": tx.info["brand_id"], "boutique": boutique_id, "codes": list(codes)},
    )
    return set(found.scalars())
