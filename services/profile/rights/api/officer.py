"""What privacy officers do about clients' requests."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.consents import actions as consents
from services.profile.privacy import queries as sights
from services.profile.rights import queries
from services.profile.rights.actions import copying, requests
from services.profile.rights.api import download
from services.profile.rights.queries import Amendment, DataRequest
from services.profile.rights.rules import Asked, NoCertificate, Status
from services.profile.rights.schemas import CertificateView, DeliveredView, RefusalForm, RequestForm, RequestView

routes = router()


@routes.post("/clients/{client_id}/data-requests", status_code=201, responses=tagged(201))
@permit(Role.PRIVACY)
@idempotent()
async def ask(
    client_id: UUID, form: RequestForm, *, tx: Transaction, by: By, now: Now, response: Response
) -> RequestView:
    """Write down what a client asked for by letter, on the telephone or in a boutique; it is to be verified first."""
    sight = await sights.sight(tx, client_id, by, now=now)
    wrong = [Amendment(one.about, one.stands, one.right) for one in form.corrections]
    return _view(await requests.ask(tx, sight.client_id, form.kind, corrections=wrong, by=by, now=now), response)


@routes.get("/data-requests")
@permit(Role.PRIVACY)
async def data_requests(
    *,
    tx: Transaction,
    status: Annotated[Status | None, Query()] = None,
    kind: Annotated[Asked | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[RequestView]:
    """What clients asked for, the latest first."""
    of = f"data-requests:{status}:{kind}"
    found = await queries.requests(tx, status=status, kind=kind, after=read_id_cursor(after, of=of), limit=limit + 1)
    return Page(
        items=[RequestView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].request_id, of=of) if len(found) > limit else None,
    )


@routes.get("/data-requests/{request_id}", responses=tagged())
@permit(Role.PRIVACY)
async def data_request(request_id: UUID, tx: Transaction, response: Response) -> RequestView:
    """One request."""
    return _view(await queries.request(tx, request_id), response)


@routes.post("/data-requests/{request_id}/verify", responses=tagged())
@permit(Role.PRIVACY)
async def verify(request_id: UUID, if_match: IfMatch, tx: Transaction, now: Now, response: Response) -> RequestView:
    """It was she who asked."""
    return _view(await requests.verify(tx, request_id, if_match=if_match, now=now), response)


@routes.post("/data-requests/{request_id}/start", responses=tagged())
@permit(Role.PRIVACY)
async def start(request_id: UUID, if_match: IfMatch, tx: Transaction, now: Now, response: Response) -> RequestView:
    """Do what she asked for. An erasing cannot be undone."""
    return _view(await requests.start(tx, request_id, if_match=if_match, now=now), response)


@routes.post("/data-requests/{request_id}/finish", responses=tagged())
@permit(Role.PRIVACY)
async def finish(request_id: UUID, if_match: IfMatch, tx: Transaction, now: Now, response: Response) -> RequestView:
    """What she asked for was done by hand."""
    return _view(await requests.finish(tx, request_id, if_match=if_match, now=now), response)


@routes.post("/data-requests/{request_id}/refuse", responses=tagged())
@permit(Role.PRIVACY)
async def refuse(
    request_id: UUID, form: RefusalForm, if_match: IfMatch, *, tx: Transaction, now: Now, response: Response
) -> RequestView:
    """Say no, with a reason that she may read."""
    return _view(await requests.refuse(tx, request_id, form.reason, if_match=if_match, now=now), response)


@routes.get("/data-requests/{request_id}/certificate", responses=refuses(409))
@permit(Role.PRIVACY)
async def certificate(request_id: UUID, tx: Transaction, now: Now) -> CertificateView:
    """What was erased where and when; what is awaited, and since when."""
    found, receipts = await queries.request(tx, request_id), await queries.receipts(tx, request_id)
    if not receipts:
        raise NoCertificate
    return CertificateView.of(found, receipts, now=now)


@routes.get("/data-requests/{request_id}/copy", response_class=StreamingResponse, responses=download.RESPONSES)
@permit(Role.PRIVACY)
async def copy(request_id: UUID, kit: OfKit, by: By, now: Now) -> StreamingResponse:
    """Everything the house keeps about a client, in all its systems, to be handed to her: all of it, or nothing.

    Fetching it finishes the request, and stands in her access log.
    """
    return download.sent(await copying.deliver(kit, request_id, by=by, now=now))


@routes.get("/data-requests/{request_id}/copies")
@permit(Role.PRIVACY)
async def delivered(
    request_id: UUID, *, tx: Transaction, after: After = None, limit: Limit = 50
) -> Page[DeliveredView]:
    """The copies that were fetched for a request: when, by whom, and how many rows of what; the latest first."""
    of = f"copies:{request_id}"
    await queries.request(tx, request_id)
    found = await queries.delivered(tx, request_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    return Page(
        items=[DeliveredView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].copy_id, of=of) if len(found) > limit else None,
    )


@routes.delete("/clients/{client_id}/restriction", status_code=204)
@permit(Role.PRIVACY)
async def lift(client_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Her data may be used again, as far as she allows it."""
    sight = await sights.sight(tx, client_id, by, now=now)
    await consents.lift(tx, sight.client_id)


def _view(found: DataRequest, response: Response) -> RequestView:
    response.headers["ETag"] = etag(found.version)
    return RequestView.model_validate(found)
