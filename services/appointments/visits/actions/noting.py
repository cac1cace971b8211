"""What becomes known later: whose visit it was, from where, how often; and numbers that are entered by hand."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.tombstones import spare
from infra.wire import check_match
from services.appointments.availability import queries as times
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import brand
from services.appointments.visits.actions.queueing import hush
from services.appointments.visits.events import VisitorRecognised
from services.appointments.visits.queries import stays
from services.appointments.visits.rules.stays import Status, Step, VisitIsBooked, step
from services.appointments.visits.rules.tally import bucket_at, buckets, judge_entry
from services.appointments.visits.tables import Visit, VisitTally


async def note(tx: AsyncSession, visit_id: UUID, changes: Mapping[str, Any], *, if_match: str, by: Caller) -> Visit:
    """Keep what is known by now; whether the caller may see the client was asked before.

    Raises NotFound, Stale, VisitIsBooked, VisitStepNotPossible.
    """
    visit = await stays.visible(tx, visit_id, by, lock=True)
    check_match(if_match, visit.version)
    left = dict(changes)
    if "client_id" in left:
        await _recognise(tx, visit, left.pop("client_id"))
    if "waits" in left:
        _wait(visit, waits=left.pop("waits"))
    if left.get("served_by") is not None:
        await directory.own_advisor(tx, left["served_by"], by)
    for name, value in left.items():
        setattr(visit, name, value)
    visit.version += 1
    return visit


async def enter(
    tx: AsyncSession,
    boutique_id: UUID,
    on_day: date,
    starts: int,
    entries: int,
    *,
    if_match: str,
    by: Caller,
    now: datetime,
) -> None:
    """Enter the number of a stretch that is over; raises NotFound, NoSuchBucket, BucketNotOver, Stale."""
    boutique = await directory.own_boutique(tx, boutique_id, by)
    timetable = (await directory.timetables(tx, [boutique_id]))[boutique_id]
    bucket = bucket_at(buckets(timetable, on_day, ZoneInfo(boutique.zone)), starts)
    judge_entry(bucket, now)
    place = {"brand_id": brand(tx), "boutique_id": boutique_id, "on_day": on_day, "starts": starts}
    said = {"ends": bucket.ends, "entries": entries, "entered_by": by.subject, "entered_at": now}
    first = insert(VisitTally).values(**place, **said, version=0).on_conflict_do_nothing()
    await tx.execute(first)
    row = (await tx.execute(select(VisitTally).filter_by(**place).with_for_update())).scalar_one()
    check_match(if_match, row.version)
    for name, value in said.items():
        setattr(row, name, value)
    row.version += 1
    await tx.flush()


async def _recognise(tx: AsyncSession, visit: Visit, client_id: UUID | None) -> None:
    if client_id == visit.client_id:
        return
    if visit.is_booked:
        raise VisitIsBooked
    if client_id is not None:
        await spare(tx, f"client:{client_id}")
    hush(visit)
    visit.client_id = client_id
    visit.advisor_id = (await times.person(tx, client_id)).owner_id if client_id is not None else None
    record(
        tx,
        VisitorRecognised(
            visit_id=visit.visit_id,
            boutique_id=visit.boutique_id,
            client_id=client_id,
            advisor_id=None if visit.status == Status.LEFT else visit.advisor_id,
            arrived_at=visit.arrived_at,
        ),
    )


def _wait(visit: Visit, *, waits: bool) -> None:
    status = Status(visit.status)
    wanted, there = (Step.WAIT, Status.WAITING) if waits else (Step.LOOK_ROUND, Status.INSIDE)
    if status is not there:
        visit.status = step(status, wanted)
        hush(visit)
