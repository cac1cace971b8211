"""Reads of the waiting list."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.availability import queries as availability
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.directory.rules import Span
from services.appointments.occasions.queries import guests
from services.appointments.occasions.rules.life import Segment
from services.appointments.waitlist.rules import OPEN, ROUND, Status, Waiting
from services.appointments.waitlist.tables import Entry, Offer, WaitlistPolicy

OFFER_MINUTES = 120


@dataclass(frozen=True)
class Setting:
    """A brand's setting, with the version to change it from; 0: nobody has set any."""

    priority: tuple[Segment, ...]
    offer_minutes: int
    version: int


async def setting(tx: AsyncSession, *, lock: bool = False) -> Setting:
    """Whom the brand asks first; without a setting nobody is asked before whoever came first."""
    query = select(WaitlistPolicy).where(WaitlistPolicy.brand_id == brand(tx))
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        return Setting((), OFFER_MINUTES, 0)
    return Setting(tuple(Segment(one) for one in row.priority), row.offer_minutes, row.version)


async def _eyes(tx: AsyncSession, by: Caller) -> ColumnElement[bool]:
    """What this caller may see: her own, her boutiques', or the brand's."""
    if by.role is Role.CLIENT:
        if by.client_id is None:
            raise NotFound
        person = await availability.person(tx, by.client_id)
        return Entry.client_id.in_(person.client_ids)
    return Entry.boutique_id.in_(by.boutique_ids) if by.role in LOCAL else true()


async def visible(tx: AsyncSession, entry_id: UUID, by: Caller, *, lock: bool = False) -> Entry:
    """One entry; raises NotFound when there is none that this caller may see."""
    query = select(Entry).where(Entry.brand_id == brand(tx), Entry.entry_id == entry_id, await _eyes(tx, by))
    found = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def page(
    tx: AsyncSession,
    by: Caller,
    *,
    boutique_id: UUID | None = None,
    status: Status | None = None,
    after: UUID | None,
    limit: int,
) -> Sequence[Entry]:
    """Entries that this caller may see, in the order in which they came."""
    query = select(Entry).where(Entry.brand_id == brand(tx), await _eyes(tx, by))
    if boutique_id is not None:
        query = query.where(Entry.boutique_id == boutique_id)
    if status is not None:
        query = query.where(Entry.status == status)
    if after is not None:
        query = query.where(Entry.entry_id > after)
    return (await tx.execute(query.order_by(Entry.entry_id).limit(limit))).scalars().all()


async def open_offers(tx: AsyncSession, entry_ids: Collection[UUID]) -> Mapping[UUID, Offer]:
    """The offers that stand, by the entries they are made to."""
    query = select(Offer).where(Offer.brand_id == brand(tx), Offer.entry_id.in_(entry_ids), Offer.status.in_(OPEN))
    return {one.entry_id: one for one in (await tx.execute(query)).scalars()}


async def open_entries(tx: AsyncSession, client_ids: Collection[UUID]) -> int:
    """For how many visits a client waits."""
    counted = select(func.count()).where(
        Entry.brand_id == brand(tx),
        Entry.client_id.in_(client_ids),
        Entry.status.in_([Status.WAITING, Status.OFFERED]),
    )
    return (await tx.execute(counted)).scalar_one()


async def due(tx: AsyncSession, boutique_id: UUID, *, now: datetime, limit: int, lock: bool = False) -> Sequence[Entry]:
    """Who waits at a boutique, in the order of coming, without those who rest.

    With `lock` without those either whom somebody has locked: they leave just now. Whoever waits only for the next
    round is among them: nobody who has just come is asked before her.
    """
    query = (
        select(Entry)
        .where(
            Entry.brand_id == brand(tx),
            Entry.boutique_id == boutique_id,
            Entry.status == Status.WAITING,
            Entry.due_at <= now + ROUND,
        )
        .order_by(Entry.joined_at, Entry.entry_id)
        .limit(limit)
    )
    return (await tx.execute(query.with_for_update(skip_locked=True) if lock else query)).scalars().all()


async def still_waiting(tx: AsyncSession, entry_id: UUID) -> Entry | None:
    """Somebody who waits, locked; None if she does so no more. Whoever has her row is waited for: it may be a stir."""
    query = (
        select(Entry)
        .where(Entry.brand_id == brand(tx), Entry.entry_id == entry_id, Entry.status == Status.WAITING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def as_waiting(tx: AsyncSession, entries: Sequence[Entry]) -> list[Waiting]:
    """Entries as the rules know them: with their clients' segments, and with the times they were offered before."""
    known = await guests.known(tx, [one.client_id for one in entries])
    passed: dict[UUID, list[Span]] = {}
    query = select(Offer.entry_id, Offer.starts_at, Offer.ends_at).where(
        Offer.brand_id == brand(tx),
        Offer.entry_id.in_([one.entry_id for one in entries]),
        # What she never heard of she has not let go.
        Offer.offered_at.is_not(None),
    )
    for entry_id, starts_at, ends_at in await tx.execute(query):
        passed.setdefault(entry_id, []).append(Span(starts_at, ends_at))
    return [
        Waiting(
            one.entry_id,
            known[one.client_id].segment if one.client_id in known else None,
            one.joined_at,
            one.advisor_id,
            one.from_on,
            one.until_on,
            tuple((starts, ends) for starts, ends in one.hours),
            tuple(passed.get(one.entry_id, ())),
        )
        for one in entries
    ]
