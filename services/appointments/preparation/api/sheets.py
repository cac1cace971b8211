"""Routes of the sheet for a visit, and of what is laid out for it."""

from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from infra import problems
from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.appointments.bookings import queries as bookings
from services.appointments.preparation import queries
from services.appointments.preparation.actions.arranging import Wanted, arrange
from services.appointments.preparation.api import composing, page
from services.appointments.preparation.queries import LaidOut
from services.appointments.preparation.schemas import ArrangementForm, ArrangementView, PreparationView

routes = router()

READS = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)

Language = Literal["zh", "en"] | None


@routes.get("/appointments/{appointment_id}/preparation")
@permit(*READS)
async def read_preparation(appointment_id: UUID, by: By, now: Now, kit: OfKit) -> PreparationView:
    """Who is coming, how to greet her, and what was chosen and laid out for her."""
    return await composing.sheet(kit, appointment_id, seen="preparation", by=by, now=now)


@routes.get("/appointments/{appointment_id}/preparation/print", response_class=HTMLResponse)
@permit(*READS)
async def print_preparation(
    appointment_id: UUID, *, language: Language = None, request: Request, by: By, now: Now, kit: OfKit
) -> HTMLResponse:
    """The same as a page for the printer, in `language` or the one the browser prefers."""
    view = await composing.sheet(kit, appointment_id, seen="preparation-print", by=by, now=now)
    return HTMLResponse(page.sheet(view, language=language or spoken(request)), headers=page.HEADERS)


@routes.get("/appointments/{appointment_id}/arrangements", responses=tagged())
@permit(*READS)
async def read_arrangements(appointment_id: UUID, tx: Transaction, by: By, response: Response) -> ArrangementView:
    """Refreshments, the room and the pieces that are laid aside for a visit."""
    await bookings.visible(tx, appointment_id, by)
    return _arranged(await queries.arrangement(tx, appointment_id), response)


@routes.put("/appointments/{appointment_id}/arrangements")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
async def set_arrangements(
    appointment_id: UUID,
    form: ArrangementForm,
    *,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> ArrangementView:
    """Lay out for a visit. If-Match holds the version ("0" while nothing is laid out)."""
    wanted = Wanted(form.refreshments, form.room_setup, [one.model_dump() for one in form.pieces])
    return _arranged(await arrange(tx, appointment_id, wanted, if_match=if_match, by=by, now=now), response)


def spoken(request: Request) -> Literal["zh", "en"]:
    """The language of a page where none was asked for."""
    return "en" if problems.language(request.headers.get("accept-language", "")) == "en" else "zh"


def _arranged(one: LaidOut, response: Response) -> ArrangementView:
    response.headers["ETag"] = etag(one.version)
    return ArrangementView.model_validate(one)
