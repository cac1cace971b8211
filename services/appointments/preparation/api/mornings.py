"""Routes of a boutique's morning."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse

from infra.app import By, Now, OfKit, router
from infra.identity import permit
from infra.wire import Spelled
from services.appointments.directory.schemas.places import Day
from services.appointments.preparation.api import composing, page
from services.appointments.preparation.api.sheets import READS, Language, spoken
from services.appointments.preparation.schemas import MorningBriefView

routes = router()

OnDay = Annotated[Day, Spelled]


@routes.get("/boutiques/{boutique_id}/morning-brief")
@permit(*READS)
async def morning_brief(
    boutique_id: UUID, *, on: OnDay | None = None, by: By, now: Now, kit: OfKit
) -> MorningBriefView:
    """The day's visits in order: who comes, who receives her where, what is due, what is still missing.

    By the boutique's own clock; today without `on`.
    """
    return await composing.morning(kit, boutique_id, on, seen="morning-brief", by=by, now=now)


@routes.get("/boutiques/{boutique_id}/morning-brief/print", response_class=HTMLResponse)
@permit(*READS)
async def print_morning_brief(
    boutique_id: UUID,
    *,
    on: OnDay | None = None,
    language: Language = None,
    request: Request,
    by: By,
    now: Now,
    kit: OfKit,
) -> HTMLResponse:
    """The same as a page for the printer, in `language` or the one the browser prefers."""
    view = await composing.morning(kit, boutique_id, on, seen="morning-brief-print", by=by, now=now)
    return HTMLResponse(page.morning(view, language=language or spoken(request)), headers=page.HEADERS)
