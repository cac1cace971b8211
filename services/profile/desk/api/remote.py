"""Sales by chat, for whoever may see the client."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.desk.schemas.selling import RemoteSaleForm, RemoteSaleView, StepForm
from services.profile.privacy import actions as privacy
from services.profile.privacy.rules import STAFF
from services.profile.purchases.actions import remote
from services.profile.purchases.queries import remote as queries

routes = router()

SELLERS = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.CLIENT_SERVICE, Role.HEADQUARTERS)


@routes.get("/clients/{client_id}/remote-sales")
@permit(*STAFF)
async def remote_sales(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[RemoteSaleView]:
    """What a client buys by chat, the latest first."""
    sight = await privacy.look(tx, client_id, seen="remote-sales", by=by, now=now)
    of = f"remote-sales:{sight.client_id}"
    found = await queries.remote_sales(tx, sight.client_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[RemoteSaleView.of(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].remote_sale_id, of=of) if more else None,
    )


@routes.post("/clients/{client_id}/remote-sales", status_code=201, responses=tagged(201))
@permit(*SELLERS)
@idempotent()
async def reserve(
    client_id: UUID, form: RemoteSaleForm, *, tx: Transaction, by: By, now: Now, response: Response
) -> RemoteSaleView:
    """Keep a piece for a client who buys it by chat."""
    sight = await privacy.look(tx, client_id, seen="remote-sales", by=by, now=now)
    sale = await remote.reserve(
        tx,
        sight.client_id,
        boutique_id=form.boutique_id,
        piece_code=form.piece_code,
        price_minor=form.price_minor,
        currency=form.currency,
        actor=by.subject,
        now=now,
    )
    response.headers["ETag"] = etag(sale.version)
    return RemoteSaleView.of(sale)


@routes.post("/remote-sales/{remote_sale_id}/steps")
@permit(*SELLERS)
async def take(
    remote_sale_id: UUID, form: StepForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> RemoteSaleView:
    """Take one step: send the link, note the payment, ship, received, cancel, take back."""
    sale = await queries.remote_sale(tx, remote_sale_id)
    await privacy.look(tx, sale.client_id, seen="remote-sales", by=by, now=now)
    told = {"link": form.link, "courier": form.courier, "tracking": form.tracking}
    sale = await remote.take(tx, remote_sale_id, form.step, told, if_match=if_match, now=now)
    response.headers["ETag"] = etag(sale.version)
    return RemoteSaleView.of(sale)
