"""What profile tells us of clients: who is who, what she allows."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on

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


class IdentitiesMerged(Slice):
    """Two clients turned out to be one."""

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


class ConsentGiven(Slice):
    """She allowed a purpose."""

    type: ClassVar[str] = "profile.consent-given.v1"
    client_id: UUID
    purpose: str


class ConsentWithdrawn(Slice):
    """She no longer allows it."""

    type: ClassVar[str] = "profile.consent-withdrawn.v1"
    client_id: UUID
    purpose: str


async def merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge, and what it comes to with the others; nothing else is rewritten."""
    await _learn(tx, facts, separated=False)


async def separate(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
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


async def allow(tx: AsyncSession, facts: Sequence[Delivered[ConsentGiven]]) -> None:
    """Remember a yes."""
    await _decide(tx, facts, granted=True)


async def disallow(tx: AsyncSession, facts: Sequence[Delivered[ConsentWithdrawn]]) -> None:
    """Remember a no: it outdoes an older yes of another id of hers."""
    await _decide(tx, facts, granted=False)


async def _decide(
    tx: AsyncSession,
    facts: Sequence[Delivered[ConsentGiven]] | Sequence[Delivered[ConsentWithdrawn]],
    *,
    granted: bool,
) -> None:
    await tx.execute(
        text(
            "insert into consent (brand_id, client_id, purpose, granted, decided_at)"
            " values (:brand, :client, :purpose, :granted, :at) on conflict (brand_id, client_id, purpose)"
            " do update set granted = excluded.granted, decided_at = excluded.decided_at"
        ),
        [
            {
                "brand": told.brand_id,
                "client": told.fact.client_id,
                "purpose": told.fact.purpose,
                "granted": granted,
                "at": told.occurred_at,
            }
            for told in facts
        ],
    )


REACTIONS: list[Reaction] = [
    on(IdentitiesMerged, merge, fills=WHO_IS_WHO),
    on(IdentitiesSeparated, separate, fills=WHO_IS_WHO),
    on(ConsentGiven, allow, fills=("consent",)),
    on(ConsentWithdrawn, disallow, fills=("consent",)),
]
