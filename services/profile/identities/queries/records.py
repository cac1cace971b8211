"""Which records are one person."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_CANONICAL = text(
    "select coalesce((select canonical_id from client_alias where brand_id = :brand and client_id = :id), :id)"
)
_FAMILY = text("select client_id from client_alias where brand_id = :brand and canonical_id = :id order by client_id")
_FAMILIES = text(
    "select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)"
    " order by client_id"
)
_ALIASES = text("select client_id, canonical_id from client_alias where brand_id = :brand and client_id = any(:ids)")


async def canonical(tx: AsyncSession, client_id: UUID) -> UUID:
    """The record this one belongs to after all merges; itself when it was never merged (or does not exist)."""
    found: UUID = (await tx.execute(_CANONICAL, {"brand": tx.info["brand_id"], "id": client_id})).scalar_one()
    return found


async def canonicals(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """`canonical` of many."""
    rows = await tx.execute(_ALIASES, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    known = {row.client_id: row.canonical_id for row in rows}
    return {client_id: known.get(client_id, client_id) for client_id in client_ids}


async def family(tx: AsyncSession, client_id: UUID) -> list[UUID]:
    """Every record that is the same person: the canonical one first, then those merged into it."""
    first = await canonical(tx, client_id)
    merged = await tx.execute(_FAMILY, {"brand": tx.info["brand_id"], "id": first})
    return [first, *merged.scalars()]


async def families(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The same of several, by the ids that were asked for; two statements however many."""
    first = await canonicals(tx, client_ids)
    merged: dict[UUID, list[UUID]] = {one: [] for one in first.values()}
    for row in await tx.execute(_FAMILIES, {"brand": tx.info["brand_id"], "ids": list(merged)}):
        merged[row.canonical_id].append(row.client_id)
    return {asked: (canonical_id, *merged[canonical_id]) for asked, canonical_id in first.items()}
