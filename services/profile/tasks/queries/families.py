"""Every record of the people that tasks are about."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# For surviving records `:ids`: all records that are they, each with the surviving one.
HEADS = (
    "with head as ("
    "select id as client_id, id as canonical_id from unnest(cast(:ids as uuid[])) as id union all"
    " select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids))"
)
_FAMILIES = text(HEADS + " select client_id, canonical_id from head")  # noqa: S608


async def families(tx: AsyncSession, heads: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Every record of these people, by their surviving ones, which come first."""
    found: dict[UUID, list[UUID]] = {head: [head] for head in heads}
    for row in await tx.execute(_FAMILIES, {"brand": tx.info["brand_id"], "ids": list(heads)}):
        if row.client_id != row.canonical_id:
            found[row.canonical_id].append(row.client_id)
    return found
