"""Lead time, no-shows, and how much of the time offered was booked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span, Timetable, spans, wall
from services.appointments.reports.queries.scope import GROUPED, PLACES, Asked, Group, by_group
from services.appointments.reports.rules.figures import Away, Level, days_between, offered, shared

# What was never agreed has no lead time and misses nobody; what was cancelled neither came nor failed to.
_BOOKINGS = (
    PLACES  # noqa: S608 - our own words
    + """
, seen as (
    select a.*, place.region_id,
        date_trunc(cast(:interval as text), cast((a.starts_at at time zone place.zone) as date))::date as period
    from appointment a join place on place.boutique_id = a.boutique_id
    where a.brand_id = :brand and a.starts_at >= :since_at and a.starts_at < :until_at
        and cast((a.starts_at at time zone place.zone) as date) >= :first
        and cast((a.starts_at at time zone place.zone) as date) < :until
        and a.confirmed_at is not null and (cast(:advisor as uuid) is null or a.advisor_id = :advisor)
)
select period,"""
    + GROUPED
    + """
    , count(*) as agreed,
    count(*) filter (where status in ('checked-in', 'completed')) as came,
    count(*) filter (where status = 'no-show' and not excused) as missed,
    count(*) filter (where status = 'cancelled') as cancelled,
    percentile_cont(array[0.25, 0.5, 0.75]) within group (
        order by greatest(extract(epoch from starts_at - created_at), 0) / 86400) as lead_days,
    coalesce(sum(extract(epoch from ends_at - starts_at) / 60)
        filter (where status in ('confirmed', 'checked-in', 'completed')), 0) as advisor_minutes,
    coalesce(sum(extract(epoch from ends_at - starts_at) / 60)
        filter (where status in ('confirmed', 'checked-in', 'completed') and room_id is not null), 0) as room_minutes
from seen
group by grouping sets ((period), (period, region_id), (period, boutique_id))
"""
)
_PLACES = PLACES + " select boutique_id, region_id, zone from place order by boutique_id"  # noqa: S608 - the same
# Whoever left or is away offers nothing then.
_ADVISORS = (
    PLACES
    + """
select a.advisor_id, a.boutique_id, a.absent_from, a.absent_until,
    cast((a.left_at at time zone place.zone) as date) as left_on
from advisor a join place on place.boutique_id = a.boutique_id
where a.brand_id = :brand and (cast(:advisor as uuid) is null or a.advisor_id = :advisor)
order by a.advisor_id
"""
)
_ROOMS = (
    PLACES
    + """
select r.room_id, r.boutique_id from room r join place on place.boutique_id = r.boutique_id
where r.brand_id = :brand order by r.room_id
"""
)
_BLOCKED = text(
    """
    select o.resource_id, lower(o.during) as starts_at, upper(o.during) as ends_at
    from unnest(cast(:resources as uuid[])) as wanted (resource_id)
    join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
        and o.during && tstzrange(:since_at, :until_at, '[)')
    where o.kind in ('leave', 'closure')
    """
)


@dataclass(slots=True)
class Offered:
    """Minutes that advisors worked and rooms were open."""

    advisors: int = 0
    rooms: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of the visits agreed for a period. `lead_days`: quarter, half, three quarters."""

    agreed: int = 0
    came: int = 0
    missed: int = 0
    cancelled: int = 0
    lead_days: Sequence[float] = field(default_factory=list)
    advisor_minutes: float = 0
    room_minutes: float = 0


async def booked(tx: AsyncSession, asked: Asked) -> Mapping[Group, Booked]:
    """The visits agreed, by the day they were to be on."""
    rows = await tx.execute(text(_BOOKINGS), asked.named(tx, _BOOKINGS))
    return {
        line: Booked(
            row.agreed,
            row.came,
            row.missed,
            row.cancelled,
            list(row.lead_days or ()),
            float(row.advisor_minutes),
            float(row.room_minutes),
        )
        for line, row in by_group(asked.scope, rows).items()
    }


async def available(tx: AsyncSession, asked: Asked) -> Mapping[Group, Offered]:
    """The time that advisors worked, and that boutiques with their rooms were open: a constant number of statements."""
    places = {row.boutique_id: row for row in await tx.execute(text(_PLACES), asked.named(tx, _PLACES))}
    advisors = (await tx.execute(text(_ADVISORS), asked.named(tx, _ADVISORS))).all()
    # Whoever asks for herself has no room of her own.
    alone = asked.scope.advisor_id is not None
    rooms = [] if alone else (await tx.execute(text(_ROOMS), asked.named(tx, _ROOMS))).all()
    timetables = await directory.timetables(tx, [*places, *(one.advisor_id for one in advisors)])
    bound = asked.bound(tx)
    blocked: dict[UUID, list[Span]] = defaultdict(list)
    holders = [*(one.advisor_id for one in advisors), *(one.room_id for one in rooms)]
    asks = {name: bound[name] for name in ("brand", "since_at", "until_at")}
    for row in await tx.execute(_BLOCKED, asks | {"resources": holders}):
        blocked[row.resource_id].append(Span(row.starts_at, row.ends_at))
    found: dict[Group, Offered] = defaultdict(Offered)
    for period, days in _periods(asked).items():
        for one in advisors:
            place = places[one.boutique_id]
            hours = timetables[one.advisor_id]
            taken = _taken(blocked[one.advisor_id], hours, place.zone, days)
            minutes = offered(hours, days, _away(one, taken))
            for line in _lines(asked, place, period):
                found[line].advisors += minutes
        for one in rooms:
            place = places[one.boutique_id]
            hours = timetables[one.boutique_id]
            taken = _taken(blocked[one.room_id], hours, place.zone, days)
            for line in _lines(asked, place, period):
                found[line].rooms += offered(hours, days, Away(minutes=taken))
    return found


def _periods(asked: Asked) -> dict[date, list[date]]:
    periods: dict[date, list[date]] = defaultdict(list)
    for day in days_between(asked.first, asked.until):
        periods[asked.interval.of(day)].append(day)
    return periods


def _away(advisor: Any, taken: int) -> Away:
    days: list[tuple[date, date | None]] = []
    if advisor.absent_from is not None:
        days.append((advisor.absent_from, advisor.absent_until))
    if advisor.left_on is not None:
        days.append((advisor.left_on, None))
    return Away(tuple(days), taken)


def _taken(blocked: Iterable[Span], hours: Timetable, zone: str, days: Sequence[date]) -> int:
    """The minutes of these days' hours that leave or a closure takes."""
    clock = ZoneInfo(zone)
    total = 0
    for stretch in blocked:
        for worked in spans(hours, clock, stretch):
            if days[0] <= wall(worked.starts_at, clock).date() <= days[-1]:
                total += shared([stretch], worked)
    return total


def _lines(asked: Asked, place: Any, period: date) -> list[Group]:
    """The lines that a boutique's minutes count in."""
    scope = asked.scope
    lines = []
    for rank, level in enumerate(scope.levels):
        region_id = place.region_id if level is Level.REGION else None
        boutique_id = place.boutique_id if level is Level.BOUTIQUE else None
        lines.append(Group(rank, period, level, region_id, boutique_id))
    return lines
