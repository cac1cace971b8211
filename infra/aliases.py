"""Who is who, in a service that keeps its own copy: merges as they were told, and what the standing ones come to.

For the tables `client_merge` and `client_alias`, which each such service has.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered

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


async def learn(tx: AsyncSession, facts: Sequence[Delivered[Any]], *, separated: bool) -> None:
    """Keep these merges, or that they were taken back, and resolve anew whomever they touch. Safe to repeat.

    Each fact has `merge_id`, `client_id` and `merged_client_id`; all are of one brand.
    """
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
