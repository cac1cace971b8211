"""Lead time, no-shows, and how much of the time offered was booked."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span, Timetable
from services.appointments.reports.queries.scope import GROUPED, PLACES, Asked, Group, by_group
from services.appointments.reports.rules.figures import Level, days_between
from services.appointments.reports.rules.offering import Away, offered

# What was never agreed has no lead time and misses nobody; what was cancelled neither came nor failed to. A visit is
# its advisor's; of its time, whoever receives her as the second gives as much.
_BOOKINGS = (
    PLACES  # noqa: S608 - our own words
    + """
, seen as (
    select a.*, place.region_id,
        cast(:advisor as uuid) is null or a.advisor_id = :advisor as is_hers,
        case when cast(:advisor as uuid) is null
            then num_nonnulls(a.advisor_id, a.second_advisor_id) else 1 end as receive,
        date_trunc(cast(:interval as text), cast((a.starts_at at time zone place.zone) as date))::date as period
    from appointment a join place on place.boutique_id = a.boutique_id
    where a.brand_id = :brand and a.starts_at >= :since_at and a.starts_at < :until_at
        and cast((a.starts_at at time zone place.zone) as date) >= :first
        and cast((a.starts_at at time zone place.zone) as date) < :until
        and a.confirmed_at is not null
        and (cast(:advisor as uuid) is null or :advisor in (a.advisor_id, a.second_advisor_id))
)
select period,"""
    + GROUPED
    + """
    , count(*) filter (where is_hers) as agreed,
    count(*) filter (where is_hers and status in ('checked-in', 'completed')) as came,
    count(*) filter (where is_hers and status = 'no-show' and not excused) as missed,
    count(*) filter (where is_hers and status = 'cancelled') as cancelled,
    percentile_cont(array[0.25, 0.5, 0.75]) within group (
        order by greatest(extract(epoch from starts_at - created_at), 0) / 86400) filter (where is_hers) as lead_days,
    coalesce(sum(receive * extract(epoch from ends_at - starts_at) / 60)
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
    select o.resource_id, o.starts_at, o.ends_at
    from unnest(cast(:resources as uuid[])) as wanted (resource_id)
    join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
        and o.starts_at < :until_at and o.ends_at > :since_at
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
    """The time that advisors worked, and that boutiques with their rooms were open.

    A constant number of statements, and the reckoning in a thread: a brand's four hundred days would stop all else.
    """
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
    holding = [
        *(_Holding(places[one.boutique_id], timetables[one.advisor_id], _away(one, blocked)) for one in advisors),
        *(_Room(places[one.boutique_id], timetables[one.boutique_id], _shut(one, blocked)) for one in rooms),
    ]
    return await asyncio.to_thread(_reckoned, asked, holding)


@dataclass(frozen=True, slots=True)
class _Holding:
    """An advisor, or a room: where, with which hours, and when not."""

    place: Any
    hours: Timetable
    away: Away


class _Room(_Holding):
    """Whose minutes are the boutique's, room by room."""


def _reckoned(asked: Asked, holding: Sequence[_Holding]) -> Mapping[Group, Offered]:
    periods: dict[date, list[date]] = defaultdict(list)
    for day in days_between(asked.first, asked.until):
        periods[asked.interval.of(day)].append(day)
    found: dict[Group, Offered] = defaultdict(Offered)
    for one in holding:
        for period, minutes in offered(one.hours, ZoneInfo(one.place.zone), periods, one.away).items():
            for line in _lines(asked, one.place, period):
                if isinstance(one, _Room):
                    found[line].rooms += minutes
                else:
                    found[line].advisors += minutes
    return found


def _away(advisor: Any, blocked: Mapping[UUID, Sequence[Span]]) -> Away:
    days: list[tuple[date, date | None]] = []
    if advisor.absent_from is not None:
        days.append((advisor.absent_from, advisor.absent_until))
    if advisor.left_on is not None:
        days.append((advisor.left_on, None))
    return Away(tuple(days), tuple(blocked[advisor.advisor_id]))


def _shut(room: Any, blocked: Mapping[UUID, Sequence[Span]]) -> Away:
    return Away((), tuple(blocked[room.room_id]))


def _lines(asked: Asked, place: Any, period: date) -> list[Group]:
    """The lines that a boutique's minutes count in."""
    scope = asked.scope
    lines = []
    for rank, level in enumerate(scope.levels):
        region_id = place.region_id if level is Level.REGION else None
        boutique_id = place.boutique_id if level is Level.BOUTIQUE else None
        lines.append(Group(rank, period, level, region_id, boutique_id))
    return lines
