"""Reading entries of the registers, by their latest version or all of them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.registers.rules.entries import Register

_COLUMNS = "entry_id, version, changed_by, changed_at, ended_on, content"
_WHERE = "from register_entry where brand_id = :brand and register = :register"
_LATEST = text(
    f"select distinct on (entry_id) {_COLUMNS} {_WHERE}"
    " and (cast(:after as uuid) is null or entry_id < :after) order by entry_id desc, version desc limit :limit"
)
_EVERY = text(f"select distinct on (entry_id) {_COLUMNS} {_WHERE} order by entry_id, version desc")
_VERSIONS = text(f"select {_COLUMNS} {_WHERE} and entry_id = :entry_id order by version desc")
_ONE = text(f"select {_COLUMNS} {_WHERE} and entry_id = :entry_id order by version desc limit 1")


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of an entry; `content` is JSON. Nobody has written version 0: the software brought it along."""

    entry_id: UUID
    version: int
    changed_by: str
    changed_at: datetime | None
    ended_on: date | None
    content: str


async def latest(tx: AsyncSession, register: Register, *, after: UUID | None, limit: int) -> list[Entry]:
    """The entries of a register as they stand now, the youngest first."""
    asked = {"brand": tx.info["brand_id"], "register": register, "after": after, "limit": limit}
    return [_entry(tx, row) for row in await tx.execute(_LATEST, asked)]


async def every(tx: AsyncSession, register: Register) -> list[Entry]:
    """All entries of a register as they stand now: an officer writes dozens of them."""
    rows = await tx.execute(_EVERY, {"brand": tx.info["brand_id"], "register": register})
    return [_entry(tx, row) for row in rows]


async def versions(tx: AsyncSession, register: Register, entry_id: UUID) -> list[Entry]:
    """Everything an entry ever said, the latest first."""
    asked = {"brand": tx.info["brand_id"], "register": register, "entry_id": entry_id}
    return [_entry(tx, row) for row in await tx.execute(_VERSIONS, asked)]


async def entry(tx: AsyncSession, register: Register, entry_id: UUID) -> Entry:
    """One entry as it stands now; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "register": register, "entry_id": entry_id}
    row = (await tx.execute(_ONE, asked)).one_or_none()
    if row is None:
        raise NotFound
    return _entry(tx, row)


def _entry(tx: AsyncSession, row: object) -> Entry:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001
    place = f"{values['entry_id']}:{values['version']}"
    return Entry(**values | {"content": keyring(tx).open("register_entry", "content", place, values["content"])})
