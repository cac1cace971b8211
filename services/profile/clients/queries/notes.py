"""Reading the notes about a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound

# A private note is its author's: for everybody else it does not exist.
_READABLE = (
    "select note_id, author, author_advisor_id, is_private, words, version, written_at, edited_at from note"
    " where brand_id = :brand and client_id = any(:ids) and (not is_private or author = :reader)"
)
_PAGE = text(f"{_READABLE} and (cast(:after as uuid) is null or note_id < :after) order by note_id desc limit :limit")
_ONE = f"{_READABLE} and note_id = :note_id"


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about her."""

    note_id: UUID
    author: str
    author_advisor_id: UUID | None
    is_private: bool
    words: str
    version: int
    written_at: datetime
    edited_at: datetime | None


async def page(tx: AsyncSession, family: Sequence[UUID], *, reader: str, after: UUID | None, limit: int) -> list[Note]:
    """The notes about one person that this reader may see, by all records that are she; the latest first."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "reader": reader, "after": after, "limit": limit}
    return [_opened(tx, row) for row in await tx.execute(_PAGE, asked)]


async def note(tx: AsyncSession, family: Sequence[UUID], note_id: UUID, *, reader: str, lock: bool = False) -> Note:
    """One note that this reader may see, with `lock` nobody else's to change meanwhile; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "ids": list(family), "reader": reader, "note_id": note_id}
    row = (await tx.execute(text(_ONE + " for update" if lock else _ONE), asked)).one_or_none()
    if row is None:
        raise NotFound
    return _opened(tx, row)


def _opened(tx: AsyncSession, row: Row[tuple[object, ...]]) -> Note:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it
    return Note(**{**told, "words": keyring(tx).open("note", "words", row.note_id, row.words)})
