"""Whose data is stored and not used, in a service that hears it from another: for its table `restriction`.

Each record is kept by itself, in the order of its own facts; whoever asks names all records that are one person.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered

RESTRICTIONS = ("restriction",)
_BEGIN = text(
    "insert into restriction (brand_id, client_id, restricted_at) values (:brand, :client, :at) on conflict do nothing"
)
_END = text("delete from restriction where brand_id = :brand and client_id = :client")
_STANDS = text("select exists (select from restriction where brand_id = :brand and client_id = any(:ids))")


async def learn(tx: AsyncSession, facts: Sequence[Delivered[Any]], *, stands: bool) -> None:
    """Keep that the data of each fact's `client_id` is not to be used, or that it is again. Safe to repeat."""
    for told in facts:
        one = {"brand": told.brand_id, "client": told.fact.client_id}
        await tx.execute(_BEGIN if stands else _END, one | ({"at": told.occurred_at} if stands else {}))


async def restricted(tx: AsyncSession, client_ids: Sequence[UUID]) -> bool:
    """Whether the data of somebody who has all these records is not to be used."""
    return bool(await tx.scalar(_STANDS, {"brand": tx.info["brand_id"], "ids": list(client_ids)}))
