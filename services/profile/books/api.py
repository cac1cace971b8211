"""Owners of clients, and the books of advisors."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import BadRequest, NotFound
from infra.wire import IfMatch, Limit, Page, cursor, etag, read_cursor
from services.profile.books import actions, queries
from services.profile.books.schemas import EntryView, OwnerForm, OwnerView
from services.profile.clients import queries as clients

routes = router()

FIRST = UUID(int=0)


@routes.get("/clients/{client_id}/owner")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS, Role.SERVICE)
async def owner(client_id: UUID, tx: Transaction, by: By, response: Response) -> OwnerView:
    """In whose book a client is; for managers only where that is one of their boutiques, or nobody's."""
    await clients.client(tx, client_id)
    found = await queries.owner_of(tx, client_id)
    response.headers["ETag"] = etag(found.version if found else 0)
    if found is None:
        return OwnerView(client_id=client_id)
    if not await queries.serves(tx, client_id, by):
        raise NotFound
    return OwnerView.model_validate(found)


@routes.put("/clients/{client_id}/owner")
@permit(Role.MANAGER, Role.HEADQUARTERS, Role.SERVICE)
async def assign(
    client_id: UUID, form: OwnerForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OwnerView:
    """Put a client into an advisor's book. The ETag of a client who is in nobody's is `"0"`."""
    assigned = await actions.assign(
        tx, client_id, advisor_id=form.advisor_id, boutique_id=form.boutique_id, by=by, if_match=if_match, now=now
    )
    response.headers["ETag"] = etag(assigned.version)
    return OwnerView.model_validate(assigned)


@routes.get("/advisors/{advisor_id}/book")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def book(
    advisor_id: UUID,
    tx: Transaction,
    by: By,
    after: Annotated[str | None, Query(alias="cursor", max_length=500)] = None,
    limit: Limit = 50,
) -> Page[EntryView]:
    """An advisor's clients: her own book, or those of the caller's boutiques."""
    if by.role is Role.ADVISOR and by.advisor_id != advisor_id:
        raise NotFound
    of = f"book:{advisor_id}"
    key = read_cursor(after, of=of, parts=1)
    try:
        behind = UUID(key[0]) if key else FIRST
    except ValueError:
        raise BadRequest from None
    narrowed = by.boutique_ids if by.role in {Role.MANAGER, Role.REGIONAL} else None
    entries = await queries.book(tx, advisor_id, boutiques=narrowed, after=behind, limit=limit + 1)
    more = cursor(entries[limit - 1].client_id, of=of) if len(entries) > limit else None
    return Page(items=[EntryView.model_validate(entry) for entry in entries[:limit]], next_cursor=more)
