"""Reading the records themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from infra.tombstones import spare_all
from services.profile.clients.models import days
from services.profile.clients.models.days import Day

_COLUMNS = "client_id, display_name, family_name, given_name, salutation, language, version, registered_at"
# Whoever was erased is absent, also where a restore has brought her rows back.
_KNOWN = (
    "from client where brand_id = :brand and client_id = any(:ids) and not exists ("
    "select from tombstone where tombstone.brand_id = client.brand_id and aggregate = 'client:' || client.client_id)"
)
_BIRTHDAYS = text(
    "select client_id, birthday from client where brand_id = :brand and client_id = any(:ids) and birthday is not null"
)
# Of several records that are one person the canonical one's goes first.
_BIRTHDAY = text(
    "select client_id, birthday from client"
    " where brand_id = :brand and client_id = any(:ids) and birthday is not null"
    " order by array_position(cast(:ids as uuid[]), client_id) limit 1"
)


@dataclass(frozen=True, slots=True)
class Client:
    """One client's record."""

    client_id: UUID
    display_name: str
    family_name: str | None
    given_name: str | None
    salutation: str | None
    language: str
    version: int
    registered_at: datetime


async def client(tx: AsyncSession, client_id: UUID) -> Client:
    """One record; raises NotFound."""
    found = await by_id(tx, [client_id])
    if not found:
        raise NotFound
    return found[client_id]


async def by_id(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, Client]:
    """The records of those ids that exist."""
    statement = text(f"select {_COLUMNS} {_KNOWN}")
    rows = await tx.execute(statement, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: Client(**row) for row in rows.mappings()}


async def locked(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, Client]:
    """The records of those ids that exist, nobody else's to change until this transaction ends."""
    statement = text(
        # In one order everywhere: two transactions that want the same records take turns.
        f"select {_COLUMNS} {_KNOWN} order by client_id for update"
    )
    rows = await tx.execute(statement, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: Client(**row) for row in rows.mappings()}


async def birthday(tx: AsyncSession, family: Sequence[UUID]) -> Day | None:
    """The birthday of one person, by all records that are she."""
    row = (await tx.execute(_BIRTHDAY, {"brand": tx.info["brand_id"], "ids": list(family)})).one_or_none()
    return days.read(keyring(tx).open("client", "birthday", row.client_id, row.birthday)) if row else None


async def birthdays(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, Day]:
    """The birthdays that these records themselves have."""
    ring = keyring(tx)
    rows = await tx.execute(_BIRTHDAYS, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: days.read(ring.open("client", "birthday", row.client_id, row.birthday)) for row in rows}


async def spared(tx: AsyncSession, client_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these records exist; none of them is erased before this transaction ends.

    For whoever writes something about them down without changing the records: an erasing waits, and takes it along.
    The rows themselves are left alone, for who gives two of them an identifier wants both, one after the other.
    """
    await spare_all(tx, [f"client:{one}" for one in client_ids])
    return set(await by_id(tx, client_ids))
