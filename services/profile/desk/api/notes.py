"""What the people of the house write about a client, for one another or for themselves."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.clients.actions import notes as actions
from services.profile.clients.queries import notes as queries
from services.profile.clients.queries.notes import Note
from services.profile.clients.schemas import NoteChangeForm, NoteForm, NoteView
from services.profile.desk.rules import KEEP_RECORDS
from services.profile.privacy import actions as privacy
from services.profile.privacy.rules import STAFF

routes = router()


@routes.get("/clients/{client_id}/notes")
@permit(*STAFF)
async def notes(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[NoteView]:
    """The shared notes about a client and the caller's own private ones, the latest first."""
    sight = await privacy.look(tx, client_id, seen="notes", by=by, now=now)
    of = f"notes:{sight.client_id}"
    behind = read_id_cursor(after, of=of)
    found = await queries.page(tx, sight.family, reader=by.subject, after=behind, limit=limit + 1)
    return Page(
        items=[note_view(one, by) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].note_id, of=of) if len(found) > limit else None,
    )


@routes.post("/clients/{client_id}/notes", status_code=201, responses=tagged(201))
@permit(*KEEP_RECORDS)
@idempotent()
async def write(client_id: UUID, form: NoteForm, *, tx: Transaction, by: By, now: Now, response: Response) -> NoteView:
    """Write a note about a client."""
    sight = await privacy.look(tx, client_id, seen="notes", by=by, now=now)
    written = await actions.write(tx, sight.client_id, form.words, is_private=form.private, by=by, now=now)
    response.headers["ETag"] = etag(written.version)
    return note_view(written, by)


@routes.get("/clients/{client_id}/notes/{note_id}", responses=tagged())
@permit(*STAFF)
async def note(client_id: UUID, note_id: UUID, *, tx: Transaction, by: By, now: Now, response: Response) -> NoteView:
    """One note, with the ETag that its author changes it by."""
    sight = await privacy.look(tx, client_id, seen="notes", by=by, now=now)
    found = await queries.note(tx, sight.family, note_id, reader=by.subject)
    response.headers["ETag"] = etag(found.version)
    return note_view(found, by)


@routes.patch("/clients/{client_id}/notes/{note_id}")
@permit(*KEEP_RECORDS)
async def rewrite(
    client_id: UUID,
    note_id: UUID,
    form: NoteChangeForm,
    if_match: IfMatch,
    *,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> NoteView:
    """Change one's own note."""
    sight = await privacy.look(tx, client_id, seen="notes", by=by, now=now)
    changed = await actions.rewrite(
        tx,
        sight.family,
        note_id,
        words=form.words or None,
        is_private=form.private if "private" in form.model_fields_set else None,
        if_match=if_match,
        by=by,
        now=now,
    )
    response.headers["ETag"] = etag(changed.version)
    return note_view(changed, by)


@routes.delete("/clients/{client_id}/notes/{note_id}", status_code=204)
@permit(*KEEP_RECORDS)
async def remove(client_id: UUID, note_id: UUID, if_match: IfMatch, *, tx: Transaction, by: By, now: Now) -> None:
    """Take back one's own note."""
    sight = await privacy.look(tx, client_id, seen="notes", by=by, now=now)
    await actions.remove(tx, sight.family, note_id, if_match=if_match, by=by)


def note_view(one: Note, by: Caller) -> NoteView:
    """The note on the wire, for this reader."""
    return NoteView(
        note_id=one.note_id,
        author=one.author,
        author_advisor_id=one.author_advisor_id,
        mine=one.author == by.subject,
        private=one.is_private,
        words=one.words,
        written_at=one.written_at,
        edited_at=one.edited_at,
    )
