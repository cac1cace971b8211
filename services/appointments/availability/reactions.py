"""What availability does on profile's facts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.availability.tables import ClientAlias, ClientOwner


class OwnerAssigned(Slice):
    """Whose client she is from now on."""

    type: ClassVar[str] = "profile.owner-assigned.v1"

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class IdentitiesMerged(Slice):
    """Two ids turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID
    merged_client_id: UUID


async def remember_owner(tx: AsyncSession, facts: Sequence[Delivered[OwnerAssigned]]) -> None:
    """Keep the last owner of each client, so that she is offered her own advisor first."""
    # Facts about one client come in order: the last of a batch is the newest.
    last = {(one.brand_id, one.fact.client_id): one for one in facts}
    statement = insert(ClientOwner).values(
        [
            {
                "brand_id": brand_id,
                "client_id": client_id,
                "advisor_id": one.fact.advisor_id,
                "boutique_id": one.fact.boutique_id,
                "assigned_at": one.occurred_at,
            }
            for (brand_id, client_id), one in sorted(last.items())
        ]
    )
    new = statement.excluded
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["brand_id", "client_id"],
            set_={
                "advisor_id": new.advisor_id,
                "boutique_id": new.boutique_id,
                "assigned_at": new.assigned_at,
            },
        )
    )


async def remember_merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge; reads resolve it, appointments keep the id they were made with."""
    last = {(one.brand_id, one.fact.merged_client_id): one.fact.client_id for one in facts}
    statement = insert(ClientAlias).values(
        [
            {"brand_id": brand_id, "client_id": client_id, "canonical_id": canonical_id}
            for (brand_id, client_id), canonical_id in sorted(last.items())
        ]
    )
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["brand_id", "client_id"], set_={"canonical_id": statement.excluded.canonical_id}
        )
    )


REACTIONS: list[Reaction] = [
    on(OwnerAssigned, remember_owner, fills=("client_owner",)),
    on(IdentitiesMerged, remember_merge, fills=("client_alias",)),
]
