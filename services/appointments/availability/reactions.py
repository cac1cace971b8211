"""What availability does on profile's facts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.availability.tables import ClientOwner

WHO_IS_WHO = ("client_alias", "client_merge")
# Each merge by its id, whatever comes first: what was told to be separated stays so.
_LEARN = text(
    """
    insert into client_merge as known (brand_id, merge_id, client_id, merged_client_id, told_at, separated)
    values (:brand, :merge, :client, :merged, :told_at, :separated)
    on conflict (brand_id, merge_id) do update set separated = known.separated or excluded.separated
    """
)
# Everyone who is joined to these ids, and for each the one whom nobody was merged into. Facts of different clients
# come in any order, so there may be a ring for a while: then the survivor of the merge told last counts.
_RESOLVE = text(
    """
    with recursive standing as (
        select client_id, merged_client_id, told_at from client_merge where brand_id = :brand and not separated
    ), reached (id) as (
        select unnest(cast(:ids as uuid[]))
        union
        select unnest(array[s.client_id, s.merged_client_id]) from reached
        join standing s on reached.id in (s.client_id, s.merged_client_id)
    ), climbed (id, head) as (
        select id, id from reached
        union
        select climbed.id, s.client_id from climbed join standing s on s.merged_client_id = climbed.head
    ), resolved as (
        select distinct on (id) id, head from climbed
        order by id, exists (select from standing where merged_client_id = head),
            (select max(told_at) from standing where client_id = head) desc nulls last, head
    ), gone as (
        delete from client_alias using resolved
        where brand_id = :brand and client_id = resolved.id and resolved.id = resolved.head
    )
    insert into client_alias (brand_id, client_id, canonical_id)
    select :brand, id, head from resolved where id <> head order by id
    on conflict (brand_id, client_id) do update set canonical_id = excluded.canonical_id
    """
)


class OwnerAssigned(Slice):
    """Whose client she is from now on."""

    type: ClassVar[str] = "profile.owner-assigned.v1"

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class OwnerReleased(Slice):
    """Nobody's client from now on."""

    type: ClassVar[str] = "profile.owner-released.v1"

    client_id: UUID


class IdentitiesMerged(Slice):
    """Two ids turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two clients after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    merge_id: UUID
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


async def forget_owner(tx: AsyncSession, facts: Sequence[Delivered[OwnerReleased]]) -> None:
    """She is nobody's client any more."""
    for one in facts:
        await tx.execute(
            delete(ClientOwner).where(ClientOwner.brand_id == one.brand_id, ClientOwner.client_id == one.fact.client_id)
        )


async def remember_merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge, and what it comes to with the others; appointments keep the id they were made with."""
    await _learn(tx, facts, separated=False)


async def remember_separation(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take the edge out: whoever was merged is herself again, with all that were merged into her."""
    await _learn(tx, facts, separated=True)


async def _learn(
    tx: AsyncSession,
    facts: Sequence[Delivered[IdentitiesMerged]] | Sequence[Delivered[IdentitiesSeparated]],
    *,
    separated: bool,
) -> None:
    for told in facts:
        edge = {
            "brand": told.brand_id,
            "merge": told.fact.merge_id,
            "client": told.fact.client_id,
            "merged": told.fact.merged_client_id,
            "told_at": told.position,
            "separated": separated,
        }
        await tx.execute(_LEARN, edge)
    ids = {one for told in facts for one in (told.fact.client_id, told.fact.merged_client_id)}
    await tx.execute(_RESOLVE, {"brand": facts[0].brand_id, "ids": sorted(ids)})


REACTIONS: list[Reaction] = [
    on(OwnerAssigned, remember_owner, fills=("client_owner",)),
    on(OwnerReleased, forget_owner, fills=("client_owner",)),
    on(IdentitiesMerged, remember_merge, fills=WHO_IS_WHO),
    on(IdentitiesSeparated, remember_separation, fills=WHO_IS_WHO),
]
