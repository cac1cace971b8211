"""What the clock does at the door: stays that nobody ended, and turns that could not be announced at once."""

import asyncio
from collections import defaultdict
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.appointments.directory import queries as directory
from services.appointments.visits.actions.queueing import BATCH, announce_due, end
from services.appointments.visits.rules.stays import GRACE, LeftHow, Status, closing
from services.appointments.visits.tables import Visit

LOOK = 60.0  # seconds between two looks for closed boutiques
SOON = 2.0  # seconds between two looks for turns that wait for profile
MANY = 500  # stays looked at in one go


async def closing_up(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that ends forgotten stays. Several processes may do so: each row is taken once."""
    while not stop.is_set():
        await close_forgotten(kit.database, now=kit.clock())
        await pause(stop, LOOK)


async def announcing(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that tells those whose turn has come while profile was away."""
    while not stop.is_set():
        if await announce_due(kit, now=kit.clock()) < BATCH:
            await pause(stop, SOON)


async def close_forgotten(database: Database, *, now: datetime) -> int:
    """End the stays of boutiques that have been closed for an hour; answers how many."""
    after: tuple[datetime, UUID] | None = None
    ended = 0
    while True:
        async with database.transaction(EVERY_BRAND) as tx:
            query = select(Visit.brand_id, Visit.visit_id, Visit.boutique_id, Visit.arrived_at).where(
                Visit.status != Status.LEFT, Visit.arrived_at <= now - GRACE
            )
            if after is not None:
                query = query.where(tuple_(Visit.arrived_at, Visit.visit_id) > tuple_(*after))
            found = (await tx.execute(query.order_by(Visit.arrived_at, Visit.visit_id).limit(MANY))).all()
        here: dict[tuple[str, UUID], list[UUID]] = defaultdict(list)
        for row in found:
            here[row.brand_id, row.boutique_id].append(row.visit_id)
        for (brand_id, boutique_id), visit_ids in sorted(here.items()):
            async with database.transaction(brand_id) as tx:
                ended += await _close(tx, boutique_id, visit_ids, now=now)
        if len(found) < MANY:
            return ended
        after = (found[-1].arrived_at, found[-1].visit_id)


async def _close(tx: AsyncSession, boutique_id: UUID, visit_ids: list[UUID], *, now: datetime) -> int:
    boutique = await directory.boutique(tx, boutique_id)
    timetable = (await directory.timetables(tx, [boutique_id]))[boutique_id]
    # Locked means that somebody says just now that she leaves, or that another process is at it.
    query = (
        select(Visit)
        .where(Visit.brand_id == boutique.brand_id, Visit.visit_id.in_(visit_ids), Visit.status != Status.LEFT)
        .order_by(Visit.visit_id)
        .with_for_update(skip_locked=True)
    )
    ended = 0
    for visit in (await tx.execute(query)).scalars():
        closed_at = closing(timetable, ZoneInfo(boutique.zone), visit.on_day, visit.arrived_at)
        if closed_at + GRACE <= now:
            end(tx, visit, left_at=closed_at, how=LeftHow.AFTER_CLOSING)
            ended += 1
    return ended
