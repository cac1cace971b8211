"""Routes of who enters, waits, is received and leaves."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Response

from infra.app import By, Kit, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, Spelled, cursor, etag, read_number_cursor
from services.appointments.availability.actions.looks import look
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import wall
from services.appointments.directory.schemas.places import Day
from services.appointments.visits.actions import arriving, noting, queueing
from services.appointments.visits.queries import stays
from services.appointments.visits.schemas import (
    ArrivalCodeView,
    ArrivalForm,
    QueueView,
    ServeForm,
    VisitForm,
    VisitPatch,
    VisitView,
)
from services.appointments.visits.tables import Visit

routes = router()

AT_THE_DOOR = (Role.ADVISOR, Role.MANAGER)
SEES = (*AT_THE_DOOR, Role.REGIONAL, Role.HEADQUARTERS)
HIGHEST = 2**31 - 1  # turn that the column holds


@routes.post("/visits", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*AT_THE_DOOR)
@idempotent()
async def count(*, form: VisitForm, kit: OfKit, tx: Transaction, by: By, now: Now, response: Response) -> VisitView:
    """Count somebody who enters, at one tap; she gets the next turn. What is not known yet is noted later."""
    if form.client_id is not None:
        await look(kit.peers, form.client_id, seen="visit", by=by)
    visit = await arriving.count(
        tx,
        form.boutique_id,
        waits=form.waits,
        party_size=form.party_size,
        client_id=form.client_id,
        by=by,
        now=now,
    )
    return _view(visit, response)


@routes.post("/visits/arrivals", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*AT_THE_DOOR)
@idempotent()
async def receive(*, form: ArrivalForm, tx: Transaction, by: By, now: Now, response: Response) -> VisitView:
    """Check in a client who is expected and tell her advisor, in one go.

    By the code she shows, or by whom profile's search (`POST /v1/clients/search`: name, phone tail) has found: nothing
    about her stands in an address.
    """
    visit = await arriving.receive(
        tx,
        form.boutique_id,
        code=form.arrival_code,
        appointment_id=form.appointment_id,
        client_id=form.client_id,
        by=by,
        now=now,
    )
    return _view(visit, response)


@routes.get("/visits", responses=refuses(404))
@permit(*SEES)
async def list_visits(
    *,
    boutique_id: UUID,
    on: Annotated[Day, Spelled, Query()],
    tx: Transaction,
    by: By,
    after: After = None,
    limit: Limit = 50,
) -> Page[VisitView]:
    """Who entered a boutique on a day, by turn."""
    await directory.own_boutique(tx, boutique_id, by)
    of = f"visits {boutique_id} {on}"
    key = read_number_cursor(after, of=of)
    found = await stays.page(tx, boutique_id, on, after=min(key or 0, HIGHEST), limit=limit + 1)
    items = [VisitView.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].turn, of=of) if len(found) > limit else None)


@routes.get("/visits/queue", responses=refuses(404))
@permit(*SEES)
async def read_queue(boutique_id: UUID, tx: Transaction, by: By, now: Now) -> QueueView:
    """Who waits at a boutique now, in the order of arrival and of nothing else."""
    boutique = await directory.own_boutique(tx, boutique_id, by)
    found = await stays.waiting(tx, boutique_id, wall(now, ZoneInfo(boutique.zone)).date())
    return QueueView(items=[VisitView.model_validate(one) for one in found])


@routes.get("/visits/{visit_id}", responses=tagged())
@permit(*SEES)
async def read_visit(visit_id: UUID, tx: Transaction, by: By, response: Response) -> VisitView:
    """One visit."""
    return _view(await stays.visible(tx, visit_id, by), response)


@routes.patch("/visits/{visit_id}", responses=tagged())
@permit(*AT_THE_DOOR)
async def note(
    *, visit_id: UUID, form: VisitPatch, if_match: IfMatch, kit: OfKit, by: By, response: Response
) -> VisitView:
    """Note what is known by now: home city, how often, with how many, who she is, who received her."""
    changes = form.model_dump(exclude_unset=True)
    # Before anything is locked: profile says whether the caller may know who she is.
    if form.client_id is not None:
        await look(kit.peers, form.client_id, seen="visit", by=by)
    async with kit.database.transaction(by.brand_id) as tx:
        visit = await noting.note(tx, visit_id, changes, if_match=if_match, by=by)
    return _view(visit, response)


@routes.post("/visits/{visit_id}/call", responses=tagged())
@permit(*AT_THE_DOOR)
async def call(visit_id: UUID, kit: OfKit, by: By, now: Now, response: Response) -> VisitView:
    """Call whose turn it is; a client we know is told on WeChat, once (`telling` says what became of it)."""
    async with kit.database.transaction(by.brand_id) as tx:
        visit = await queueing.call(tx, visit_id, by=by, now=now)
    return await _told(kit, visit, response, by=by, now=now)


@routes.post("/visits/{visit_id}/serve", responses=tagged())
@permit(*AT_THE_DOOR)
async def serve(
    *, visit_id: UUID, form: ServeForm | None = None, tx: Transaction, by: By, now: Now, response: Response
) -> VisitView:
    """Say who receives her."""
    return _view(await queueing.serve(tx, visit_id, form.advisor_id if form else None, by=by, now=now), response)


@routes.post("/visits/{visit_id}/leave", responses=tagged())
@permit(*AT_THE_DOOR)
async def leave(*, visit_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> VisitView:
    """She leaves; whoever is forgotten has left when the boutique has closed, and stands in no figure of stays."""
    return _view(await queueing.leave(tx, visit_id, by=by, now=now), response)


@routes.get("/appointments/{appointment_id}/arrival-code")
@permit(Role.CLIENT)
async def read_arrival_code(appointment_id: UUID, tx: Transaction, by: By) -> ArrivalCodeView:
    """What she shows at the door when she comes, as a QR code."""
    return ArrivalCodeView(arrival_code=await arriving.arrival_code(tx, appointment_id, by=by))


async def _told(kit: Kit, visit: Visit, response: Response, *, by: By, now: Now) -> VisitView:
    if visit.telling is not None:
        await queueing.announce(kit.database, kit.peers, by.brand_id, visit.visit_id, now=now)
        async with kit.database.transaction(by.brand_id) as tx:
            visit = await stays.visible(tx, visit.visit_id, by)
    return _view(visit, response)


def _view(visit: Visit, response: Response) -> VisitView:
    response.headers["ETag"] = etag(visit.version)
    return VisitView.model_validate(visit)
