"""Routes of a boutique's two-hourly count."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.wire import IfMatch, Spelled, etag
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span
from services.appointments.directory.schemas.places import Day
from services.appointments.visits.actions.noting import enter
from services.appointments.visits.queries import tally as queries
from services.appointments.visits.rules.tally import Bucket, Coverage, bucket_at, buckets, coverage
from services.appointments.visits.schemas import BucketStart, BucketView, TallyForm, TallyView
from services.appointments.visits.tables import VisitTally

routes = router()

SEES = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
OnDay = Annotated[Day, Spelled]


@routes.get("/visits/tally", responses=refuses(404))
@permit(*SEES)
async def read_tally(boutique_id: UUID, on: Annotated[OnDay, Query()], tx: Transaction, by: By, now: Now) -> TallyView:
    """How many entered in each two hours that a boutique was open, by its own clock, and where nobody counted."""
    several = await _buckets(tx, boutique_id, on, by)
    counted, outside = await queries.counted(tx, boutique_id, on, several)
    entered = await queries.entered(tx, boutique_id, on)
    closures = await _closures(tx, boutique_id, several)
    shown = [
        _view(bucket, entries, people, entered.get(bucket.starts), closures, now=now)
        for bucket, (entries, people) in zip(several, counted, strict=True)
    ]
    return TallyView(
        boutique_id=boutique_id,
        on_day=on,
        buckets=shown,
        entries=outside + sum(one.entries or 0 for one in shown),
        outside=outside,
        gaps=sum(one.coverage is Coverage.GAP for one in shown),
    )


@routes.put("/visits/tally/{boutique_id}/{on}/{starts}", responses=tagged())
@permit(Role.MANAGER)
async def enter_tally(
    *,
    boutique_id: UUID,
    on: Annotated[OnDay, Path()],
    starts: Annotated[BucketStart, Path()],
    form: TallyForm,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> BucketView:
    """Enter the number of a stretch that is over, by hand. Its version is 0 while nobody has."""
    begins = int(starts[:2]) * 60 + int(starts[3:])
    await enter(tx, boutique_id, on, begins, form.entries, if_match=if_match, by=by, now=now)
    several = await _buckets(tx, boutique_id, on, by)
    bucket = bucket_at(several, begins)
    (counted,), _ = await queries.counted(tx, boutique_id, on, [bucket])
    shown = _view(bucket, *counted, (await queries.entered(tx, boutique_id, on))[begins], (), now=now)
    response.headers["ETag"] = etag(shown.version)
    return shown


async def _buckets(tx: AsyncSession, boutique_id: UUID, on: Day, by: Caller) -> list[Bucket]:
    boutique = await directory.own_boutique(tx, boutique_id, by)
    timetable = (await directory.timetables(tx, [boutique_id]))[boutique_id]
    return buckets(timetable, on, ZoneInfo(boutique.zone))


async def _closures(tx: AsyncSession, boutique_id: UUID, several: Sequence[Bucket]) -> Sequence[Span]:
    if not several:
        return ()
    window = Span(several[0].during.starts_at, max(one.during.ends_at for one in several))
    return await directory.closed(tx, boutique_id, window)


def _view(
    bucket: Bucket, counted: int, people: int, entered: VisitTally | None, closures: Sequence[Span], *, now: Now
) -> BucketView:
    by_hand = entered.entries if entered else None
    covered = coverage(bucket, counted=counted, entered=by_hand, closures=closures, now=now)
    known = covered in {Coverage.COUNTED, Coverage.BY_HAND, Coverage.GOING_ON}
    return BucketView(
        starts=_clock(bucket.starts),
        ends=_clock(bucket.ends),
        coverage=covered,
        entries=(counted if by_hand is None else by_hand) if known else None,
        counted=counted,
        people=people,
        entered=by_hand,
        entered_by=entered.entered_by if entered else None,
        entered_at=entered.entered_at if entered else None,
        version=entered.version if entered else 0,
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
