"""Routes of recommendations and assortments."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.refusal import NotFound
from infra.wire import IfMatch, Limit, etag
from services.recommend.assortments import actions, queries
from services.recommend.assortments.rules import HER_SENTENCES, SENTENCES
from services.recommend.assortments.schemas import (
    AssortmentsView,
    AssortmentView,
    EditForm,
    MyRecommendationsView,
    RecommendationsView,
    VisitForm,
)
from services.recommend.taste import queries as taste

routes = router()

PREPARERS = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


async def _current(kit: OfKit) -> bool:
    return await taste.is_current(kit.database, kit.log, kit.service)


# Stands before Transaction in a route: it must not wait for a second connection while it holds one.
Current = Annotated[bool, Depends(_current)]


@routes.get("/clients/{client_id}/recommendations")
@permit(*PREPARERS, Role.CLIENT_SERVICE, Role.SERVICE)
async def recommend(
    client_id: UUID,
    current: Current,
    tx: Transaction,
    *,
    by: By,
    now: Now,
    boutique_id: UUID | None = None,
    limit: Limit = 6,
) -> RecommendationsView:
    """Pieces for a client, of one boutique's stock if it is named; not personal without her consent."""
    ids = await taste.family(tx, client_id)
    await taste.check_visible(tx, ids, by, now)
    chosen = await queries.chosen_for(tx, ids, boutique_id=boutique_id, limit=limit, now=now, personal=current)
    items = await queries.shown(tx, chosen.choices, boutique_id=boutique_id, sentences=SENTENCES)
    return RecommendationsView.model_validate(
        {"client_id": ids[0], "boutique_id": boutique_id, "personalised": chosen.personalised, "items": items}
    )


@routes.get("/me/recommendations")
@permit(Role.CLIENT)
async def recommend_to_me(
    current: Current, tx: Transaction, *, by: By, now: Now, boutique_id: UUID | None = None, limit: Limit = 6
) -> MyRecommendationsView:
    """Pieces for the client who asks; not personal without her consent."""
    if by.client_id is None:
        raise NotFound
    ids = await taste.family(tx, by.client_id)
    chosen = await queries.chosen_for(tx, ids, boutique_id=boutique_id, limit=limit, now=now, personal=current)
    items = await queries.shown(tx, chosen.choices, boutique_id=boutique_id, sentences=HER_SENTENCES)
    return MyRecommendationsView.model_validate(
        {"boutique_id": boutique_id, "personalised": chosen.personalised, "items": items}
    )


@routes.post("/assortments", status_code=201)
@permit(*PREPARERS, Role.SERVICE)
@idempotent()
async def prepare(
    form: VisitForm, current: Current, tx: Transaction, *, by: By, now: Now, response: Response
) -> AssortmentView:
    """Choose pieces for a visit (201), or anew (200): what is pinned stays, what was dropped stays away."""
    await queries.check_visible(tx, await queries.visit(tx, form.appointment_id), by, now)
    preparation = await actions.prepare(tx, form.appointment_id, now=now)
    response.status_code = 201 if preparation.made else 200
    response.headers["ETag"] = etag(preparation.assortment.version)
    return AssortmentView.model_validate(await queries.prepared(tx, preparation.assortment, current=current))


@routes.get("/assortments")
@permit(*PREPARERS, Role.SERVICE)
async def list_assortments(
    appointment_id: UUID, current: Current, tx: Transaction, by: By, now: Now
) -> AssortmentsView:
    """What is prepared for a visit; nothing when the caller may not see it."""
    row = await queries.assortment(tx, appointment_id=appointment_id)
    try:
        await queries.check_visible(tx, row, by, now)
    except NotFound:
        return AssortmentsView(items=[])
    prepared = await queries.prepared(tx, row, current=current)
    return AssortmentsView(items=[AssortmentView.model_validate(prepared)])


@routes.get("/assortments/{assortment_id}")
@permit(*PREPARERS, Role.SERVICE)
async def read_assortment(
    assortment_id: UUID, current: Current, tx: Transaction, *, by: By, now: Now, response: Response
) -> AssortmentView:
    """The pieces prepared for a visit, with what the boutique has of them at this moment."""
    row = await queries.assortment(tx, assortment_id=assortment_id)
    await queries.check_visible(tx, row, by, now)
    response.headers["ETag"] = etag(row.version)
    return AssortmentView.model_validate(await queries.prepared(tx, row, current=current))


@routes.patch("/assortments/{assortment_id}")
@permit(*PREPARERS)
async def edit_assortment(
    assortment_id: UUID,
    form: EditForm,
    current: Current,
    tx: Transaction,
    *,
    if_match: IfMatch,
    by: By,
    now: Now,
    response: Response,
) -> AssortmentView:
    """Pin, drop and order pieces; those that `order` does not name follow behind."""
    row = await actions.edit(
        tx, assortment_id, pin=form.pin, drop=form.drop, order=form.order, if_match=if_match, by=by, now=now
    )
    response.headers["ETag"] = etag(row.version)
    return AssortmentView.model_validate(await queries.prepared(tx, row, current=current))
