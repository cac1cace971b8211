"""Routes of free times."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.identity import permit
from infra.openapi import refuses
from infra.refusal import BadRequest, Kind, NotFound, Refusal
from infra.wire import After, Page, cursor, read_cursor
from services.appointments.availability import queries
from services.appointments.availability.api.asking import ASKS, own, shown_to, whom
from services.appointments.availability.rules import Actor, earliest, only, slots
from services.appointments.availability.schemas import Instant, PartySize, SlotView, instant
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode, Span
from services.appointments.directory.schemas.places import City
from services.appointments.directory.schemas.staff import Language

routes = router()

LONGEST = timedelta(days=31)


class RangeTooWide(Refusal):
    """Free times are looked up for a month at most."""

    kind = Kind.INVALID
    slug = "availability-range-too-wide"
    en = "Ask for free times between `from` and a later `to`, at most 31 days apart."
    zh = "查询可预约时段时，to 须晚于 from，且相隔不超过 31 天。"


class PlaceUnclear(Refusal):
    """Free times are those of one boutique, or of the boutiques of one city."""

    kind = Kind.INVALID
    slug = "availability-place-unclear"
    en = "Say where: either one boutique (`boutique_id`) or a city (`city`)."
    zh = "请指明地点：某一精品店(boutique_id)或某一城市(city)，二者选一。"


@routes.get("/availability", responses=refuses(404, 409))
@permit(*ASKS)
async def read_availability(
    *,
    boutique_id: UUID | None = None,
    city: Annotated[City | None, Query()] = None,
    experience_id: UUID,
    starts_from: Annotated[Instant, Query(alias="from")],
    until: Annotated[Instant, Query(alias="to")],
    client_id: UUID | None = None,
    advisor_id: UUID | None = None,
    mine: bool = False,
    party_size: PartySize = 1,
    mode: Mode | None = None,
    language: Annotated[Language | None, Query()] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    kit: OfKit,
    tx: Transaction,
    by: By,
    now: Now,
) -> Page[SlotView]:
    """Free times that start between `from` and `to`, at one boutique or all of a city.

    `mine`: with her own advisor, or who stands in for that one. The house may ask for a client (`client_id`) whom it
    may see: then `mine` is her advisor, and what is not open to her is not. Her own appointments are left out for
    herself and for who sees all of them.
    """
    if not timedelta(0) < until - starts_from <= LONGEST:
        raise RangeTooWide
    if boutique_id is not None and city is None:
        boutiques = [await directory.own_boutique(tx, boutique_id, by)]
    elif boutique_id is None and city is not None:
        found = await directory.boutiques_of(tx, city)
        boutiques = [one for one in found if directory.within_reach(by, one.boutique_id)]
    else:
        raise PlaceUnclear
    if not boutiques:
        raise NotFound
    experience = await directory.experience(tx, experience_id)
    client = await whom(tx, kit.peers, client_id, by)
    actor = queries.actor(by)
    open_to = actor if client is None else Actor.CLIENT
    await queries.check_offer(tx, experience, client, actor=open_to, mode=mode, language=language)
    stand_ins: list[tuple[UUID, Span]] = []
    if mine:
        advisor_id, stand_ins = await own(tx, client, Span(starts_from, until), by)
    terms = queries.terms(experience, mode)
    whose = client.client_id if client else None
    of = f"availability {boutique_id} {city} {experience_id} {advisor_id} {mine} {whose} {party_size} {mode} {language}"
    begin = _read(after, of)
    # The same bounds as for booking: what is shown can be had.
    first = max(starts_from, begin[0] if begin else starts_from, earliest(terms, actor, now))
    last = min(until, now + terms.horizon)
    if first >= last:
        return Page(items=[])
    window = Span(first, last)
    around = await queries.all_surroundings(
        tx, boutiques, experience, window, client=client, party_size=party_size, mode=mode, language=language
    )
    outlooks = [shown_to(by, one) for one in await queries.outlooks(tx, around, window, now=now)]
    free = sorted(
        (slot.starts_at, place.boutique_id, slot)
        for place, outlook in zip(around, outlooks, strict=True)
        for slot in slots(outlook if advisor_id is None else only(outlook, advisor_id, stand_ins), window)
    )
    if begin is not None:
        free = [one for one in free if one[:2] >= begin]
    items = [
        SlotView(
            boutique_id=place,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            advisor_ids=list(slot.advisor_ids),
            second_advisor_ids=list(slot.second_ids),
        )
        for _, place, slot in free[:limit]
    ]
    more = cursor(free[limit][0].isoformat(), free[limit][1], of=of) if len(free) > limit else None
    return Page(items=items, next_cursor=more)


def _read(after: str | None, of: str) -> tuple[datetime, UUID] | None:
    key = read_cursor(after, of=of, parts=2)
    try:
        return (instant(key[0]), UUID(key[1])) if key else None
    except ValueError:
        raise BadRequest from None
