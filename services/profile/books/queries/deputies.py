"""Who stands in for an owner: for one client, or for the whole book while its owner is away."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LASTS = "deputy.from_at <= :now and (deputy.until_at is null or deputy.until_at > :now)"

_OF = text(
    f"select advisor_id from client_deputy deputy where brand_id = :brand and client_id = :client_id and {LASTS}"  # noqa: S608 - our own words
    " union select deputy.advisor_id from book_deputy deputy join client_owner owner"
    " on owner.brand_id = deputy.brand_id and owner.advisor_id = deputy.owner_advisor_id"
    f" where deputy.brand_id = :brand and owner.client_id = :client_id and {LASTS}"
)
_DEPUTY = text(
    "select advisor_id, from_at, until_at from client_deputy where brand_id = :brand and client_id = :client_id"
)
_OF_BOOK = text(
    "select advisor_id, from_at, until_at from book_deputy where brand_id = :brand and owner_advisor_id = :advisor_id"
)


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who stands in, from when until when; without an end until somebody says so."""

    advisor_id: UUID
    from_at: datetime
    until_at: datetime | None


async def of(tx: AsyncSession, client_id: UUID, *, now: datetime) -> set[UUID]:
    """The advisors who stand in for the owner of a surviving record just now."""
    asked = {"brand": tx.info["brand_id"], "client_id": client_id, "now": now}
    return set((await tx.execute(_OF, asked)).scalars())


async def of_client(tx: AsyncSession, client_id: UUID) -> Deputy | None:
    """The deputy of one client, whether it has begun or not."""
    row = (await tx.execute(_DEPUTY, {"brand": tx.info["brand_id"], "client_id": client_id})).one_or_none()
    return Deputy(*row) if row else None


async def of_book(tx: AsyncSession, advisor_id: UUID) -> Deputy | None:
    """The deputy of a whole book, whether it has begun or not."""
    row = (await tx.execute(_OF_BOOK, {"brand": tx.info["brand_id"], "advisor_id": advisor_id})).one_or_none()
    return Deputy(*row) if row else None
