"""Finding a free time for whoever is next, and keeping it for her before anybody else has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.ids import new_id
from infra.refusal import Refusal
from infra.telemetry import reduced
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Slot, slots
from services.appointments.bookings.actions.placing import hold
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span, wall
from services.appointments.directory.tables import Boutique
from services.appointments.waitlist import queries
from services.appointments.waitlist.actions.settling import house
from services.appointments.waitlist.rules import (
    LEAD,
    LONGEST,
    ROUND,
    OfferStatus,
    Status,
    in_turn,
    keep_until,
    suiting,
    wakes_at,
)
from services.appointments.waitlist.tables import Entry, Offer

BOUTIQUES = 50  # looked at in one round
MANY = 2000  # of those who wait at one boutique, looked at together
TRIES = 3  # times that are tried for one client: she may be taken elsewhere at the first of them
RANGE_OVER = "range-over"

# One process works through a boutique's list at a time, so that its order holds.
_TURN = text("select pg_try_advisory_xact_lock(hashtextextended('waitlist-of:' || :brand || ':' || :boutique, 0))")


@dataclass
class _Free:
    """The free times of a boutique by what is wanted, looked up once."""

    tx: AsyncSession
    boutique: Boutique
    now: datetime
    known: dict[tuple[UUID, int], Sequence[Slot]] = field(default_factory=dict)

    async def of(self, entry: Entry) -> Sequence[Slot]:
        """The free times for this experience and so many people, from soon on, as far as it can be booked."""
        key = (entry.experience_id, entry.party_size)
        if key not in self.known:
            self.known[key] = await self._look(entry)
        return self.known[key]

    async def _look(self, entry: Entry) -> Sequence[Slot]:
        experience = await directory.experience(self.tx, entry.experience_id)
        reach = min(times.terms(experience).horizon, LONGEST)
        window = Span(self.now + LEAD, self.now + max(reach, 2 * LEAD))
        around = await times.surroundings(
            self.tx, self.boutique, experience, window, client=None, party_size=entry.party_size
        )
        return slots(await times.outlook(self.tx, around, window, now=self.now), window)


async def offer_round(database: Database, *, now: datetime) -> int:
    """Look through every boutique's list that is due; answers how many offers were made."""
    async with database.transaction(EVERY_BRAND) as tx:
        query = (
            select(Entry.brand_id, Entry.boutique_id)
            .where(Entry.status == Status.WAITING, Entry.due_at <= now)
            .distinct()
            .limit(BOUTIQUES)
        )
        due = [(brand_id, boutique_id) for brand_id, boutique_id in await tx.execute(query)]
    made = 0
    for brand_id, boutique_id in due:
        try:
            while await offer_next(database, brand_id, boutique_id, now=now):
                made += 1
        except Exception as fault:  # noqa: BLE001 - an edge: the other boutiques do not wait for this one
            structlog.get_logger().error("waitlist-fault", boutique_id=str(boutique_id), **reduced(fault))
    return made


async def offer_next(database: Database, brand_id: str, boutique_id: UUID, *, now: datetime) -> bool:
    """Offer one time to whoever is first among those whom one suits; False if there is nobody.

    One in a transaction: two times kept in one would lock what they need in no common order. While times are looked for
    nobody's entry is locked: whoever leaves, or answers, does not wait for that.
    """
    if not await _looked_at(database, brand_id, boutique_id, now=now):
        return False
    async with database.transaction(brand_id) as tx:
        if not await _has_turn(tx, brand_id, boutique_id):
            return False
        boutique = await directory.boutique(tx, boutique_id)
        zone = ZoneInfo(boutique.zone)
        entries = {one.entry_id: one for one in await queries.due(tx, boutique_id, now=now, limit=MANY)}
        setting = await queries.setting(tx)
        waiting = await queries.as_waiting(tx, list(entries.values()))
        free = _Free(tx, boutique, now)
        for turn in in_turn(waiting, setting.priority):
            times_free = suiting(turn, await free.of(entries[turn.entry_id]), zone, now=now, most=TRIES)
            entry = await queries.still_waiting(tx, turn.entry_id) if times_free else None
            if entry is None:
                continue
            kept = await _keep(tx, entry, times_free, minutes=setting.offer_minutes, now=now)
            if kept is not None:
                _offer(tx, entry, kept, now=now)
                return True
        return False


async def _has_turn(tx: AsyncSession, brand_id: str, boutique_id: UUID) -> bool:
    """Whether no other process is at this list before the transaction ends."""
    return bool(await tx.scalar(_TURN, {"brand": brand_id, "boutique": str(boutique_id)}))


async def _looked_at(database: Database, brand_id: str, boutique_id: UUID, *, now: datetime) -> bool:
    """End what is over, and put off to the next round whoever is looked at now; False if nobody is to be asked now."""
    async with database.transaction(brand_id) as tx:
        if not await _has_turn(tx, brand_id, boutique_id):
            return False
        zone = ZoneInfo((await directory.boutique(tx, boutique_id)).zone)
        awake = wakes_at(now, zone)
        today = wall(now, zone).date()
        for one in await queries.due(tx, boutique_id, now=now, limit=MANY, lock=True):
            if one.until_on < today:
                one.status, one.reason, one.ended_at = Status.ENDED, RANGE_OVER, now
                one.version += 1
            else:
                # Whoever is not offered anything now is looked at again in the next round.
                one.due_at = max(now + ROUND, awake)
        return awake <= now


async def _keep(
    tx: AsyncSession, entry: Entry, free: Sequence[Slot], *, minutes: int, now: datetime
) -> Appointment | None:
    for slot in free:
        try:
            async with tx.begin_nested():
                return await hold(
                    tx,
                    boutique_id=entry.boutique_id,
                    experience_id=entry.experience_id,
                    starts_at=slot.starts_at,
                    client_id=entry.client_id,
                    advisor_id=entry.advisor_id,
                    party_size=entry.party_size,
                    piece_code=None,
                    until=keep_until(now, minutes, slot.starts_at),
                    by=house(entry.brand_id),
                    now=now,
                )
        except Refusal as no:
            entry.reason = no.slug  # she is taken then herself, or somebody was quicker
    return None


def _offer(tx: AsyncSession, entry: Entry, kept: Appointment, *, now: datetime) -> None:
    entry.status, entry.reason, entry.version = Status.OFFERED, None, entry.version + 1
    tx.add(
        Offer(
            brand_id=entry.brand_id,
            offer_id=new_id(),
            entry_id=entry.entry_id,
            client_id=entry.client_id,
            appointment_id=kept.appointment_id,
            starts_at=kept.starts_at,
            ends_at=kept.ends_at,
            status=OfferStatus.ASKING,
            made_at=now,
            expires_at=kept.expires_at,
            attempts=0,
            next_attempt_at=now,
        )
    )
