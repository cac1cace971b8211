"""Reading client books."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment

_OWNERS = text(
    "select client_id, advisor_id, boutique_id, assigned_at, version, inherited_from from client_owner"
    " where brand_id = :brand and client_id = any(:ids)"
)
_BOOK = text(
    "select client_id, boutique_id, assigned_at from client_owner owner"
    " where brand_id = :brand and advisor_id = :advisor_id and client_id > :after"
    " and (cast(:boutiques as uuid[]) is null or boutique_id = any(:boutiques))"
    # A record that was merged into another keeps its owner for the day it may be separated; it is no client meanwhile.
    " and not exists (select from client_alias"
    " where client_alias.brand_id = owner.brand_id and client_alias.client_id = owner.client_id)"
    " and not exists (select from tombstone"
    " where tombstone.brand_id = owner.brand_id and aggregate = 'client:' || owner.client_id)"
    # Whose data is not to be used is in no list of those who would use it, under whichever record that was said.
    " and not exists (select from restriction where restriction.brand_id = owner.brand_id"
    " and (restriction.client_id = owner.client_id or restriction.client_id in (select client_alias.client_id"
    " from client_alias where client_alias.brand_id = owner.brand_id and canonical_id = owner.client_id)))"
    " order by client_id limit :limit"
)


_WORKS_AT = text("select boutique_id from advisor where brand_id = :brand and advisor_id = :advisor_id")
_WORK_AT = text("select advisor_id, boutique_id from advisor where brand_id = :brand and advisor_id = any(:ids)")


@dataclass(frozen=True, slots=True)
class Owner:
    """In whose book a client is; `inherited_from` is the merged record that brought this owner along."""

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID
    assigned_at: datetime
    version: int
    inherited_from: UUID | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One client of a book."""

    client_id: UUID
    display_name: str
    segment: Segment | None
    boutique_id: UUID
    assigned_at: datetime


async def owner_of(tx: AsyncSession, client_id: UUID) -> Owner | None:
    """The advisor of a client, if she has one."""
    canonical = await identities.canonical(tx, client_id)
    return (await owners(tx, [canonical])).get(canonical)


async def owners(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, Owner]:
    """The owners of surviving records, by client; those without one are absent."""
    rows = await tx.execute(_OWNERS, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: Owner(*row) for row in rows}


async def works_at(tx: AsyncSession, advisor_id: UUID) -> UUID | None:
    """The boutique of an advisor; None while nobody has told us of her."""
    asked = {"brand": tx.info["brand_id"], "advisor_id": advisor_id}
    return (await tx.execute(_WORKS_AT, asked)).scalar_one_or_none()


async def work_at(tx: AsyncSession, advisor_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The boutiques of advisors; those of whom nobody has told us are absent."""
    rows = await tx.execute(_WORK_AT, {"brand": tx.info["brand_id"], "ids": list(advisor_ids)})
    return {row.advisor_id: row.boutique_id for row in rows}


async def serves(tx: AsyncSession, client_id: UUID, by: Caller) -> bool:
    """Is she in the caller's book, or in a book of the caller's boutiques? Those of the whole brand serve her."""
    match by.role:
        case Role.ADVISOR:
            owner = await owner_of(tx, client_id)
            return owner is not None and owner.advisor_id == by.advisor_id
        case Role.MANAGER | Role.REGIONAL:
            owner = await owner_of(tx, client_id)
            return owner is not None and owner.boutique_id in by.boutique_ids
        case Role.CLIENT_SERVICE | Role.HEADQUARTERS | Role.PRIVACY | Role.SERVICE:
            return True
        case _:
            return False


async def book(
    tx: AsyncSession, advisor_id: UUID, *, boutiques: Collection[UUID] | None, after: UUID, limit: int
) -> Sequence[Entry]:
    """An advisor's clients behind one of them; only those of some boutiques, if named, and whose data may be used."""
    asked = {
        "brand": tx.info["brand_id"],
        "advisor_id": advisor_id,
        "boutiques": None if boutiques is None else list(boutiques),
        "after": after,
        "limit": limit,
    }
    rows = (await tx.execute(_BOOK, asked)).all()
    ids = [row.client_id for row in rows]
    known, placed = await clients.by_id(tx, ids), await segments.current(tx, ids)
    return [
        Entry(
            row.client_id,
            known[row.client_id].display_name,
            placed[row.client_id],
            row.boutique_id,
            row.assigned_at,
        )
        for row in rows
    ]
