"""Wishes, and what happened with the pieces in a visit, for whoever may see the client; and how she comes to buy."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.wire import After, Limit, Page, cursor, read_instant_cursor
from services.profile.desk.queries import research
from services.profile.desk.schemas.research import ResearchView
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown
from services.profile.touchpoints import actions as touchpoints
from services.profile.touchpoints import queries as contacts
from services.profile.touchpoints.actions import Piece
from services.profile.touchpoints.api import Since, Until, period
from services.profile.touchpoints.rules import Contact
from services.profile.touchpoints.schemas import (
    PieceOutcomeView,
    VisitOutcomeForm,
    VisitOutcomeView,
    WishClosingForm,
    WishForm,
    WishView,
)

routes = router()


@routes.get("/clients/{client_id}/wishes")
@permit(Role.SERVICE, *STAFF)
async def wishes(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[WishView]:
    """What a client would like to have, the latest first; closed wishes too."""
    sight = await privacy.look(tx, client_id, seen="wishes", by=by, now=now)
    of = f"wishes:{sight.client_id}"
    found = await contacts.wishes(tx, sight.family, after=read_instant_cursor(after, of=of), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[WishView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(last.noted_at.isoformat(), last.wish_id, of=of) if last else None,
    )


@routes.post("/clients/{client_id}/wishes", status_code=201, responses={200: {"model": WishView}})
@permit(*STAFF)
@idempotent()
async def wish(client_id: UUID, form: WishForm, *, tx: Transaction, by: By, now: Now, response: Response) -> WishView:
    """Note a piece that a client would like to have; one that stands already is answered as it is."""
    sight = await privacy.look(tx, client_id, seen="wishes", by=by, now=now)
    noted, is_new = await touchpoints.wish(
        tx, sight.client_id, form.piece_code, boutique_id=form.boutique_id, noted_by=by.subject, now=now
    )
    response.status_code = 201 if is_new else 200
    return WishView.model_validate(noted)


@routes.post("/clients/{client_id}/wishes/{wish_id}/close")
@permit(*STAFF)
async def close(
    client_id: UUID, wish_id: UUID, form: WishClosingForm, *, tx: Transaction, by: By, now: Now
) -> WishView:
    """Say what became of a wish; a closed one stays as it is."""
    sight = await privacy.look(tx, client_id, seen="wishes", by=by, now=now)
    closed = await touchpoints.close_wish(tx, wish_id, sight.family, closed_as=form.closed_as, now=now)
    return WishView.model_validate(closed)


@routes.get("/appointments/{appointment_id}/outcome")
@permit(Role.SERVICE, *STAFF)
async def outcome(appointment_id: UUID, tx: Transaction, by: By, now: Now) -> VisitOutcomeView:
    """What was said of the pieces in a visit."""
    visit = await _visit(tx, appointment_id)
    await privacy.look(tx, visit.client_id, seen="outcome", by=by, now=now)
    return await _outcome(tx, appointment_id)


@routes.post("/appointments/{appointment_id}/outcome")
@permit(*STAFF)
@idempotent()
async def write_up(appointment_id: UUID, form: VisitOutcomeForm, tx: Transaction, by: By, now: Now) -> VisitOutcomeView:
    """Write up a visit: what she was shown, tried, wished for and asked for in vain, and why she did not take it."""
    visit = await _visit(tx, appointment_id)
    sight = await privacy.look(tx, visit.client_id, seen="outcome", by=by, now=now)
    await touchpoints.write_up(
        tx,
        appointment_id,
        sight.client_id,
        [Piece(one.piece_code, Contact(one.kind), one.why_not) for one in form.pieces],
        boutique_id=visit.boutique_id,
        advisor_id=form.advisor_id or by.advisor_id,
        noted_by=by.subject,
        now=now,
    )
    return await _outcome(tx, appointment_id)


@routes.get("/touchpoints/research-online")
@permit(Role.HEADQUARTERS)
async def research_online(
    since: Since, until: Until, tx: Transaction, *, days: Annotated[int, Query(ge=1, le=180)] = 30
) -> ResearchView:
    """Of those who bought in a boutique: how many had looked online in the days before their first purchase."""
    found = await research.research_online(tx, **period(since, until), days=days)
    return ResearchView(
        buyers=found.buyers,
        researched=found.researched,
        rate=round(found.researched / found.buyers, 4) if found.buyers else None,
    )


async def _visit(tx: Transaction, appointment_id: UUID) -> sights.Visit:
    visit = await sights.visit(tx, appointment_id)
    if visit is None:
        raise ClientUnknown
    return visit


async def _outcome(tx: Transaction, appointment_id: UUID) -> VisitOutcomeView:
    pieces = [
        PieceOutcomeView(piece_code=piece_code, kind=kind, why_not=why_not)
        for piece_code, kind, why_not in await contacts.of_visit(tx, appointment_id)
    ]
    return VisitOutcomeView(appointment_id=appointment_id, pieces=pieces)
