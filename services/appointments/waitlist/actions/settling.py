"""How an offer ends. Its appointment alone says so: what stands here follows from it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.wire import check_match
from services.appointments.bookings.actions import agreeing, life
from services.appointments.bookings.rules.life import HoldExpired, StepNotPossible
from services.appointments.bookings.rules.life import Status as Agreed
from services.appointments.bookings.tables import Appointment
from services.appointments.waitlist import queries
from services.appointments.waitlist.events import WaitlistAnswered
from services.appointments.waitlist.rules import (
    AFTER,
    COOL_DOWN,
    MOST_SILENCES,
    OPEN,
    ROUND,
    NothingOffered,
    OfferRanOut,
    OfferStatus,
    Status,
    settled,
)
from services.appointments.waitlist.tables import Entry, Offer

BATCH = 100
UNANSWERED = "unanswered"

# Whoever only waits for the next round is looked at now; who rests longer, by night or after a door that refused, rests
# on. Locked rows are passed over: they are being looked at.
_STIR = text(
    """
    update waitlist_entry set due_at = :now where brand_id = :brand and entry_id in (
        select entry_id from waitlist_entry
        where brand_id = :brand and boutique_id = :boutique and status = 'waiting'
        and due_at > :now and due_at <= cast(:now as timestamptz) + cast(:round as interval)
        order by entry_id for update skip locked
    )
    """
)


def house(brand_id: str) -> Caller:
    """As whom the list keeps times and gives them back."""
    return Caller("waitlist", Role.SERVICE, brand_id)


async def stir(tx: AsyncSession, boutique_id: UUID, *, now: datetime) -> None:
    """Let those who wait at a boutique be looked at now: something has become free there."""
    asked = {"brand": tx.info["brand_id"], "boutique": boutique_id, "now": now, "round": ROUND}
    await tx.execute(_STIR, asked)


async def accept(tx: AsyncSession, entry_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Entry:
    """Agree to the time that is kept for her: its appointment is confirmed, or asked for where it has to be approved.

    Raises NotFound, Stale, NothingOffered, OfferRanOut, and what `confirm` raises.
    """
    entry, offer = await _answerable(tx, entry_id, if_match=if_match, by=by)
    if now >= offer.expires_at:
        raise OfferRanOut(expired_at=offer.expires_at.isoformat())
    try:
        await agreeing.confirm(tx, offer.appointment_id, if_match="*", by=by, now=now)
    except HoldExpired:  # the rows decide: a rival's clock may run ahead
        raise OfferRanOut(expired_at=offer.expires_at.isoformat()) from None
    await settle(tx, entry, offer, OfferStatus.ACCEPTED, now=now)
    return entry


async def decline(tx: AsyncSession, entry_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Entry:
    """Let the time go to the next; she stays on the list. Raises NotFound, Stale, NothingOffered, OfferRanOut."""
    entry, offer = await _answerable(tx, entry_id, if_match=if_match, by=by)
    if not await give_back(tx, offer, now=now):
        raise OfferRanOut(expired_at=offer.expires_at.isoformat())
    await settle(tx, entry, offer, OfferStatus.DECLINED, now=now)
    return entry


async def _answerable(tx: AsyncSession, entry_id: UUID, *, if_match: str, by: Caller) -> tuple[Entry, Offer]:
    # The entry before its appointment, everywhere: so nobody waits for whom waits for him.
    entry = await queries.visible(tx, entry_id, by, lock=True)
    check_match(if_match, entry.version)
    offer = (await queries.open_offers(tx, [entry_id])).get(entry_id)
    if offer is None or offer.offered_at is None:
        raise NothingOffered(waiting_status=entry.status)
    return entry, offer


async def give_back(tx: AsyncSession, offer: Offer, *, now: datetime) -> bool:
    """Free what is kept for her; False if it is kept no more, because it ran out or was agreed."""
    found = await tx.get_one(Appointment, (offer.brand_id, offer.appointment_id), with_for_update=True)
    if found.status != Agreed.HELD:
        return False
    try:
        await life.cancel(tx, offer.appointment_id, if_match="*", by=house(offer.brand_id), now=now)
    except StepNotPossible:
        return False
    return True


async def settle(
    tx: AsyncSession, entry: Entry, offer: Offer, outcome: OfferStatus, *, now: datetime, reason: str | None = None
) -> None:
    """Write down how an offer to a locked entry ended; what is free again is offered to the next."""
    told = offer.offered_at is not None
    offer.status, offer.settled_at, offer.reason = outcome, now, reason
    entry.status, entry.reason, entry.version = AFTER[outcome], reason, entry.version + 1
    entry.due_at = now + COOL_DOWN if outcome is OfferStatus.UNDELIVERABLE else now
    if outcome is OfferStatus.EXPIRED:
        entry.silences += told
        if entry.silences >= MOST_SILENCES:
            entry.status, entry.reason = Status.ENDED, UNANSWERED
    else:
        entry.silences = 0
    if entry.status in {Status.ACCEPTED, Status.ENDED}:
        entry.ended_at = now
    record(
        tx,
        WaitlistAnswered(
            entry_id=entry.entry_id,
            offer_id=offer.offer_id,
            appointment_id=offer.appointment_id,
            client_id=entry.client_id,
            boutique_id=entry.boutique_id,
            outcome=outcome.value,  # type: ignore[arg-type]
        ),
    )
    await tx.flush()
    if outcome is not OfferStatus.ACCEPTED:
        await stir(tx, entry.boutique_id, now=now)


async def undeliverable(tx: AsyncSession, offer_id: UUID, reason: str, *, now: datetime) -> None:
    """No message reaches her: the time goes back at once, and she stays on the list with the reason noted."""
    brand_id: str = tx.info["brand_id"]
    offer = await tx.get(Offer, (brand_id, offer_id))
    if offer is None:  # she had herself erased, or it is long ago
        return
    entry = await tx.get_one(Entry, (brand_id, offer.entry_id), with_for_update=True)
    await tx.refresh(offer)
    if offer.status in OPEN and await give_back(tx, offer, now=now):
        await settle(tx, entry, offer, OfferStatus.UNDELIVERABLE, now=now, reason=reason)


async def settle_ended(database: Database, *, now: datetime) -> int:
    """Write down the offers whose appointments say how they ended, each in a transaction of its own."""
    async with database.transaction(EVERY_BRAND) as tx:
        query = (
            select(Offer.brand_id, Offer.offer_id)
            .join(
                Appointment,
                (Appointment.brand_id == Offer.brand_id) & (Appointment.appointment_id == Offer.appointment_id),
            )
            .where(Offer.status.in_(OPEN), Appointment.status != Agreed.HELD)
            .limit(BATCH)
        )
        due = [(brand_id, offer_id) for brand_id, offer_id in await tx.execute(query)]
    return sum([await _settle_ended(database, brand_id, offer_id, now=now) for brand_id, offer_id in due])


async def _settle_ended(database: Database, brand_id: str, offer_id: UUID, *, now: datetime) -> bool:
    async with database.transaction(brand_id) as tx:
        offer = await tx.get_one(Offer, (brand_id, offer_id))
        query = select(Entry).where(Entry.brand_id == brand_id, Entry.entry_id == offer.entry_id)
        # Locked means that she answers just now, or that another process settles it.
        entry = (await tx.execute(query.with_for_update(skip_locked=True))).scalar_one_or_none()
        if entry is None:
            return False
        await tx.refresh(offer)
        found = await tx.get_one(Appointment, (brand_id, offer.appointment_id))
        outcome = settled(found.status, was_agreed=found.confirmed_at is not None)
        if offer.status not in OPEN or outcome is None:
            return False
        await settle(tx, entry, offer, outcome, now=now)
        return True
