"""Relating a client to another, or to somebody who is none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries
from services.profile.clients.queries import relations
from services.profile.clients.rules import RelatedToHerself, RelationKnown, Tie

_RELATE = text(
    "insert into relation (brand_id, relation_id, client_id, tie, other_client_id, other_name, noted_by, noted_at)"
    " values (:brand, :relation_id, :client_id, :tie, :other_id, :other_name, :by, :now)"
)
_REMOVE = text(
    "delete from relation where brand_id = :brand and (client_id = any(:ids) or other_client_id = any(:ids))"
    " and relation_id = :relation_id returning relation_id"
)


async def relate(
    tx: AsyncSession, family: Sequence[UUID], tie: Tie, others: Sequence[UUID], *, by: Caller, now: datetime
) -> UUID:
    """The other client is her `tie`; both are given by all records that are one person. Answers the relation's id.

    Raises RelatedToHerself and RelationKnown.
    """
    if others[0] == family[0]:
        raise RelatedToHerself
    # Whoever relates the same two meanwhile takes turns with us.
    await queries.locked(tx, [family[0], others[0]])
    standing = await relations.of(tx, family)
    if any(one.other_client_id in others and one.tie is tie for one in standing):
        raise RelationKnown
    return await _keep(tx, family[0], tie, other_id=others[0], by=by, now=now)


async def name(tx: AsyncSession, client_id: UUID, tie: Tie, other: str, *, by: Caller, now: datetime) -> UUID:
    """Somebody of this tidied name is her `tie`; answers the relation's id."""
    return await _keep(tx, client_id, tie, other_name=other, by=by, now=now)


async def _keep(
    tx: AsyncSession,
    client_id: UUID,
    tie: Tie,
    *,
    other_id: UUID | None = None,
    other_name: str | None = None,
    by: Caller,
    now: datetime,
) -> UUID:
    relation_id = new_id()
    await tx.execute(
        _RELATE,
        {
            "brand": tx.info["brand_id"],
            "relation_id": relation_id,
            "client_id": client_id,
            "tie": tie.value,
            "other_id": other_id,
            "other_name": keyring(tx).seal("relation", "other_name", relation_id, other_name) if other_name else None,
            "by": by.subject,
            "now": now,
        },
    )
    return relation_id


async def remove(tx: AsyncSession, family: Sequence[UUID], relation_id: UUID) -> None:
    """Part the two, for both sides; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "relation_id": relation_id}
    if (await tx.execute(_REMOVE, asked)).one_or_none() is None:
        raise NotFound
