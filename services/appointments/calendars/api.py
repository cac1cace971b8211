"""Routes of calendars: their addresses, what is behind them, and the file of a visit."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Request, Response

from infra import problems
from infra.app import By, Kit, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit, public
from infra.openapi import refuses
from infra.refusal import NotFound
from infra.wire import etag
from services.appointments.bookings import queries as bookings
from services.appointments.calendars import actions, queries, rules
from services.appointments.calendars.rules import Holder
from services.appointments.calendars.schemas import FeedForm, FeedsView, FeedView, MadeFeedView
from services.appointments.calendars.tables import CalendarFeed
from services.appointments.reminders.actions import links

routes = router()
# A calendar program has no token but the address: so it stands without a prefix, as survey links do.
open_routes = router(prefix="")

LEADS = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
SUFFIX = ".ics"
TYPE = "text/calendar; charset=utf-8"
# Looked at anew each time, with the tag of what is there already; nobody between keeps it.
HEADERS = {"Cache-Control": "private, no-cache", "Content-Disposition": 'inline; filename="visits.ics"'}

_CALENDAR: dict[str, Any] = {"text/calendar": {"schema": {"type": "string"}}}
_TAGGED = {"ETag": {"$ref": "#/components/headers/ETag"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": _CALENDAR, "headers": _TAGGED, "description": "The calendar."},
    304: {"headers": _TAGGED, "description": "It is what the caller has already."},
}


@routes.post("/advisors/{advisor_id}/calendar-feed", status_code=201, responses=refuses(404))
@permit(Role.ADVISOR, *LEADS)
@idempotent()
async def make_advisors(
    advisor_id: UUID, form: FeedForm, *, tx: Transaction, kit: OfKit, by: By, now: Now
) -> MadeFeedView:
    """A new secret address of an advisor's visits, told this once. An advisor makes those of her own calendar."""
    made, token = await actions.make(tx, Holder.ADVISOR, advisor_id, language=form.language, by=by, now=now)
    return _made(made, token, kit)


@routes.get("/advisors/{advisor_id}/calendar-feed")
@permit(Role.ADVISOR, *LEADS)
async def list_advisors(advisor_id: UUID, tx: Transaction, by: By) -> FeedsView:
    """The addresses of an advisor's visits."""
    return await _feeds(tx, Holder.ADVISOR, advisor_id, by)


@routes.post("/boutiques/{boutique_id}/calendar-feed", status_code=201, responses=refuses(404))
@permit(*LEADS)
@idempotent()
async def make_boutiques(
    boutique_id: UUID, form: FeedForm, *, tx: Transaction, kit: OfKit, by: By, now: Now
) -> MadeFeedView:
    """A new secret address of a boutique's visits, told this once."""
    made, token = await actions.make(tx, Holder.BOUTIQUE, boutique_id, language=form.language, by=by, now=now)
    return _made(made, token, kit)


@routes.get("/boutiques/{boutique_id}/calendar-feed")
@permit(*LEADS)
async def list_boutiques(boutique_id: UUID, tx: Transaction, by: By) -> FeedsView:
    """The addresses of a boutique's visits."""
    return await _feeds(tx, Holder.BOUTIQUE, boutique_id, by)


@routes.delete("/calendar-feeds/{feed_id}", status_code=204)
@permit(Role.ADVISOR, *LEADS)
async def revoke_feed(feed_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Whoever has that address reads nothing more."""
    await actions.revoke(tx, feed_id, by=by, now=now)


@routes.get("/me/appointments/{appointment_id}/calendar", response_class=Response, responses=_ANSWERS)
@permit(Role.CLIENT)
async def my_file(
    appointment_id: UUID,
    *,
    request: Request,
    tx: Transaction,
    kit: OfKit,
    by: By,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """A visit of hers as a file for her calendar."""
    await bookings.visible(tx, appointment_id, by)
    row = await queries.one_visit(tx, appointment_id)
    body = actions.file_of(row, language=_language(request), public_url=kit.settings.public_url)
    return _answer(body, if_none_match)


@open_routes.get("/calendars/{token}", response_class=Response, responses={**_ANSWERS, **refuses(404)})
@public
async def read_calendar(
    token: str,
    *,
    request: Request,
    kit: OfKit,
    now: Now,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """The calendar behind a secret address (it ends in `.ics`): an advisor's, a boutique's, or one client's visit."""
    if not token.endswith(SUFFIX):
        raise NotFound
    body = await _behind(token.removesuffix(SUFFIX), request, kit, now)
    return _answer(body, if_none_match)


async def _behind(token: str, request: Request, kit: Kit, now: Now) -> bytes:
    public_url = kit.settings.public_url
    brand_id, visit = rules.brand_of(token), links.meant(token)
    if brand_id is not None:
        async with kit.database.transaction(brand_id) as tx:
            return await actions.feed(tx, token, public_url=public_url, now=now)
    if visit is None:
        raise NotFound
    async with kit.database.transaction(visit[0]) as tx:
        return await actions.linked_visit(tx, token, language=_language(request), public_url=public_url, now=now)


def _answer(body: bytes, if_none_match: str | None) -> Response:
    tag = etag(rules.tag_of(body))
    headers = {**HEADERS, "ETag": tag}
    if rules.is_known(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": TYPE})


def _language(request: Request) -> str:
    return "en" if problems.language(request.headers.get("accept-language", "")) == "en" else "zh"


async def _feeds(tx: Transaction, kind: Holder, holder_id: UUID, by: Caller) -> FeedsView:
    await actions.check_holder(tx, kind, holder_id, by)
    found = await queries.feeds(tx, kind, holder_id)
    return FeedsView(items=[FeedView.model_validate(one) for one in found])


def _made(made: CalendarFeed, token: str, kit: Kit) -> MadeFeedView:
    told = FeedView.model_validate(made).model_dump()
    return MadeFeedView(**told, url=f"{kit.settings.public_url}/calendars/{token}{SUFFIX}")
