"""Routes of free times."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.refusal import BadRequest, Kind, Refusal
from infra.wire import After, Page, cursor, read_cursor
from services.appointments.availability import queries
from services.appointments.availability.rules import earliest, only, slots
from services.appointments.availability.schemas import Instant, PartySize, SlotView, instant
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span

routes = router()

LONGEST = timedelta(days=31)


class RangeTooWide(Refusal):
    """Free times are looked up for a month at most."""

    kind = Kind.INVALID
    slug = "availability-range-too-wide"
    en = "Ask for free times between `from` and a later `to`, at most 31 days apart."
    zh = "查询可预约时段时，to 须晚于 from，且相隔不超过 31 天。"


@routes.get("/availability", responses=refuses(404))
@permit(Role.CLIENT, Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def read_availability(
    *,
    boutique_id: UUID,
    experience_id: UUID,
    starts_from: Annotated[Instant, Query(alias="from")],
    until: Annotated[Instant, Query(alias="to")],
    advisor_id: UUID | None = None,
    party_size: PartySize = 1,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    tx: Transaction,
    by: By,
    now: Now,
) -> Page[SlotView]:
    """Free times that start between `from` and `to`. A client's own appointments are left out of hers."""
    if not timedelta(0) < until - starts_from <= LONGEST:
        raise RangeTooWide
    boutique = await directory.own_boutique(tx, boutique_id, by)
    experience = await directory.experience(tx, experience_id)
    client = await queries.person(tx, by.client_id) if by.client_id else None
    terms = queries.terms(experience)
    of = f"availability {boutique_id} {experience_id} {advisor_id} {by.client_id} {party_size}"
    # The same bounds as for booking: what is shown can be had.
    first = max(starts_from, _read(after, of) or starts_from, earliest(terms, queries.actor(by), now))
    last = min(until, now + terms.horizon)
    if first >= last:
        return Page(items=[])
    window = Span(first, last)
    around = await queries.surroundings(tx, boutique, experience, window, client=client, party_size=party_size)
    outlook = await queries.outlook(tx, around, window, now=now)
    found = slots(outlook if advisor_id is None else only(outlook, advisor_id), window)
    more = cursor(found[limit].starts_at.isoformat(), of=of) if len(found) > limit else None
    return Page(items=[SlotView.model_validate(slot) for slot in found[:limit]], next_cursor=more)


def _read(after: str | None, of: str) -> datetime | None:
    key = read_cursor(after, of=of, parts=1)
    try:
        return instant(key[0]) if key else None
    except ValueError:
        raise BadRequest from None
