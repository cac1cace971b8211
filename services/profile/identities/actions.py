"""Giving a client an identifier, and joining two records that are one person."""

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
from services.profile.identities import queries
from services.profile.identities.events import IdentitiesMerged
from services.profile.identities.queries import Known

# Sorted by what is unique: two transactions that bring the same identifiers take turns instead of dead-locking.
_INSERT = """
insert into identity
    (brand_id, identity_id, client_id, kind, system, blind, tail, value, source, added_at, confirmed_at)
select $1, identity_id, client_id, kind, system, blind, tail, value, $9, $10, $11
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])
    as item (identity_id, client_id, kind, system, blind, tail, value)
order by kind, system, blind
on conflict (brand_id, kind, system, blind) do nothing
returning client_id, kind, system, blind
"""
_CONFIRM = text(
    "update identity set confirmed_at = greatest(confirmed_at, :now)"
    " where brand_id = :brand and kind = :kind and system = :system and blind = :blind"
)
_EDGE = text(
    "insert into client_merge (brand_id, merge_id, client_id, merged_client_id, merged_at, evidence, actor)"
    " values (:brand, :merge_id, :client_id, :merged_client_id, :now, :evidence, :actor)"
)
_ALIASES = text(
    "with moved as ("
    " update client_alias set canonical_id = :client_id where brand_id = :brand and canonical_id = :merged_client_id"
    ") insert into client_alias (brand_id, client_id, canonical_id) values (:brand, :merged_client_id, :client_id)"
)


async def add(
    tx: AsyncSession, given: Sequence[tuple[UUID, Known]], *, source: str, now: datetime, confirmed: bool = True
) -> set[tuple[UUID, Known]]:
    """Give clients identifiers, in one statement; answers those that were free. The others stay with their holders.

    Without `confirmed` nobody has just shown that they are hers: the word of an older system, or of a telephone.
    """
    if not given:
        return set()
    ring = keyring(tx)
    rows = [(new_id(), client_id, known, queries.blind(tx, known)) for client_id, known in given]
    connection = await tx.connection()
    inserted = await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [identity_id for identity_id, _, _, _ in rows],
            [client_id for _, client_id, _, _ in rows],
            [known.kind for _, _, known, _ in rows],
            [known.system for _, _, known, _ in rows],
            [blind for _, _, _, blind in rows],
            [queries.tail(tx, known.value) if known.kind == "phone" else None for _, _, known, _ in rows],
            [ring.seal("identity", "value", identity_id, known.value) for identity_id, _, known, _ in rows],
            source,
            now,
            now if confirmed else None,
        ),
    )
    free = {(row.client_id, row.kind, row.system, bytes(row.blind)) for row in inserted}
    return {
        (client_id, known)
        for _, client_id, known, blind in rows
        if (client_id, known.kind, known.system, blind) in free
    }


async def confirm(tx: AsyncSession, known: Known, *, now: datetime) -> None:
    """Its holder has just shown that this identifier is still hers."""
    await tx.execute(
        _CONFIRM,
        {
            "brand": tx.info["brand_id"],
            "kind": known.kind,
            "system": known.system,
            "blind": queries.blind(tx, known),
            "now": now,
        },
    )


async def hold(tx: AsyncSession, one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The canonical records of these two, nobody else's to merge until this transaction ends.

    Both are locked together in one order, after any identifier was added; and what a rival merged while we waited
    lets the locks go before it asks for others. Two requests can so wait for each other, but never both ways. Raises
    NotFound when one of them is no more.
    """
    while True:
        async with tx.begin_nested() as attempt:
            before = await queries.canonicals(tx, [one, other])
            if len(await clients.locked(tx, list(before.values()))) < len(set(before.values())):
                raise NotFound  # one of them has just been erased
            standing = await queries.canonicals(tx, [one, other])
            if standing == before:
                return standing[one], standing[other]
            await attempt.rollback()


async def merge(tx: AsyncSession, *, survivor: UUID, merged: UUID, evidence: str, actor: str, now: datetime) -> None:
    """Join two different records that `hold` answered; nothing is rewritten, an edge is drawn."""
    edge = {
        "brand": tx.info["brand_id"],
        "merge_id": new_id(),
        "client_id": survivor,
        "merged_client_id": merged,
        "now": now,
        "evidence": evidence,
        "actor": actor,
    }
    await tx.execute(_EDGE, edge)
    await tx.execute(_ALIASES, edge)
    record(tx, IdentitiesMerged(merge_id=edge["merge_id"], client_id=survivor, merged_client_id=merged))
