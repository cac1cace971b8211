"""Routes of suggested hours: public holidays and make-up workdays."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import Kind, Refusal
from infra.wire import IfMatch, Spelled, etag
from services.appointments.directory import queries
from services.appointments.directory.actions import places as actions
from services.appointments.directory.models.calendar import ZONES, known, suggestions
from services.appointments.directory.schemas.places import MOST_DATES, Day, TimetableView
from services.appointments.directory.schemas.suggestions import Covers, SuggestionsView, SuggestionView, TakeForm

routes = router()

LEADS = (Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)


class DaysTooMany(Refusal):
    """Suggestions are made for a year and a month at most."""

    kind = Kind.INVALID
    slug = "suggestions-range-too-wide"
    en = "Ask for the days from `from` to a later or equal `to`, at most 400 days."
    zh = "查询建议时，to 不得早于 from，且最多 400 天。"


@routes.get("/boutiques/{boutique_id}/hours/suggestions")
@permit(*LEADS)
async def suggest_hours(
    boutique_id: UUID,
    first_on: Annotated[Day, Spelled, Query(alias="from")],
    last_on: Annotated[Day, Spelled, Query(alias="to")],
    tx: Transaction,
    by: By,
) -> SuggestionsView:
    """Hours that public holidays and make-up workdays are likely to want; nothing changes until they are taken over."""
    if not 0 <= (last_on - first_on).days < MOST_DATES:
        raise DaysTooMany
    boutique = await queries.own_boutique(tx, boutique_id, by)
    hours = (await queries.timetables(tx, [boutique_id]))[boutique_id]
    begins, ends = known()
    if boutique.zone not in ZONES:
        covers = Covers.ELSEWHERE
    elif begins <= first_on and last_on <= ends:
        covers = Covers.ALL
    else:
        covers = Covers.SOME if first_on <= ends and begins <= last_on else Covers.NONE
    return SuggestionsView(
        covers=covers,
        known_from_on=begins,
        known_until_on=ends,
        items=[SuggestionView.of(one) for one in suggestions(boutique.zone, hours, first_on, last_on)],
    )


@routes.put("/boutiques/{boutique_id}/hours/suggestions")
@permit(*LEADS)
async def take_suggestions_over(
    *, boutique_id: UUID, form: TakeForm, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> TimetableView:
    """Make the suggested hours of these days the boutique's own dated hours. Appointments already made stay."""
    boutique, hours = await actions.take_over(tx, boutique_id, form.on, if_match=if_match, by=by)
    response.headers["ETag"] = etag(boutique.version)
    return TimetableView.of(hours, boutique.version)
