"""The list at work: what ended is settled, what is free is kept for the next, and she is told, or it goes back."""

import asyncio
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from services.appointments.bookings.actions.door import Message, Told, tell
from services.appointments.bookings.rules.life import Status as Agreed
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.occasions.actions import messages
from services.appointments.occasions.queries import guests
from services.appointments.occasions.rules import words
from services.appointments.occasions.rules.life import LEASE, wait_after
from services.appointments.waitlist.actions import settling
from services.appointments.waitlist.actions.offering import offer_round
from services.appointments.waitlist.events import WaitlistOffered
from services.appointments.waitlist.rules import OfferStatus
from services.appointments.waitlist.tables import Entry, Offer

EVERY = 1.0  # seconds between two looks
BATCH = 8  # told side by side
TEMPLATE = "waitlist-offer"


async def offering(kit: Kit, stop: asyncio.Event) -> None:
    """Work through the lists until told to stop. Several processes may do so: each offer is made and told once."""
    while not stop.is_set():
        if not await work_once(kit):
            await pause(stop, EVERY)


async def work_once(kit: Kit) -> int:
    """Settle, offer, tell; answers how much there was to do."""
    start_trace(None)
    done = await settling.settle_ended(kit.database, now=kit.clock())
    done += await offer_round(kit.database, now=kit.clock())
    return done + await tell_once(kit)


async def tell_once(kit: Kit) -> int:
    """Tell one batch of offers; answers how many were taken up."""
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        query = (
            select(Offer)
            .where(Offer.status == OfferStatus.ASKING, Offer.next_attempt_at <= now, Offer.expires_at > now)
            .order_by(Offer.next_attempt_at, Offer.offer_id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        claimed = []
        for one in (await tx.execute(query)).scalars():
            one.attempts += 1
            one.next_attempt_at = now + max(LEASE, wait_after(one.attempts))
            claimed.append((one.brand_id, one.offer_id))
    # The claims are committed: no row is locked while profile is asked, and a killed instance's claims lapse.
    async with asyncio.TaskGroup() as tasks:
        for brand_id, offer_id in claimed:
            tasks.create_task(_alone(kit, brand_id, offer_id))
    return len(claimed)


async def _alone(kit: Kit, brand_id: str, offer_id: UUID) -> None:
    """Tell one. A fault of one must not hold up its neighbours: it is logged, and its claim lapses."""
    try:
        with work("tell of an offer"):
            async with kit.database.transaction(brand_id) as tx:
                message = await _message(tx, brand_id, offer_id)
            if message is None:
                return
            # The same key on every try: whatever is killed in between, she is told once.
            told = await tell(kit.peers, brand_id, message, key=str(offer_id))
            async with kit.database.transaction(brand_id) as tx:
                await _keep(tx, offer_id, told, now=kit.clock())
    except Exception as fault:  # noqa: BLE001 - an edge: each offer is a job of its own
        structlog.get_logger().error("offer-fault", offer_id=str(offer_id), **reduced(fault))


async def _message(tx: AsyncSession, brand_id: str, offer_id: UUID) -> Message | None:
    """What she is to be told; None where the time is not kept for her any more, which is settled next."""
    offer = await tx.get_one(Offer, (brand_id, offer_id))
    kept = await tx.get_one(Appointment, (brand_id, offer.appointment_id))
    if offer.status != OfferStatus.ASKING or kept.status != Agreed.HELD:
        return None
    entry = await tx.get_one(Entry, (brand_id, offer.entry_id))
    boutique = await directory.boutique(tx, entry.boutique_id)
    experience = await directory.experience(tx, entry.experience_id)
    zone = ZoneInfo(boutique.zone)
    said = {
        "experience": experience.name_zh,
        "date": words.spelled(offer.starts_at, zone),
        "place": boutique.name_zh,
        "until": words.spelled(offer.expires_at, zone),
    }
    known = await guests.known(tx, [offer.client_id])
    return Message(
        known[offer.client_id].client_id if known else offer.client_id,
        TEMPLATE,
        {"experience": words.cut(experience.name_zh), "date": said["date"], "place": words.cut(boutique.name_zh)},
        purpose=words.PURPOSES[TEMPLATE],
        text=words.sentence(TEMPLATE, **said),
        link=f"pages/waitlist?id={offer.entry_id}",
        expires_at=offer.expires_at,
    )


async def _keep(tx: AsyncSession, offer_id: UUID, told: Told | None, *, now: datetime) -> None:
    brand_id: str = tx.info["brand_id"]
    if told is None:
        offer = await tx.get_one(Offer, (brand_id, offer_id), with_for_update=True)
        offer.next_attempt_at = now + wait_after(offer.attempts)
        return
    reason = None if told.taken else told.reason or "refused"
    if told.message_id is not None:
        heard = await messages.match(tx, told.message_id, offer_id, now=now)
        if heard.outcome == "refused":
            reason = reason or heard.reason or "refused"
    if reason is not None:
        await settling.undeliverable(tx, offer_id, reason, now=now)
        return
    found = await tx.get_one(Offer, (brand_id, offer_id))
    entry = await tx.get_one(Entry, (brand_id, found.entry_id), with_for_update=True)
    offer = await tx.get_one(Offer, (brand_id, offer_id), with_for_update=True, populate_existing=True)
    offer.offered_at = now
    if offer.status != OfferStatus.ASKING:  # she has found and confirmed the time already, or left
        return
    offer.status = OfferStatus.OFFERED
    entry.version += 1
    record(
        tx,
        WaitlistOffered(
            entry_id=entry.entry_id,
            offer_id=offer_id,
            appointment_id=offer.appointment_id,
            client_id=entry.client_id,
            boutique_id=entry.boutique_id,
            experience_id=entry.experience_id,
            starts_at=offer.starts_at,
            expires_at=offer.expires_at,
        ),
    )
