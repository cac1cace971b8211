"""Writing entries: each change is a version of its own, and nothing that was written is written over."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.wire import check_match
from services.profile.registers.queries.entries import Entry
from services.profile.registers.rules.entries import EntryEnded, Register

_TURN = text(
    "select pg_advisory_xact_lock(hashtextextended('register:' || :brand || ':' || cast(:entry_id as text), 0))"
)
_WRITE = text(
    "insert into register_entry (brand_id, register, entry_id, version, changed_by, changed_at, ended_on, content)"
    " values (:brand, :register, :entry_id, :version, :by, :now, :ended_on, :content)"
)


async def take_turn(tx: AsyncSession, entry_id: UUID) -> None:
    """Let nobody else amend this entry before the transaction ends; read it after this."""
    await tx.execute(_TURN, {"brand": tx.info["brand_id"], "entry_id": str(entry_id)})


def check_change(before: Entry, *, if_match: str) -> None:
    """Raise Stale for a change of an older version, EntryEnded for one of a closed entry."""
    check_match(if_match, before.version)
    if before.ended_on is not None:
        raise EntryEnded


async def write(
    tx: AsyncSession,
    register: Register,
    entry_id: UUID,
    version: int,
    content: str,
    *,
    ended_on: date | None,
    by: Caller,
    now: datetime,
) -> Entry:
    """Write one version; `content` is JSON."""
    sealed = keyring(tx).seal("register_entry", "content", f"{entry_id}:{version}", content)
    row = {"register": register, "entry_id": entry_id, "version": version, "by": by.subject, "now": now}
    await tx.execute(_WRITE, row | {"brand": tx.info["brand_id"], "ended_on": ended_on, "content": sealed})
    return Entry(entry_id, version, by.subject, now, ended_on, content)
