"""What a client asks for herself."""

from uuid import UUID

from fastapi.responses import StreamingResponse

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.refusal import NotFound
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight
from services.profile.rights import queries
from services.profile.rights.actions import copying, requests
from services.profile.rights.api import download
from services.profile.rights.queries import Amendment
from services.profile.rights.schemas import MyLookView, MyRequestView, RequestForm

routes = router()


@routes.post("/me/data-requests", status_code=201)
@permit(Role.CLIENT)
@idempotent()
async def ask(form: RequestForm, tx: Transaction, by: By, now: Now) -> MyRequestView:
    """Ask for what is known of me, a copy, a correction, that it is not used, or is erased.

    While one request is open, asking for the same again answers that one.
    """
    sight = await _own(tx, by, now)
    wrong = [Amendment(one.about, one.stands, one.right) for one in form.corrections]
    asked = await requests.ask(tx, sight.client_id, form.kind, corrections=wrong, by=by, now=now)
    return MyRequestView.model_validate(asked)


@routes.get("/me/data-requests")
@permit(Role.CLIENT)
async def my_requests(
    *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[MyRequestView]:
    """What I asked for, the latest first."""
    sight = await _own(tx, by, now)
    of = f"my-data-requests:{sight.client_id}"
    found = await queries.requests_of(tx, sight.client_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    return Page(
        items=[MyRequestView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].request_id, of=of) if len(found) > limit else None,
    )


@routes.get("/me/data-requests/{request_id}")
@permit(Role.CLIENT)
async def my_request(request_id: UUID, tx: Transaction, by: By, now: Now) -> MyRequestView:
    """How far one of my requests has come."""
    sight = await _own(tx, by, now)
    found = await queries.request(tx, request_id)
    if found.client_id not in sight.family:
        raise NotFound
    return MyRequestView.model_validate(found)


@routes.get("/me/data-requests/{request_id}/copy", response_class=StreamingResponse, responses=download.RESPONSES)
@permit(Role.CLIENT)
async def my_copy(request_id: UUID, kit: OfKit, by: By, now: Now) -> StreamingResponse:
    """Everything the house keeps about me, in all its systems, as a zip of JSON and a page: all of it, or nothing.

    There is one once an officer has started my request for access or a copy, and for fifteen days after the first
    download. It is made anew each time.
    """
    return download.sent(await copying.deliver(kit, request_id, by=by, now=now))


@routes.get("/me/access-log")
@permit(Role.CLIENT)
async def my_access_log(
    *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[MyLookView]:
    """Who of the house has seen me in full, by role, and on what ground; the latest first."""
    sight = await _own(tx, by, now)
    of = f"my-access-log:{sight.client_id}"
    found = await sights.looks(tx, sight.client_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    return Page(
        items=[MyLookView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].entry_id, of=of) if len(found) > limit else None,
    )


async def _own(tx: Transaction, by: Caller, now: Now) -> Sight:
    if by.client_id is None:
        raise NotFound
    return await sights.sight(tx, by.client_id, by, now=now)
