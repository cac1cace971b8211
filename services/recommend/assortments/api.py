"""Routes of recommendations and assortments."""

from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import By, Kit, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.refusal import NotFound
from infra.wire import IfMatch, Limit, etag
from services.recommend.assortments import actions, queries
from services.recommend.assortments.rules import HER_SENTENCES, PEER_SENTENCES, SENTENCES, Sentences
from services.recommend.assortments.schemas import (
    AssortmentsView,
    AssortmentView,
    EditForm,
    LaidOutsView,
    LaidOutView,
    MyRecommendationsView,
    RecommendationsView,
    VisitForm,
    VisitsForm,
)
from services.recommend.taste import queries as taste
from services.recommend.taste.actions import look

routes = router()

PREPARERS = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.get("/clients/{client_id}/recommendations")
@permit(*PREPARERS, Role.CLIENT_SERVICE, Role.SERVICE)
async def recommend(
    client_id: UUID, *, kit: OfKit, by: By, now: Now, boutique_id: UUID | None = None, limit: Limit = 6
) -> RecommendationsView:
    """Pieces for a client, of one boutique's stock if it is named; not personal without her consent."""
    await look(kit.peers["profile"], client_id, by=by, seen="recommendations")
    personal = taste.is_current(kit.database)
    async with kit.database.transaction(by.brand_id) as tx:
        ids = await taste.family(tx, client_id)
        chosen = await queries.chosen_for(tx, ids, boutique_id=boutique_id, limit=limit, now=now, personal=personal)
        items = await queries.shown(tx, chosen.choices, boutique_id=boutique_id, sentences=_told(by))
    return RecommendationsView.model_validate(
        {"client_id": ids[0], "boutique_id": boutique_id, "personalised": chosen.personalised, "items": items}
    )


@routes.get("/me/recommendations")
@permit(Role.CLIENT)
async def recommend_to_me(
    tx: Transaction, *, kit: OfKit, by: By, now: Now, boutique_id: UUID | None = None, limit: Limit = 6
) -> MyRecommendationsView:
    """Pieces for the client who asks; not personal without her consent."""
    if by.client_id is None:
        raise NotFound
    ids = await taste.family(tx, by.client_id)
    personal = taste.is_current(kit.database)
    chosen = await queries.chosen_for(tx, ids, boutique_id=boutique_id, limit=limit, now=now, personal=personal)
    items = await queries.shown(tx, chosen.choices, boutique_id=boutique_id, sentences=HER_SENTENCES)
    return MyRecommendationsView.model_validate(
        {"boutique_id": boutique_id, "personalised": chosen.personalised, "items": items}
    )


@routes.post(
    "/assortments",
    status_code=201,
    responses={**tagged(201), 200: {"model": AssortmentView, **tagged()[200]}, **refuses(404)},
)
@permit(*PREPARERS, Role.SERVICE)
@idempotent()
async def prepare(
    form: VisitForm, tx: Transaction, *, kit: OfKit, by: By, now: Now, response: Response
) -> AssortmentView:
    """Choose pieces for a visit (201), or anew (200): what is pinned stays, what was dropped stays away."""
    visit = await queries.visit(tx, form.appointment_id)
    # The one place where a connection waits for profile: the key's transaction has begun before the route.
    await look(kit.peers["profile"], visit.client_id, by=by, seen="assortment")
    preparation = await actions.prepare(tx, form.appointment_id, now=now)
    response.status_code = 201 if preparation.made else 200
    response.headers["ETag"] = etag(preparation.assortment.version)
    return await _view(tx, preparation.assortment, kit, by)


@routes.post("/assortments/laid-out")
@permit(Role.SERVICE)
async def laid_out(form: VisitsForm, tx: Transaction) -> LaidOutsView:
    """How much is prepared for some visits, for the list of a morning. No piece is named."""
    found = await queries.laid_out(tx, form.appointment_ids)
    return LaidOutsView(items=[LaidOutView.model_validate(one) for one in found])


@routes.get("/assortments")
@permit(*PREPARERS, Role.SERVICE)
async def list_assortments(appointment_id: UUID, kit: OfKit, by: By) -> AssortmentsView:
    """What is prepared for a visit; nothing when the caller may not see it."""
    try:
        await _look_at_hers(kit, by, appointment_id=appointment_id)
    except NotFound:
        return AssortmentsView(items=[])
    async with kit.database.transaction(by.brand_id) as tx:
        row = await queries.assortment(tx, appointment_id=appointment_id)
        return AssortmentsView(items=[await _view(tx, row, kit, by)])


@routes.get("/assortments/{assortment_id}", responses=tagged())
@permit(*PREPARERS, Role.SERVICE)
async def read_assortment(assortment_id: UUID, kit: OfKit, by: By, response: Response) -> AssortmentView:
    """The pieces prepared for a visit, with what the boutique has of them at this moment."""
    await _look_at_hers(kit, by, assortment_id=assortment_id)
    async with kit.database.transaction(by.brand_id) as tx:
        row = await queries.assortment(tx, assortment_id=assortment_id)
        response.headers["ETag"] = etag(row.version)
        return await _view(tx, row, kit, by)


@routes.patch("/assortments/{assortment_id}")
@permit(*PREPARERS)
async def edit_assortment(
    assortment_id: UUID, form: EditForm, *, if_match: IfMatch, kit: OfKit, by: By, response: Response
) -> AssortmentView:
    """Pin, drop and order pieces; those that `order` does not name follow behind."""
    await _look_at_hers(kit, by, assortment_id=assortment_id)
    async with kit.database.transaction(by.brand_id) as tx:
        row = await actions.edit(tx, assortment_id, pin=form.pin, drop=form.drop, order=form.order, if_match=if_match)
        response.headers["ETag"] = etag(row.version)
        return await _view(tx, row, kit, by)


async def _look_at_hers(
    kit: Kit, by: Caller, *, assortment_id: UUID | None = None, appointment_id: UUID | None = None
) -> None:
    # A transaction of its own that ends before profile is asked: no connection waits for another service.
    async with kit.database.transaction(by.brand_id) as tx:
        row = await queries.assortment(tx, assortment_id=assortment_id, appointment_id=appointment_id)
    await look(kit.peers["profile"], row.client_id, by=by, seen="assortment")


async def _view(tx: AsyncSession, row: Any, kit: Kit, by: Caller) -> AssortmentView:
    current = taste.is_current(kit.database)
    return AssortmentView.model_validate(await queries.prepared(tx, row, current=current, sentences=_told(by)))


def _told(by: Caller) -> Sentences:
    return PEER_SENTENCES if by.role is Role.SERVICE else SENTENCES
