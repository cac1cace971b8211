"""Finding who receives her and where, and taking their time before somebody else does."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.queries import Person, Surroundings
from services.appointments.availability.rules import (
    Actor,
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
from services.appointments.bookings.rules.assigning import Reason, ranked
from services.appointments.bookings.rules.disruptions import Away, shut
from services.appointments.bookings.rules.placing import Place, SlotTaken, holding, lenient, placed, roomiest, set_aside
from services.appointments.bookings.rules.proposals import beyond
from services.appointments.bookings.tables import Appointment
from services.appointments.directory.rules import SECOND, Mode, Span
from services.appointments.directory.tables import Boutique, Experience

ATTEMPTS = 8  # combinations of advisor and room that are tried when rivals keep taking them
ALTERNATIVES = 3
REACH = (timedelta(days=1), timedelta(days=14))  # how far around alternatives are looked for: first near, then far


@dataclass(frozen=True)
class Request:
    """A visit somebody would like."""

    boutique: Boutique
    experience: Experience
    client: Person
    starts_at: datetime
    party_size: int
    mode: Mode = Mode.IN_PERSON
    language: str | None = None
    requested: UUID | None = None
    kept: UUID | None = None  # the advisor of an appointment that is being moved
    is_override: bool = False
    away: Away | None = None

    def seen(self, outlook: Outlook) -> Outlook:
        """An outlook without whoever is away."""
        return outlook if self.away is None else shut(outlook, self.away)

    def claims(self, place: Place) -> list[Claim]:
        """What it takes, at this place. Buffers widen the advisors' and the room's time, not the client's."""
        terms = times.terms(self.experience, self.mode)
        upkeep = terms.upkeep(self.starts_at)
        receiving = [place.advisor_id, place.second_advisor_id, place.room_id]
        claims = [Claim(one, upkeep) for one in receiving if one is not None]
        return [Claim(self.client.client_id, terms.visit(self.starts_at)), *claims]

    @property
    def ends_at(self) -> datetime:
        """When she would leave."""
        return self.starts_at + timedelta(minutes=self.experience.duration_minutes)


@dataclass(frozen=True)
class Taking:
    """What a taken time belongs to: a hold or a proposal that runs out, or a visit.

    `leaving` is the appointment whose time is given back for it, `beside` the one that stays while another time is
    proposed for it: neither stands in its own way.
    """

    taker_id: UUID
    expires_at: datetime | None = None
    leaving: Appointment | None = None
    beside: Appointment | None = None

    @property
    def besides(self) -> UUID | None:
        """Whose own rows are left out of what is taken."""
        own = self.leaving or self.beside
        return own.appointment_id if own else None


@dataclass(frozen=True)
class Taken:
    """The place that was taken, and the rules that were set aside for it."""

    place: Place
    overridden: tuple[str, ...] = ()


async def take(tx: AsyncSession, request: Request, taking: Taking, *, actor: Actor, now: datetime) -> Taken:
    """Take the best place that can still be had; raises what `judge_time` raises, and SlotTaken."""
    instant = Span(request.starts_at, request.starts_at + SECOND)
    around = await survey(tx, request, instant)
    strict = request.seen(await times.outlook(tx, around, instant, now=now, besides=taking.besides))
    outlooks = [strict]
    if request.is_override:
        # All rooms were asked for; only those that hold the party are the rules'.
        outlooks = [
            replace(strict, rooms=holding(strict.rooms, request.party_size)),
            lenient(replace(strict, rooms=roomiest(strict.rooms, request.party_size))),
        ]
    judge_time(outlooks[-1], request.starts_at, actor=actor, now=now, advisor_id=request.requested)
    lost: set[UUID] = set()
    for outlook in outlooks:
        for slot in slots(outlook, instant)[:1]:
            place = await _try(tx, request, slot, outlook, taking, lost=lost, now=now)
            if place is not None:
                return Taken(place, set_aside(outlooks[0], place, request.starts_at, now=now))
    offers = await nearest(tx, request, around, actor=actor, now=now, besides=taking.besides)
    raise SlotTaken(alternatives=told(offers))


async def survey(tx: AsyncSession, request: Request, instant: Span) -> Surroundings:
    """What decides about this request besides the visits already made, for two weeks around."""
    return await times.surroundings(
        tx,
        request.boutique,
        request.experience,
        instant.widened(REACH[-1], REACH[-1]),
        client=request.client,
        party_size=1 if request.is_override else request.party_size,
        mode=request.mode,
        language=request.language,
    )


async def _try(
    tx: AsyncSession,
    request: Request,
    slot: Slot,
    outlook: Outlook,
    taking: Taking,
    *,
    lost: set[UUID],
    now: datetime,
) -> Place | None:
    """Occupy the first choice among what rivals have not taken meanwhile; None when nothing is left."""
    reason = await _reason(tx, request, slot, outlook)
    known = await queries.candidates(tx, [*slot.advisor_ids, *slot.second_ids], request.starts_at, now=now)
    seconds = [one for one, _ in ranked(slot.second_ids, Reason(), known)]
    for _ in range(ATTEMPTS):
        if request.client.client_id in lost:
            return None
        place = placed(
            slot,
            ranked(_without(slot.advisor_ids, lost), reason, known),
            seconds=_without(seconds, lost),
            rooms=_without(slot.room_ids, lost),
            needs_second=outlook.terms.needs_second,
            needs_room=outlook.terms.needs_room,
        )
        if place is None:
            return None
        missing = await occupy(tx, request.claims(place), taking, now=now)
        if not missing:
            return place
        lost |= missing
    return None


def _without(ids: Sequence[UUID], lost: Collection[UUID]) -> list[UUID]:
    return [one for one in ids if one not in lost]


async def _reason(tx: AsyncSession, request: Request, slot: Slot, outlook: Outlook) -> Reason:
    own = outlook.own_advisor_id
    # Who stands in is only asked where her own advisor is not to be had.
    stand_in = () if own in slot.advisor_ids else await times.deputies(tx, request.client, at=request.starts_at)
    return Reason(requested=request.requested, kept=request.kept, own=own, deputies=stand_in)


async def occupy(tx: AsyncSession, claims: Sequence[Claim], taking: Taking, *, now: datetime) -> frozenset[UUID]:
    """Take all of it or nothing; answers which resources others have."""
    wanted = claims
    if taking.beside is not None:
        wanted = beyond(claims, await queries.occupied(tx, taking.beside.appointment_id))
    missing = await availability.occupy(
        tx,
        wanted,
        appointment_id=taking.taker_id,
        now=now,
        expires_at=taking.expires_at,
        leaving=taking.leaving.resource_ids if taking.leaving else (),
    )
    if missing or len({claim.resource_id for claim in wanted}) == len(wanted):
        return missing
    # What lies on both sides of the visit's own time is two rows of one resource, and one alone is not enough.
    if sum(len(spans) for spans in (await queries.occupied(tx, taking.taker_id)).values()) == len(wanted):
        return missing
    resources = frozenset(claim.resource_id for claim in wanted)
    await availability.give_back(tx, taking.taker_id, resources)
    return resources


async def nearest(
    tx: AsyncSession,
    request: Request,
    around: Surroundings,
    *,
    actor: Actor,
    now: datetime,
    besides: UUID | None,
    count: int = ALTERNATIVES,
) -> list[Alternative]:
    """The nearest free times. Nothing is locked while the loser looks around."""
    first = earliest(around.terms, actor, now)
    offers: list[Alternative] = []
    for reach in REACH:
        window = Span(
            max(request.starts_at - reach, first), min(request.starts_at + reach + SECOND, now + around.terms.horizon)
        )
        if window.starts_at >= window.ends_at:
            continue
        outlook = request.seen(await times.outlook(tx, around, window, now=now, besides=besides))
        offers = alternatives(
            slots(outlook, window), request.starts_at, advisor_id=request.requested or request.kept, count=count
        )
        if len(offers) == count:
            break
    return offers


def told(offers: Sequence[Alternative]) -> list[dict[str, str]]:
    """Alternatives as an answer names them."""
    return [{"starts_at": offer.starts_at.isoformat(), "advisor_id": str(offer.advisor_id)} for offer in offers]
