"""Composing the sheet of a visit and the list of a morning, as things are when somebody reads them."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.app import Kit
from infra.identity import Caller
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.actions.wording import Opened, opened
from services.appointments.bookings.rules import Status
from services.appointments.bookings.schemas import AppointmentView
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import DAY, reaches
from services.appointments.directory.tables import Experience
from services.appointments.preparation import queries
from services.appointments.preparation.actions import asking
from services.appointments.preparation.actions.asking import Told
from services.appointments.preparation.queries import LaidOut, Named
from services.appointments.preparation.rules import (
    MOST_VISITS,
    Note,
    Readiness,
    expected,
    missing,
    receives,
    reference,
)
from services.appointments.preparation.schemas import (
    AnsweredView,
    ArrangementView,
    MorningBriefView,
    MorningVisitView,
    Part,
    PreparationView,
    WordsView,
)

OF_PROFILE = ("preferences", "conversations", "notes", "purchases", "wishes", "gifts")


@dataclass(frozen=True)
class Peers:
    """What the three services told of a day."""

    profile: Told
    orders: Told
    prepared: Told


async def sheet(kit: Kit, appointment_id: UUID, *, seen: str, by: Caller, now: datetime) -> PreparationView:
    """Everything that who receives her should know of a visit; raises NotFound."""
    # A transaction of its own that ends before the peers are asked: no connection waits for another service.
    async with kit.database.transaction(by.brand_id) as tx:
        visit = await bookings.visible(tx, appointment_id, by)
        boutique = await directory.boutique(tx, visit.boutique_id)
        experience = await directory.experience(tx, visit.experience_id)
        rooms = {room.room_id: room for room in await directory.rooms(tx, visit.boutique_id)}
        advisor = await queries.advisor(tx, visit.advisor_id)
        arrangement = await queries.arrangement(tx, appointment_id)
        written = opened(tx, visit)
    room = rooms.get(visit.room_id) if visit.room_id else None
    profile, orders = Told(note=Note.NOT_EXPECTED), Told(note=Note.NOT_EXPECTED)
    assortment: tuple[Part | None, Note | None] = (None, Note.NOT_EXPECTED)
    if _is_expected(visit, now):
        profile, orders, assortment = await asyncio.gather(
            asking.briefs(kit.peers, [visit.client_id], parts=asking.IN_FULL, seen=seen, by=by),
            asking.open_orders(kit.peers, [visit.client_id], by=by),
            asking.assortment(kit.peers, appointment_id, by=by),
        )
    card, note = _card(profile, visit.client_id)
    # Pieces tell of her taste: without profile's yes they are only for those who lay them out for her.
    if card is None and not receives(Status(visit.status), here=visit.boutique_id in by.boutique_ids):
        assortment = (None, note)
    # That something of hers is to be put right says who she is: it is for those who may see her.
    if card is None:
        orders = Told(note=note)
    hers = profile.of.get(visit.client_id, {})
    return PreparationView(
        appointment=AppointmentView.model_validate(visit),
        reference=reference(visit.appointment_id),
        zone=boutique.zone,
        boutique_name_zh=boutique.name_zh,
        boutique_name_en=boutique.name_en,
        experience_name_zh=experience.name_zh,
        experience_name_en=experience.name_en,
        advisor_id=visit.advisor_id,
        advisor_name=advisor.display_name if advisor else None,
        room_name_zh=room.name_zh if room else None,
        room_name_en=room.name_en if room else None,
        words=_words(written, experience),
        arrangement=ArrangementView.model_validate(arrangement) if arrangement.version else None,
        card=card,
        **{name: _listed(hers, name) if card is not None else None for name in OF_PROFILE},
        card_note=note,
        work_orders=None if orders.note else _listed(orders.of.get(visit.client_id, {}), "work_orders") or [],
        work_orders_note=orders.note,
        assortment=assortment[0],
        assortment_note=assortment[1],
    )


async def morning(
    kit: Kit, boutique_id: UUID, on: date | None, *, seen: str, by: Caller, now: datetime
) -> MorningBriefView:
    """A boutique's day by its own clock, today's without a day: four statements, three calls; raises NotFound."""
    async with kit.database.transaction(by.brand_id) as tx:
        boutique = await directory.own_boutique(tx, boutique_id, by)
        zone = ZoneInfo(boutique.zone)
        day = on or now.astimezone(zone).date()
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
        found = await queries.of_day(
            tx,
            boutique_id,
            starts_from=reaches(midnight, zone),
            until=reaches(midnight + DAY, zone),
            limit=MOST_VISITS + 1,
        )
        visits = found[:MOST_VISITS]
        arranged = await queries.arrangements(tx, [one.visit.appointment_id for one in visits])
        written = [opened(tx, one.visit) for one in visits]
    clients = {one.visit.client_id for one in visits if _is_expected(one.visit, now)}
    profile, orders, prepared = await asyncio.gather(
        asking.briefs(kit.peers, clients, parts=("gifts",), seen=seen, by=by),
        asking.open_orders(kit.peers, clients, by=by),
        asking.laid_out(kit.peers, [one.visit.appointment_id for one in visits], by=by),
    )
    return MorningBriefView(
        boutique_id=boutique_id,
        boutique_name_zh=boutique.name_zh,
        boutique_name_en=boutique.name_en,
        zone=boutique.zone,
        on=day,
        composed_at=now,
        visits=[
            _visit(one, words, arranged.get(one.visit.appointment_id), Peers(profile, orders, prepared), now=now)
            for one, words in zip(visits, written, strict=True)
        ],
        more=len(found) > MOST_VISITS,
        profile_note=profile.note,
        work_orders_note=orders.note,
        assortments_note=prepared.note,
    )


def _is_expected(visit: Appointment, now: datetime) -> bool:
    return expected(
        Status(visit.status),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        arrived_at=visit.arrived_at,
        completed_at=visit.completed_at,
        now=now,
    )


def _card(profile: Told, client_id: UUID) -> tuple[Part | None, Note | None]:
    """Her card; where it is missing though profile answered, she is not for this caller."""
    card = profile.of.get(client_id, {}).get("card")
    if isinstance(card, dict):
        return card, None
    return None, profile.note or Note.REFUSED


def _listed(told: Part, name: str) -> list[Part] | None:
    found = told.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def _words(written: Opened, experience: Experience) -> WordsView:
    return WordsView(
        requests=written.requests,
        configuration=written.configuration,
        answers=[
            AnsweredView(
                code=one["code"],
                text_zh=one["text_zh"],
                text_en=one["text_en"],
                answer=(written.answers or {}).get(one["code"]),
            )
            for one in experience.questions
        ],
    )


def _visit(one: Named, written: Opened, laid: LaidOut | None, peers: Peers, *, now: datetime) -> MorningVisitView:
    visit, client_id = one.visit, one.visit.client_id
    profile, orders, prepared = peers.profile, peers.orders, peers.prepared
    card, note = _card(profile, client_id) if _is_expected(visit, now) else (None, Note.NOT_EXPECTED)
    gifts = _listed(profile.of.get(client_id, {}), "gifts")
    open_orders = _listed(orders.of.get(client_id, {}), "work_orders") or []
    chosen = None if prepared.note else prepared.of.get(visit.appointment_id, {})
    ready = Readiness(
        status=visit.status,
        mode=visit.mode,
        needs_room=one.experience.needs_room,
        has_room=one.room is not None,
        is_arranged=laid is not None,
        asks=len(one.experience.questions),
        answers=len(written.answers or {}),
        has_link=written.link is not None,
        pieces=_count(chosen, "pieces"),
        not_in_stock=_count(chosen, "not_in_stock"),
    )
    return MorningVisitView(
        appointment_id=visit.appointment_id,
        reference=reference(visit.appointment_id),
        status=Status(visit.status),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        party_size=visit.party_size,
        mode=visit.mode,
        experience_name_zh=one.experience.name_zh,
        experience_name_en=one.experience.name_en,
        advisor_id=visit.advisor_id,
        advisor_name=one.advisor.display_name if one.advisor else None,
        room_name_zh=one.room.name_zh if one.room else None,
        room_name_en=one.room.name_en if one.room else None,
        refreshments=laid.refreshments if laid else None,
        room_setup=laid.room_setup if laid else None,
        card=card,
        card_note=note,
        gifts_due=len(gifts) if card is not None and gifts is not None else None,
        work_orders_open=len(open_orders) if card is not None and orders.note is None else None,
        pieces=ready.pieces,
        missing=list(missing(ready)),
    )


def _count(chosen: Part | None, name: str) -> int | None:
    """None while nobody can say, 0 where nothing is prepared."""
    found = chosen.get(name, 0) if chosen is not None else None
    return found if isinstance(found, int) else None
