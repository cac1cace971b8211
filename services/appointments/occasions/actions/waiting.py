"""Who waits for a seat is offered one when it is free: the offer holds the seat, and ends by itself."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.appointments.occasions.actions import seating
from services.appointments.occasions.actions.replying import WAITING
from services.appointments.occasions.actions.telling import SEAT_OFFER, unreachable
from services.appointments.occasions.queries import guests, occasions
from services.appointments.occasions.rules.life import Standing, Status, Step, step
from services.appointments.occasions.rules.seats import rank
from services.appointments.occasions.rules.words import offer_until
from services.appointments.occasions.tables import Invitation, Occasion, Session

EVERY = 1.0  # seconds
BATCH = 100
RAN_OUT, UNTOLD = "offer-ran-out", "offer-not-told"


async def seating_those_who_wait(kit: Kit, stop: asyncio.Event) -> None:
    """End offers that ran out and offer what is free, until told to stop. Several processes may do so."""
    while not stop.is_set():
        ended = await lapse(kit.database, now=kit.clock())
        if not (await offer(kit.database, now=kit.clock()) + ended):
            await pause(stop, EVERY)


async def lapse(database: Database, *, now: datetime) -> int:
    """End the offers that ran out, each in a transaction of its own; answers how many ended."""
    async with database.transaction(EVERY_BRAND) as tx:
        query = (
            select(Invitation.brand_id, Invitation.invitation_id)
            .where(Invitation.status == Status.OFFERED, Invitation.offer_expires_at <= now)
            .order_by(Invitation.offer_expires_at)
            .limit(BATCH)
        )
        due = [(brand_id, invitation_id) for brand_id, invitation_id in await tx.execute(query)]
    return sum([await _lapse(database, brand_id, invitation_id, now=now) for brand_id, invitation_id in due])


async def _lapse(database: Database, brand_id: str, invitation_id: UUID, *, now: datetime) -> bool:
    async with database.transaction(brand_id) as tx:
        # Locked means that she accepts it just now, or that another process ends it.
        guest = await _locked(tx, brand_id, invitation_id, Status.OFFERED)
        if guest is None or guest.offer_expires_at is None or guest.offer_expires_at > now:
            return False
        guest.version += 1
        if guest.to_tell is not None:  # she never heard of it, and keeps her place
            seating.owe(guest, None, now=now)
            await unreachable(tx, guest, SEAT_OFFER, UNTOLD, now=now)
            return True
        await seating.free(tx, [guest])
        guest.status = step(Status.OFFERED, Step.LAPSE)
        guest.reason, guest.offer_expires_at, guest.waiting_since = RAN_OUT, None, None
        guest.session_id, guest.plus_ones = None, 0
        return True


async def offer(database: Database, *, now: datetime) -> int:
    """Offer free seats to those who wait; answers how many were offered."""
    async with database.transaction(EVERY_BRAND) as tx:
        query = (
            select(Session.brand_id, Session.session_id)
            .join(
                Invitation,
                (Invitation.brand_id == Session.brand_id) & (Invitation.session_id == Session.session_id),
            )
            .join(Occasion, (Occasion.brand_id == Session.brand_id) & (Occasion.occasion_id == Session.occasion_id))
            .where(
                Invitation.status == Status.WAITING,
                Invitation.next_attempt_at <= now,
                Occasion.status == Standing.PUBLISHED,
                Session.taken < Session.seats,
                Session.starts_at > now,
            )
            .distinct()
            .limit(BATCH)
        )
        free = [(brand_id, session_id) for brand_id, session_id in await tx.execute(query)]
    return sum([await _offer(database, brand_id, session_id, now=now) for brand_id, session_id in free])


async def _offer(database: Database, brand_id: str, session_id: UUID, *, now: datetime) -> bool:
    """Offer seats of one session to whoever is first; one guest in one transaction."""
    async with database.transaction(brand_id) as tx:
        policy = (await occasions.setting(tx)).policy
        waiting = sorted(
            await guests.waiting(tx, session_id, now=now, limit=WAITING),
            # Sorted already by the time they have waited, which stands among equals.
            key=lambda one: rank(seating.segment_of(one), policy.wait_order),
        )
        if not waiting:
            return False
        occasion = await occasions.occasion(tx, waiting[0].occasion_id)
        there = await occasions.sessions(tx, [occasion.occasion_id])
        seated = next(one for one in there[occasion.occasion_id] if one.session.session_id == session_id)
        seating_now = seated.seating(occasion, now=now)
        first = next((one for one in waiting if one.party <= seating_now.free_for(seating.segment_of(one))), None)
        # Locked means that she answers just now, or that another process offers it to her.
        guest = await _locked(tx, brand_id, first.invitation_id, Status.WAITING) if first is not None else None
        if guest is None or guest.session_id != session_id:
            return False
        seated = (await occasions.locked(tx, [session_id]))[session_id]
        if guest.party > seated.seating(occasion, now=now).free_for(seating.segment_of(guest)):
            return False  # somebody was quicker
        seating.take(guest, occasion, seated, party=guest.party, now=now)
        guest.status, guest.version, guest.reason = step(Status.WAITING, Step.OFFER), guest.version + 1, None
        guest.offer_expires_at = offer_until(now, policy.offer_minutes, seated.session.starts_at)
        seating.owe(guest, SEAT_OFFER, now=now)
        return True


async def _locked(tx: AsyncSession, brand_id: str, invitation_id: UUID, status: Status) -> Invitation | None:
    query = (
        select(Invitation)
        .where(Invitation.brand_id == brand_id, Invitation.invitation_id == invitation_id, Invitation.status == status)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await tx.execute(query)).scalar_one_or_none()
