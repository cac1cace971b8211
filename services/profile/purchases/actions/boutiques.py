"""Knowing which boutique a store code means, and of which type it is."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_BOUTIQUE = text(
    "insert into boutique (brand_id, code, boutique_id, boutique_type) values (:brand, :code, :boutique_id, :kind)"
    " on conflict (brand_id, code) do update set boutique_id = excluded.boutique_id,"
    " boutique_type = excluded.boutique_type"
)
_PLACE = text(
    "update purchase set boutique_id = :boutique_id"
    " where brand_id = :brand and store_code = :code and boutique_id is null"
)


async def open_boutique(tx: AsyncSession, code: str, boutique_id: UUID, boutique_type: str | None) -> None:
    """Know the boutique behind a store code."""
    row = {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id, "kind": boutique_type}
    await tx.execute(_BOUTIQUE, row)


async def place_receipts(tx: AsyncSession, code: str, boutique_id: UUID) -> None:
    """Say where the receipts were made that came before their store code was known."""
    await tx.execute(_PLACE, {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id})
