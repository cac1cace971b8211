"""Finding an advisor and a room for a time, and taking them before somebody else does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import Kind, NotPermitted, Refusal
from infra.tombstones import spare
from infra.wire import check_match
from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.queries import Person, Surroundings
from services.appointments.availability.rules import (
    Alternative,
    Claim,
    Outlook,
    Slot,
    alternatives,
    earliest,
    judge_time,
    slots,
)
from services.appointments.bookings import queries
from services.appointments.bookings.actions.life import announce
from services.appointments.bookings.events import AppointmentMoved
from services.appointments.bookings.rules import (
    HOLD,
    MOST_HOLDS,
    AssignedFor,
    CancellationNotice,
    Load,
    SlotTaken,
    Status,
    Step,
    TooManyHolds,
    ranked,
    step,
)
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import SECOND, Span
from services.appointments.directory.tables import Boutique, Experience

ATTEMPTS = 8  # combinations of advisor and room that are tried when rivals keep taking them
ALTERNATIVES = 3
REACH = (timedelta(days=1), timedelta(days=14))  # how far around alternatives are looked for: first near, then far


class ClientMissing(Refusal):
    """Whoever books for a client says for whom."""

    kind = Kind.INVALID
    slug = "client-missing"
    en = "Say for which client the time is kept (`client_id`)."
    zh = "请指明为哪位客户保留时段(client_id)。"


@dataclass(frozen=True)
class Request:
    """A visit somebody would like."""

    boutique: Boutique
    experience: Experience
    client: Person
    starts_at: datetime
    party_size: int
    requested: UUID | None = None
    kept: UUID | None = None  # the advisor of an appointment that is being moved


@dataclass(frozen=True)
class Place:
    """Who receives her and where."""

    advisor_id: UUID
    room_id: UUID | None
    assigned_for: AssignedFor


async def hold(
    tx: AsyncSession,
    *,
    boutique_id: UUID,
    experience_id: UUID,
    starts_at: datetime,
    client_id: UUID | None,
    advisor_id: UUID | None,
    party_size: int,
    piece_code: str | None,
    by: Caller,
    now: datetime,
) -> Appointment:
    """Keep a time for five minutes.

    Raises NotFound, ClientMissing, NotPermitted, TooManyHolds, what `judge_time` raises, and SlotTaken.
    """
    boutique = await directory.own_boutique(tx, boutique_id, by)
    experience = await directory.experience(tx, experience_id)
    whose = _whose(client_id, by)
    await spare(tx, f"client:{whose}")
    client = await times.person(tx, whose)
    await _check_holds(tx, client, by=by, now=now)
    request = Request(boutique, experience, client, starts_at, party_size, requested=advisor_id)
    appointment_id, expires_at = new_id(), now + HOLD
    place = await _take(tx, request, appointment_id, expires_at=expires_at, by=by, now=now)
    # Now her time is locked: whatever she has kept elsewhere meanwhile is committed, and counts.
    await _check_holds(tx, client, by=by, now=now)
    appointment = Appointment(
        brand_id=boutique.brand_id,
        appointment_id=appointment_id,
        client_id=client.client_id,
        boutique_id=boutique_id,
        advisor_id=place.advisor_id,
        room_id=place.room_id,
        experience_id=experience_id,
        starts_at=starts_at,
        ends_at=starts_at + times.terms(experience).duration,
        status=Status.HELD,
        expires_at=expires_at,
        party_size=party_size,
        piece_code=piece_code,
        assigned_for=place.assigned_for,
        made_by=by.role,
        created_at=now,
        version=1,
    )
    tx.add(appointment)
    await tx.flush()
    return appointment


def _whose(client_id: UUID | None, by: Caller) -> UUID:
    if by.role is Role.CLIENT:
        if by.client_id is None or client_id not in {None, by.client_id}:
            raise NotPermitted
        return by.client_id
    if client_id is None:
        raise ClientMissing
    return client_id


async def _check_holds(tx: AsyncSession, client: Person, *, by: Caller, now: datetime) -> None:
    if by.role is Role.CLIENT and await queries.holds(tx, client.client_ids, now=now) >= MOST_HOLDS:
        raise TooManyHolds


async def move(
    tx: AsyncSession,
    appointment_id: UUID,
    *,
    starts_at: datetime,
    advisor_id: UUID | None,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Appointment:
    """Give a visit another time, with the same advisor if she is free and nobody else is asked for.

    Raises NotFound, Stale, StepNotPossible, NoticeTooShort, what `judge_time` raises, and SlotTaken; then it stays.
    """
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    status = Status(appointment.status)
    appointment.status = step(status, Step.MOVE)
    boutique = await directory.boutique(tx, appointment.boutique_id)
    experience = await directory.experience(tx, appointment.experience_id)
    notice = CancellationNotice(timedelta(minutes=experience.cancel_notice_minutes))
    notice.judge(status=status, starts_at=appointment.starts_at, now=now, actor=times.actor(by))
    await spare(tx, f"client:{appointment.client_id}")
    request = Request(
        boutique,
        experience,
        await times.person(tx, appointment.client_id),
        starts_at,
        appointment.party_size,
        requested=advisor_id,
        kept=appointment.advisor_id,
    )
    place = await _take(tx, request, appointment_id, expires_at=None, by=by, now=now, leaving=appointment)
    appointment.client_id = request.client.client_id
    appointment.advisor_id, appointment.room_id = place.advisor_id, place.room_id
    if place.assigned_for is not AssignedFor.KEPT:
        appointment.assigned_for = place.assigned_for
    appointment.starts_at, appointment.ends_at = starts_at, starts_at + times.terms(experience).duration
    appointment.version += 1
    announce(tx, AppointmentMoved, appointment)
    return appointment


async def _take(
    tx: AsyncSession,
    request: Request,
    appointment_id: UUID,
    *,
    expires_at: datetime | None,
    by: Caller,
    now: datetime,
    leaving: Appointment | None = None,
) -> Place:
    """Take the best advisor and room that can still be had; raises what `judge_time` raises, and SlotTaken."""
    actor, besides = times.actor(by), leaving.appointment_id if leaving else None
    instant = Span(request.starts_at, request.starts_at + SECOND)
    around = await times.surroundings(
        tx,
        request.boutique,
        request.experience,
        instant.widened(REACH[-1], REACH[-1]),
        client=request.client,
        party_size=request.party_size,
    )
    outlook = await times.outlook(tx, around, instant, now=now, besides=besides)
    judge_time(outlook, request.starts_at, actor=actor, now=now, advisor_id=request.requested)
    lost: set[UUID] = set()
    for slot in slots(outlook, instant)[:1]:
        loads = await queries.loads(tx, slot.advisor_ids, request.starts_at, outlook.zone, now=now)
        for _ in range(ATTEMPTS):
            place = _best(slot, request, outlook, loads, without=lost)
            if place is None:
                break
            missing = await availability.occupy(
                tx,
                _claims(request, place, outlook),
                appointment_id=appointment_id,
                now=now,
                expires_at=expires_at,
                leaving=leaving.resource_ids if leaving else (),
            )
            if not missing:
                return place
            lost |= missing
    first = earliest(around.terms, actor, now)
    offers = await _alternatives(tx, request, around, first=first, now=now, besides=besides)
    raise SlotTaken(
        alternatives=[
            {"starts_at": offer.starts_at.isoformat(), "advisor_id": str(offer.advisor_id)} for offer in offers
        ]
    )


async def _alternatives(
    tx: AsyncSession, request: Request, around: Surroundings, *, first: datetime, now: datetime, besides: UUID | None
) -> list[Alternative]:
    """The nearest free times. Nothing is locked while the loser looks around."""
    offers: list[Alternative] = []
    for reach in REACH:
        window = Span(
            max(request.starts_at - reach, first), min(request.starts_at + reach + SECOND, now + around.terms.horizon)
        )
        outlook = await times.outlook(tx, around, window, now=now, besides=besides)
        offers = alternatives(
            slots(outlook, window), request.starts_at, advisor_id=request.requested or request.kept, count=ALTERNATIVES
        )
        if len(offers) == ALTERNATIVES:
            break
    return offers


def _best(
    slot: Slot, request: Request, outlook: Outlook, loads: Mapping[UUID, Load], *, without: Collection[UUID]
) -> Place | None:
    """The first choice among what rivals have not taken meanwhile."""
    advisors = ranked(
        [one for one in slot.advisor_ids if one not in without],
        requested=request.requested,
        kept=request.kept,
        own=outlook.own_advisor_id,
        loads=loads,
    )
    rooms = [one for one in slot.room_ids if one not in without]
    if not advisors or request.client.client_id in without or (outlook.terms.needs_room and not rooms):
        return None
    advisor_id, assigned_for = advisors[0]
    return Place(advisor_id, rooms[0] if rooms else None, assigned_for)


def _claims(request: Request, place: Place, outlook: Outlook) -> list[Claim]:
    upkeep = outlook.terms.upkeep(request.starts_at)
    claims = [
        Claim(request.client.client_id, outlook.terms.visit(request.starts_at)),
        Claim(place.advisor_id, upkeep),
    ]
    return claims if place.room_id is None else [*claims, Claim(place.room_id, upkeep)]
