"""Joining two records that are one person, taking that back, and keeping two people apart."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.identities import queries, rules
from services.profile.identities.events import IdentitiesMerged, IdentitiesSeparated

_EDGE = text(
    "insert into client_merge (brand_id, merge_id, client_id, merged_client_id, merged_at, evidence, actor, reason)"
    " values (:brand, :merge_id, :client_id, :merged_client_id, :now, :evidence, :actor, :reason)"
)
_ALIASES = text(
    "with moved as ("
    " update client_alias set canonical_id = :client_id where brand_id = :brand and canonical_id = :merged_client_id"
    ") insert into client_alias (brand_id, client_id, canonical_id) values (:brand, :merged_client_id, :client_id)"
)
_SEPARATE = text(
    "update client_merge set separated_at = :now, separated_by = :actor"
    " where brand_id = :brand and merge_id = :merge_id and separated_at is null"
)
# Whoever was merged into the one who leaves goes with her; every other edge stands as it did.
_APART = text(
    """
    with recursive leaving (client_id) as (
        select cast(:merged_client_id as uuid)
        union
        select edge.merged_client_id from leaving
        join client_merge edge on edge.brand_id = :brand and edge.client_id = leaving.client_id
            and edge.separated_at is null
    ), freed as (
        delete from client_alias where brand_id = :brand and client_id = :merged_client_id
    )
    update client_alias set canonical_id = :merged_client_id from leaving
    where client_alias.brand_id = :brand and client_alias.client_id = leaving.client_id
        and leaving.client_id <> :merged_client_id
    """
)
_NEVER = text(
    "insert into never_merge (brand_id, never_id, one_id, other_id, set_at, actor, reason)"
    " values (:brand, :id, :one, :other, :now, :actor, :reason) on conflict (brand_id, one_id, other_id) do nothing"
)
_AGAIN = text(
    "delete from never_merge where brand_id = :brand"
    " and (one_id = any(:ids) and other_id = any(:others) or one_id = any(:others) and other_id = any(:ids))"
)


async def hold(tx: AsyncSession, one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The canonical records of these two, nobody else's to merge or separate until this transaction ends.

    Both are locked together in one order, after any identifier was added; and what a rival merged while we waited
    lets the locks go before it asks for others. Two requests can so wait for each other, but never both ways. Raises
    NotFound when one of them is no more.
    """
    standing = await _hold(tx, [one, other])
    return standing[one], standing[other]


async def _hold(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The canonical records of these ids, with all of them locked as `hold` says."""
    while True:
        async with tx.begin_nested() as attempt:
            before = await queries.canonicals(tx, client_ids)
            every = {*before.values(), *client_ids}
            if len(await clients.locked(tx, list(every))) < len(every):
                raise NotFound  # one of them has just been erased
            standing = await queries.canonicals(tx, client_ids)
            if standing == before:
                return standing
            await attempt.rollback()


async def meet(tx: AsyncSession, client_id: UUID, other_client_id: UUID) -> UUID:
    """Hold two records that somebody wants to be one; answers which of them goes on: the client's, as it stands.

    Raises OneClientAlready, MergedElsewhere, NeverMerge and TwoWechatAccounts.
    """
    survivor, other = await hold(tx, client_id, other_client_id)
    rules.check_records(survivor, other, asked=other_client_id)
    sides = [await queries.side(tx, one, has_purchases=False) for one in (survivor, other)]
    rules.check_merge(*sides, never=await queries.are_apart(tx, survivor, other))
    return survivor


async def merge(
    tx: AsyncSession,
    *,
    survivor: UUID,
    merged: UUID,
    evidence: str,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> UUID:
    """Join two different records that `hold` answered; nothing is rewritten, an edge is drawn. Answers its id."""
    merge_id = new_id()
    edge = {
        "brand": tx.info["brand_id"],
        "merge_id": merge_id,
        "client_id": survivor,
        "merged_client_id": merged,
        "now": now,
        "evidence": evidence,
        "actor": actor,
        "reason": keyring(tx).seal("client_merge", "reason", merge_id, reason) if reason else None,
    }
    await tx.execute(_EDGE, edge)
    await tx.execute(_ALIASES, edge)
    record(tx, IdentitiesMerged(merge_id=merge_id, client_id=survivor, merged_client_id=merged))
    return merge_id


async def separate(tx: AsyncSession, merge_id: UUID, *, within: UUID, actor: str, now: datetime) -> queries.Merge:
    """Take back a merge that made part of the client `within`, and never let these two be merged again by mistake.

    Every row is still with the record it was written to, so the edge is all there is to take out. Raises NotFound,
    also for a merge that was taken back before.
    """
    edge = await queries.standing_merge(tx, merge_id)
    if edge is None:
        raise NotFound
    known_as = (await _hold(tx, [edge.merged_client_id, edge.client_id]))[edge.merged_client_id]
    # Read again: a rival may have taken it out before we held them.
    if known_as != await queries.canonical(tx, within) or await queries.standing_merge(tx, merge_id) is None:
        raise NotFound
    gone = {
        "brand": tx.info["brand_id"],
        "merge_id": merge_id,
        "merged_client_id": edge.merged_client_id,
        "now": now,
        "actor": actor,
    }
    await tx.execute(_SEPARATE, gone)
    await tx.execute(_APART, gone)
    await keep_apart(tx, edge.client_id, edge.merged_client_id, reason=None, actor=actor, now=now)
    record(
        tx,
        IdentitiesSeparated(
            merge_id=merge_id,
            client_id=edge.client_id,
            merged_client_id=edge.merged_client_id,
            known_as_client_id=known_as,
        ),
    )
    return edge


async def keep_apart(
    tx: AsyncSession, one: UUID, other: UUID, *, reason: str | None, actor: str, now: datetime
) -> None:
    """These two are different people: nothing merges them any more. Safe to repeat."""
    first, second = sorted((one, other))
    never_id = new_id()
    await tx.execute(
        _NEVER,
        {
            "brand": tx.info["brand_id"],
            "id": never_id,
            "one": first,
            "other": second,
            "now": now,
            "actor": actor,
            "reason": keyring(tx).seal("never_merge", "reason", never_id, reason) if reason else None,
        },
    )


async def let_meet(tx: AsyncSession, one: UUID, other: UUID) -> None:
    """Take back that these two clients are different people, under whichever of their records it was said."""
    ids, others = await queries.family(tx, one), await queries.family(tx, other)
    await tx.execute(_AGAIN, {"brand": tx.info["brand_id"], "ids": ids, "others": others})
