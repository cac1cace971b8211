"""Writing notes about a client, changing them and taking them back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from infra.wire import check_match
from services.profile.clients.queries import notes
from services.profile.clients.queries.notes import Note
from services.profile.clients.rules import NotYourNote

_WRITE = text(
    "insert into note (brand_id, note_id, client_id, author, author_advisor_id, is_private, words, written_at)"
    " values (:brand, :note_id, :client_id, :author, :advisor_id, :is_private, :words, :now)"
)
_REWRITE = text(
    "update note set words = :words, is_private = :is_private, version = version + 1, edited_at = :now"
    " where brand_id = :brand and note_id = :note_id"
)
_REMOVE = text("delete from note where brand_id = :brand and note_id = :note_id")


async def write(tx: AsyncSession, client_id: UUID, words: str, *, is_private: bool, by: Caller, now: datetime) -> Note:
    """Write a note about a client."""
    note_id = new_id()
    await tx.execute(
        _WRITE,
        {
            "brand": tx.info["brand_id"],
            "note_id": note_id,
            "client_id": client_id,
            "author": by.subject,
            "advisor_id": by.advisor_id,
            "is_private": is_private,
            "words": keyring(tx).seal("note", "words", note_id, words),
            "now": now,
        },
    )
    return await notes.note(tx, [client_id], note_id, reader=by.subject)


async def rewrite(
    tx: AsyncSession,
    family: Sequence[UUID],
    note_id: UUID,
    *,
    words: str | None,
    is_private: bool | None,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Note:
    """Change one's own note; None leaves a part as it is. Raises NotFound, NotYourNote, Stale."""
    before = await _own(tx, family, note_id, if_match=if_match, by=by)
    after = before.words if words is None else words
    await tx.execute(
        _REWRITE,
        {
            "brand": tx.info["brand_id"],
            "note_id": note_id,
            "words": keyring(tx).seal("note", "words", note_id, after),
            "is_private": before.is_private if is_private is None else is_private,
            "now": now,
        },
    )
    return await notes.note(tx, family, note_id, reader=by.subject)


async def remove(tx: AsyncSession, family: Sequence[UUID], note_id: UUID, *, if_match: str, by: Caller) -> None:
    """Take back one's own note; raises NotFound, NotYourNote, Stale."""
    await _own(tx, family, note_id, if_match=if_match, by=by)
    await tx.execute(_REMOVE, {"brand": tx.info["brand_id"], "note_id": note_id})


async def _own(tx: AsyncSession, family: Sequence[UUID], note_id: UUID, *, if_match: str, by: Caller) -> Note:
    before = await notes.note(tx, family, note_id, reader=by.subject, lock=True)
    if before.author != by.subject:
        raise NotYourNote
    check_match(if_match, before.version)
    return before
