"""Joining the waiting list and leaving it, and whom a brand asks first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotPermitted
from infra.tombstones import spare
from infra.wire import Stale, check_match
from services.appointments.availability import queries as times
from services.appointments.bookings.actions.placing import ClientMissing
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import wall
from services.appointments.occasions.rules.life import Segment
from services.appointments.waitlist import queries
from services.appointments.waitlist.actions import settling
from services.appointments.waitlist.queries import Setting
from services.appointments.waitlist.rules import (
    MOST,
    AlreadyWaiting,
    NotWaiting,
    OfferStatus,
    Status,
    TooManyWaits,
    Wish,
    check_range,
)
from services.appointments.waitlist.tables import Entry, WaitlistPolicy

# She taps on two phones: one after the other is counted.
_TURN = text("select pg_advisory_xact_lock(hashtextextended('waitlist:' || :brand || ':' || :client, 0))")


async def join(tx: AsyncSession, wish: Wish, *, by: Caller, now: datetime) -> Entry:
    """Put a client on the list.

    Raises NotFound, NotPermitted, ClientMissing, what `check_offer` raises, WaitRangeInvalid, TooManyWaits and
    AlreadyWaiting.
    """
    boutique = await directory.own_boutique(tx, wish.boutique_id, by)
    experience = await directory.experience(tx, wish.experience_id)
    if wish.advisor_id is not None:
        await directory.own_advisor(tx, wish.advisor_id, by)
    whose = _whose(wish.client_id, by)
    await spare(tx, f"client:{whose}")
    client = await times.person(tx, whose)
    await times.check_offer(tx, experience, client, actor=times.actor(by))
    check_range(wish.from_on, wish.until_on, today=wall(now, ZoneInfo(boutique.zone)).date())
    await tx.execute(_TURN, {"brand": brand(tx), "client": str(client.client_id)})
    if by.role is Role.CLIENT and await queries.open_entries(tx, client.client_ids) >= MOST:
        raise TooManyWaits
    entry = Entry(
        brand_id=boutique.brand_id,
        entry_id=new_id(),
        client_id=client.client_id,
        boutique_id=wish.boutique_id,
        experience_id=wish.experience_id,
        advisor_id=wish.advisor_id,
        from_on=wish.from_on,
        until_on=wish.until_on,
        hours=[list(one) for one in wish.hours],
        party_size=wish.party_size,
        status=Status.WAITING,
        made_by=by.role,
        joined_at=now,
        due_at=now,
        silences=0,
        version=1,
    )
    tx.add(entry)
    try:
        await tx.flush()
    except IntegrityError as fault:
        if violated(fault) == "uq_waitlist_entry_open":
            raise AlreadyWaiting from None
        raise
    return entry


def _whose(client_id: UUID | None, by: Caller) -> UUID:
    if by.role is Role.CLIENT:
        if by.client_id is None or client_id not in {None, by.client_id}:
            raise NotPermitted
        return by.client_id
    if client_id is None:
        raise ClientMissing
    return client_id


async def leave(tx: AsyncSession, entry_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Entry:
    """Take a client from the list, and give back what was kept for her; raises NotFound, Stale, NotWaiting."""
    entry = await queries.visible(tx, entry_id, by, lock=True)
    check_match(if_match, entry.version)
    if entry.status not in {Status.WAITING, Status.OFFERED}:
        raise NotWaiting(waiting_status=entry.status)
    offer = (await queries.open_offers(tx, [entry_id])).get(entry_id)
    if offer is not None and await settling.give_back(tx, offer, now=now):
        await settling.settle(tx, entry, offer, OfferStatus.DECLINED, now=now)
    elif offer is not None:
        # Its appointment has ended or was agreed in this very moment; that is told when it is settled.
        raise NotWaiting(waiting_status=entry.status)
    entry.status, entry.ended_at, entry.version = Status.LEFT, now, entry.version + 1
    await tx.flush()
    return entry


async def stand_still(tx: AsyncSession, client_ids: Collection[UUID]) -> None:
    """Let nobody offer these clients anything, or take an answer of theirs, before the transaction ends.

    For whoever erases them, before all else: a list is locked first, and then what is kept for those on it.
    """
    query = select(Entry.entry_id).where(Entry.brand_id == brand(tx), Entry.client_id.in_(client_ids))
    await tx.execute(query.order_by(Entry.entry_id).with_for_update())


async def set_policy(tx: AsyncSession, priority: Sequence[Segment], *, offer_minutes: int, if_match: str) -> Setting:
    """Say whom the brand asks first, from now on; raises Stale."""
    before = await queries.setting(tx, lock=True)
    check_match(if_match, before.version)
    new = {
        "priority": [one.value for one in priority],
        "offer_minutes": offer_minutes,
        "version": before.version + 1,
    }
    row = insert(WaitlistPolicy).values(brand_id=brand(tx), **new)
    # Two who set the first one at once: the second finds a version it has not read.
    written = row.on_conflict_do_update(
        index_elements=["brand_id"], set_=new, where=WaitlistPolicy.version == before.version
    ).returning(WaitlistPolicy.version)
    if (await tx.execute(written)).scalar_one_or_none() is None:
        raise Stale
    return Setting(tuple(priority), offer_minutes, before.version + 1)
