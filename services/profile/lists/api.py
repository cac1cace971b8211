"""Lists of clients: counted, kept, used."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.lists import actions, queries
from services.profile.lists.queries import SavedList
from services.profile.lists.rules import KEEP_LISTS
from services.profile.lists.schemas import (
    CountForm,
    CountView,
    CriteriaView,
    ListChangeForm,
    ListForm,
    ListView,
    MemberView,
)
from services.profile.segments import queries as segments

routes = router()

FIRST = UUID(int=0)
_LISTS = "lists"


@routes.post("/lists/count")
@permit(*KEEP_LISTS)
async def count(form: CountForm, *, tx: Transaction, by: By, now: Now) -> CountView:
    """How many clients meet criteria, of those the caller may see, and how many may be written to; keeps nothing."""
    criteria = form.criteria.criteria()
    await actions.check(tx, criteria, by=by)
    return CountView.model_validate(await queries.count(tx, criteria, by=by, now=now))


@routes.get("/lists")
@permit(*KEEP_LISTS)
async def lists(*, tx: Transaction, by: By, after: After = None, limit: Limit = 50) -> Page[ListView]:
    """The lists that are the caller's, her boutiques' or the brand's, the latest first."""
    found = await queries.page(tx, by=by, after=read_id_cursor(after, of=_LISTS), limit=limit + 1)
    more = cursor(found[limit - 1].list_id, of=_LISTS) if len(found) > limit else None
    return Page(items=[_view(one, by) for one in found[:limit]], next_cursor=more)


@routes.post("/lists", status_code=201, responses=tagged(201))
@permit(*KEEP_LISTS)
@idempotent()
async def keep(form: ListForm, *, tx: Transaction, by: By, now: Now, response: Response) -> ListView:
    """Keep a list: for oneself, one's boutique or the brand."""
    return _answer(await actions.keep(tx, form.wanted(), by=by, now=now), by, response)


@routes.get("/lists/{list_id}", responses=tagged())
@permit(*KEEP_LISTS)
async def one_list(list_id: UUID, *, tx: Transaction, by: By, response: Response) -> ListView:
    """One list."""
    return _answer(await queries.saved_list(tx, list_id, by=by), by, response)


@routes.patch("/lists/{list_id}")
@permit(*KEEP_LISTS)
async def change(
    list_id: UUID,
    form: ListChangeForm,
    if_match: IfMatch,
    *,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> ListView:
    """Change a list of one's own, freeze who is in it, or thaw it."""
    before = await queries.saved_list(tx, list_id, by=by, lock=True)
    changed = await actions.change(tx, list_id, form.wanted(before), by=by, if_match=if_match, now=now)
    return _answer(changed, by, response)


@routes.delete("/lists/{list_id}", status_code=204)
@permit(*KEEP_LISTS)
async def forget(list_id: UUID, *, tx: Transaction, by: By) -> Response:
    """Forget a list of one's own."""
    await actions.forget(tx, list_id, by=by)
    return Response(status_code=204)


@routes.get("/lists/{list_id}/count")
@permit(*KEEP_LISTS)
async def count_list(list_id: UUID, *, tx: Transaction, by: By, now: Now) -> CountView:
    """How many clients of a list the caller may see, and how many of them may be written to."""
    return CountView.model_validate(await queries.count(tx, list_id, by=by, now=now))


@routes.get("/lists/{list_id}/members")
@permit(*KEEP_LISTS)
async def members(
    list_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[MemberView]:
    """The clients of a list, those whom the caller may see."""
    of = f"members:{list_id}"
    behind = read_id_cursor(after, of=of) or FIRST
    found = await queries.members(tx, list_id, by=by, now=now, after=behind, limit=limit + 1)
    ids = found[:limit]
    known, placed = await clients.by_id(tx, ids), await segments.current(tx, ids)
    owners = await books.owners(tx, ids)
    items = [
        MemberView(
            client_id=one,
            display_name=known[one].display_name,
            segment=placed[one],
            owner_advisor_id=owners[one].advisor_id if one in owners else None,
        )
        for one in ids
        if one in known
    ]
    return Page(items=items, next_cursor=cursor(ids[-1], of=of) if len(found) > limit else None)


def _answer(one: SavedList, by: Caller, response: Response) -> ListView:
    response.headers["ETag"] = etag(one.version)
    return _view(one, by)


def _view(one: SavedList, by: Caller) -> ListView:
    return ListView(
        list_id=one.list_id,
        name=one.name,
        criteria=CriteriaView.model_validate(one.criteria),
        visibility=one.visibility,
        boutique_id=one.boutique_id,
        created_at=one.created_at,
        changed_at=one.changed_at,
        frozen_at=one.frozen_at,
        is_mine=one.kept_by == by.subject,
    )
