"""Giving a client an identifier, and what becomes of one that several people name."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from services.profile.identities import queries, rules
from services.profile.identities.queries import Known
from services.profile.identities.rules import Standing

# Sorted by what is unique: two transactions that bring the same identifiers take turns instead of dead-locking.
_INSERT = """
insert into identity
    (brand_id, identity_id, client_id, kind, system, blind, tail, value, source, added_at, confirmed_at, standing)
select $1, identity_id, client_id, kind, system, blind, tail, value, $9, $10, confirmed_at,
    case when exists (
        select from identity shared where shared.brand_id = $1 and shared.kind = item.kind
            and shared.system = item.system and shared.blind = item.blind and shared.standing = 'shared'
    ) then 'shared' else item.standing end
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $11::timestamptz[],
    $12::text[]) as item (identity_id, client_id, kind, system, blind, tail, value, confirmed_at, standing)
order by kind, system, blind
on conflict do nothing
returning client_id, kind, system, blind
"""
# Sorted, and after the identifiers: whoever waits here waits for somebody who waits for none of ours.
_SEARCH = text(
    "insert into duplicate_search (brand_id, client_id)"
    " select :brand, client_id from unnest(cast(:ids as uuid[])) as client_id order by client_id"
    " on conflict (brand_id, client_id) do nothing"
)
_BEARERS = text(
    "select count(distinct coalesce(a.canonical_id, i.client_id)) from identity i"
    " left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id"
    " where i.brand_id = :brand and i.kind = :kind and i.system = :system and i.blind = :blind"
)
_ONCE = text(
    "delete from identity where brand_id = :brand and kind = :kind and system = :system and blind = :blind"
    " and standing = 'claimed' and client_id in (select client_id from identity where brand_id = :brand"
    " and kind = :kind and system = :system and blind = :blind and standing = 'held')"
)
_SHARE = text(
    "update identity set standing = 'shared'"
    " where brand_id = :brand and kind = :kind and system = :system and blind = :blind"
)
_CONFIRM = text(
    "update identity set confirmed_at = greatest(confirmed_at, :now)"
    " where brand_id = :brand and kind = :kind and system = :system and blind = :blind and standing = 'held'"
)


async def add(
    tx: AsyncSession,
    given: Sequence[tuple[UUID, Known]],
    *,
    source: str,
    now: datetime,
    confirmed: bool = True,
    standing: Standing = Standing.HELD,
    seeks: bool = True,
) -> set[tuple[UUID, Known]]:
    """Give clients identifiers, in one statement; answers those that were free. The others stay with their holders.

    Without `confirmed` nobody has just shown that they are hers: the word of an older system, or of a telephone; an
    e-mail address is only confirmed by a source that proves it. A shared one is free for everybody, and so is a mask.
    Whoever brings very many has them compared at the end: `seeks` false.
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
            [queries.tail_of(tx, known) for _, _, known, _ in rows],
            [ring.seal("identity", "value", identity_id, known.value) for identity_id, _, known, _ in rows],
            source,
            now,
            [now if confirmed and rules.confirms(known.kind, source) else None for _, _, known, _ in rows],
            [rules.Standing.CLAIMED if known.kind in rules.EVIDENCE_ONLY else standing for _, _, known, _ in rows],
        ),
    )
    if seeks:
        await seek(tx, [client_id for client_id, _ in given])
    free = {(row.client_id, row.kind, row.system, bytes(row.blind)) for row in inserted}
    return {
        (client_id, known)
        for _, client_id, known, blind in rows
        if (client_id, known.kind, known.system, blind) in free
    }


async def seek(tx: AsyncSession, client_ids: Sequence[UUID]) -> None:
    """Have these records compared with those that resemble them, soon."""
    await tx.execute(_SEARCH, {"brand": tx.info["brand_id"], "ids": sorted(set(client_ids))})


async def claim(tx: AsyncSession, client_id: UUID, known: Known, *, source: str, now: datetime) -> None:
    """Keep that a client says a number is hers which somebody else holds. Named by too many, it is a shared one."""
    await add(tx, [(client_id, known)], source=source, now=now, confirmed=False, standing=Standing.CLAIMED)
    if (await tx.execute(_BEARERS, _place(tx, known))).scalar_one() >= rules.SHARED_FROM:
        await share(tx, known)


async def share(tx: AsyncSession, known: Known) -> None:
    """Let an identifier identify nobody any more: several people have it. Safe to repeat."""
    await tx.execute(_ONCE, _place(tx, known))
    await tx.execute(_SHARE, _place(tx, known))


async def confirm(tx: AsyncSession, known: Known, *, now: datetime) -> None:
    """Its holder has just shown that this identifier is still hers."""
    await tx.execute(_CONFIRM, _place(tx, known) | {"now": now})


def _place(tx: AsyncSession, known: Known) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "kind": known.kind,
        "system": known.system,
        "blind": queries.blind(tx, known),
    }
