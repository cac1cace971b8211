"""Everything a card shows of a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books import queries as books
from services.profile.clients import queries
from services.profile.clients.queries import Client
from services.profile.identities import queries as identities
from services.profile.identities.queries import Identity
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment


@dataclass(frozen=True, slots=True)
class Card:
    """A client with what the relationship adds to her record."""

    client: Client
    segment: Segment | None
    owner_advisor_id: UUID | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One field of two records, and from which of them it is kept."""

    field: str
    client: str | None
    other: str | None
    kept: str


async def cards(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Card]:
    """The cards of canonical records, in the order asked; three statements however many."""
    if not client_ids:
        return []
    clients = await queries.by_id(tx, client_ids)
    owners = await books.owners(tx, client_ids)
    placed = await segments.current(tx, client_ids)
    return [
        Card(
            clients[client_id],
            placed[client_id],
            owners[client_id].advisor_id if client_id in owners else None,
        )
        for client_id in client_ids
        if client_id in clients
    ]


async def kept(tx: AsyncSession, survivor: UUID, merged: UUID) -> list[Kept]:
    """What goes on if these two become one: her own, but for an advisor she has not."""
    one, other = await cards(tx, [survivor, merged])
    fields = [
        Kept(field, getattr(one.client, field), getattr(other.client, field), "client")
        for field in ("display_name", "family_name", "given_name", "salutation", "language")
    ]
    hers, theirs = one.owner_advisor_id, other.owner_advisor_id
    whose = "other" if hers is None and theirs is not None else "client"
    return [*fields, Kept("owner_advisor_id", str(hers) if hers else None, str(theirs) if theirs else None, whose)]


async def phones(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Identity]:
    """The phones of these records, the latest first."""
    every = await identities.identities(tx, client_ids)
    return [one for one in reversed(every) if one.kind == "phone"]
