"""Reading who is what to a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.clients.rules import Tie, other_side

_OF = text(
    "select relation_id, client_id, tie, other_client_id, other_name, noted_by, noted_at from relation"
    " where brand_id = :brand and (client_id = any(:ids) or other_client_id = any(:ids)) order by relation_id"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """The other is her `tie`: a record as it was written to, or the name of somebody who is no client."""

    relation_id: UUID
    tie: Tie
    other_client_id: UUID | None
    other_name: str | None
    noted_by: str
    noted_at: datetime


async def of(tx: AsyncSession, family: Sequence[UUID]) -> list[Relation]:
    """Every relation of one person, whichever side it was written on, as she sees it; the oldest first."""
    ring, found = keyring(tx), []
    for row in await tx.execute(_OF, {"brand": tx.info["brand_id"], "ids": list(family)}):
        hers = row.client_id in family
        if hers and row.other_client_id in family:
            continue  # the two turned out to be one person
        name = ring.open("relation", "other_name", row.relation_id, row.other_name) if row.other_name else None
        tie = Tie(row.tie)
        found.append(
            Relation(
                relation_id=row.relation_id,
                tie=tie if hers else other_side(tie),
                other_client_id=row.other_client_id if hers else row.client_id,
                other_name=name,
                noted_by=row.noted_by,
                noted_at=row.noted_at,
            )
        )
    return found
