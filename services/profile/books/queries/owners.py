"""Reading client books."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from services.profile.books.queries import deputies
from services.profile.books.queries.used import IS_USED
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment

_OWNERS = text(
    "select client_id, advisor_id, boutique_id, assigned_at, version, inherited_from from client_owner"
    " where brand_id = :brand and client_id = any(:ids)"
)
# Her own clients and those she deputises for; the same client once.
_BOOK = text(
    "select client_id, boutique_id, assigned_at, bool_and(is_deputy) as is_deputy from ("  # noqa: S608 - our own words
    " select client_id, boutique_id, assigned_at, false as is_deputy from client_owner"
    " where brand_id = :brand and advisor_id = :advisor_id"
    " union all select owner.client_id, owner.boutique_id, owner.assigned_at, true from client_deputy deputy"
    " join client_owner owner using (brand_id, client_id)"
    f" where brand_id = :brand and deputy.advisor_id = :advisor_id and {deputies.LASTS}"
    " union all select owner.client_id, owner.boutique_id, owner.assigned_at, true from book_deputy deputy"
    " join client_owner owner on owner.brand_id = deputy.brand_id and owner.advisor_id = deputy.owner_advisor_id"
    f" where deputy.brand_id = :brand and deputy.advisor_id = :advisor_id and {deputies.LASTS}"
    ") owner where client_id > :after"
    " and (cast(:boutiques as uuid[]) is null or boutique_id = any(:boutiques))"
    f" and {IS_USED} group by 1, 2, 3 order by client_id limit :limit"
)


_WORKS_AT = text(
    "select boutique_id from advisor where brand_id = :brand and advisor_id = :advisor_id and left_at is null"
)
_WORK_AT = text(
    "select advisor_id, boutique_id from advisor where brand_id = :brand and advisor_id = any(:ids) and left_at is null"
)


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
    is_deputy: bool


async def owner_of(tx: AsyncSession, client_id: UUID) -> Owner | None:
    """The advisor of a client, if she has one."""
    canonical = await identities.canonical(tx, client_id)
    return (await owners(tx, [canonical])).get(canonical)


async def owners(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, Owner]:
    """The owners of surviving records, by client; those without one are absent."""
    rows = await tx.execute(_OWNERS, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: Owner(*row) for row in rows}


async def works_at(tx: AsyncSession, advisor_id: UUID) -> UUID | None:
    """The boutique of an advisor; None while nobody has told us of her, and once she has left."""
    asked = {"brand": tx.info["brand_id"], "advisor_id": advisor_id}
    return (await tx.execute(_WORKS_AT, asked)).scalar_one_or_none()


async def work_at(tx: AsyncSession, advisor_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The boutiques of advisors; those of whom nobody has told us are absent."""
    rows = await tx.execute(_WORK_AT, {"brand": tx.info["brand_id"], "ids": list(advisor_ids)})
    return {row.advisor_id: row.boutique_id for row in rows}


async def serves(tx: AsyncSession, client_id: UUID, by: Caller, *, now: datetime | None = None) -> bool:
    """Is she in the caller's book, or in a book of the caller's boutiques? Those of the whole brand serve her.

    A deputy serves whom the owner serves, while it lasts; without `now` nobody is asked for one.
    """
    match by.role:
        case Role.ADVISOR:
            owner = await owner_of(tx, client_id)
            if owner is None or by.advisor_id is None:
                return False
            if owner.advisor_id == by.advisor_id:
                return True
            return now is not None and by.advisor_id in await deputies.of(tx, owner.client_id, now=now)
        case Role.MANAGER | Role.REGIONAL:
            owner = await owner_of(tx, client_id)
            return owner is not None and owner.boutique_id in by.boutique_ids
        case Role.CLIENT_SERVICE | Role.HEADQUARTERS | Role.PRIVACY | Role.SERVICE:
            return True
        case _:
            return False


async def book(
    tx: AsyncSession, advisor_id: UUID, *, boutiques: Collection[UUID] | None, after: UUID, limit: int, now: datetime
) -> Sequence[Entry]:
    """An advisor's clients behind one of them, those she deputises for included.

    Only those of some boutiques, if named, and whose data may be used.
    """
    asked = {
        "brand": tx.info["brand_id"],
        "advisor_id": advisor_id,
        "boutiques": None if boutiques is None else list(boutiques),
        "after": after,
        "limit": limit,
        "now": now,
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
            row.is_deputy,
        )
        for row in rows
    ]
