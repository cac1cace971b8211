"""Reads of the directory."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.directory.rules import Audience, Minutes, Span, Timetable
from services.appointments.directory.tables import (
    Advisor,
    Boutique,
    Closure,
    Experience,
    Leave,
    Region,
    Room,
)

# They see and change what belongs to their own boutiques; the other roles that a route opens to see the brand's.
LOCAL = frozenset({Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.AFTER_SALES, Role.EVENTS})

Row = TypeVar("Row")

_HOURS = text(
    """
    select holder_id, false as is_break, weekday, cast(null as date) as on_day, starts, ends from weekly_hours
    where brand_id = :brand and holder_id = any(cast(:holders as uuid[]))
    union all
    select holder_id, false, null, on_day, starts, ends from dated_hours
    where brand_id = :brand and holder_id = any(cast(:holders as uuid[]))
        and on_day between cast(:first as date) and cast(:last as date)
    union all
    select holder_id, true, weekday, on_day, starts, ends from break_time
    where brand_id = :brand and holder_id = any(cast(:holders as uuid[]))
        and (on_day is null or on_day between cast(:first as date) and cast(:last as date))
    order by starts
    """
)


def brand(tx: AsyncSession) -> str:
    """The brand this transaction works for."""
    brand_id: str = tx.info["brand_id"]
    return brand_id


def within_reach(by: Caller, boutique_id: UUID) -> bool:
    """Whether this caller may work with what belongs to that boutique."""
    return by.role not in LOCAL or boutique_id in by.boutique_ids


async def _the(tx: AsyncSession, query: Select[Row]) -> Row:
    row = (await tx.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


async def region(tx: AsyncSession, region_id: UUID) -> Region:
    """One region; raises NotFound."""
    return await _the(tx, select(Region).where(Region.brand_id == brand(tx), Region.region_id == region_id))


async def boutique(tx: AsyncSession, boutique_id: UUID) -> Boutique:
    """One boutique; raises NotFound."""
    return await _the(tx, select(Boutique).where(Boutique.brand_id == brand(tx), Boutique.boutique_id == boutique_id))


# Locks of the directory let foreign keys be checked against their rows: a booking that has already taken its time must
# not wait for whoever edits the advisor and waits for that time.
async def own_boutique(tx: AsyncSession, boutique_id: UUID, by: Caller, *, lock: bool = False) -> Boutique:
    """One boutique that the caller may work with; raises NotFound for any other."""
    if not within_reach(by, boutique_id):
        raise NotFound
    query = select(Boutique).where(Boutique.brand_id == brand(tx), Boutique.boutique_id == boutique_id)
    return await _the(tx, query.with_for_update(key_share=True) if lock else query)


async def experience(tx: AsyncSession, experience_id: UUID, *, lock: bool = False) -> Experience:
    """One experience; raises NotFound."""
    query = select(Experience).where(Experience.brand_id == brand(tx), Experience.experience_id == experience_id)
    return await _the(tx, query.with_for_update(key_share=True) if lock else query)


async def own_advisor(tx: AsyncSession, advisor_id: UUID, by: Caller, *, lock: bool = False) -> Advisor:
    """One advisor at a boutique that the caller may work with; raises NotFound for any other."""
    query = select(Advisor).where(Advisor.brand_id == brand(tx), Advisor.advisor_id == advisor_id)
    found = await _the(tx, query.with_for_update(key_share=True) if lock else query)
    if not within_reach(by, found.boutique_id):
        raise NotFound
    return found


async def regions(tx: AsyncSession, *, after: str | None, limit: int) -> Sequence[Region]:
    """Regions by code."""
    query = select(Region).where(Region.brand_id == brand(tx)).order_by(Region.code).limit(limit)
    return (await tx.execute(query if after is None else query.where(Region.code > after))).scalars().all()


async def boutiques(
    tx: AsyncSession,
    *,
    region_id: UUID | None = None,
    city_code: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[Boutique]:
    """Boutiques by code."""
    query = select(Boutique).where(Boutique.brand_id == brand(tx)).order_by(Boutique.code).limit(limit)
    if region_id is not None:
        query = query.where(Boutique.region_id == region_id)
    if city_code is not None:
        query = query.where(Boutique.city_code == city_code)
    return (await tx.execute(query if after is None else query.where(Boutique.code > after))).scalars().all()


async def boutiques_of(tx: AsyncSession, city_code: str) -> Sequence[Boutique]:
    """All boutiques of a city, by code."""
    query = select(Boutique).where(Boutique.brand_id == brand(tx), Boutique.city_code == city_code)
    return (await tx.execute(query.order_by(Boutique.code))).scalars().all()


async def coded(tx: AsyncSession, codes: Collection[str]) -> Sequence[Boutique]:
    """The boutiques of these codes."""
    query = select(Boutique).where(Boutique.brand_id == brand(tx), Boutique.code.in_(codes))
    return (await tx.execute(query)).scalars().all()


async def experiences(
    tx: AsyncSession, *, is_for_all: bool = False, after: str | None, limit: int
) -> Sequence[Experience]:
    """Experiences by code; `is_for_all`: those that are offered, and to every client."""
    query = select(Experience).where(Experience.brand_id == brand(tx)).order_by(Experience.code).limit(limit)
    if is_for_all:
        query = query.where(Experience.active, Experience.audience == Audience.EVERYONE)
    return (await tx.execute(query if after is None else query.where(Experience.code > after))).scalars().all()


async def rooms(
    tx: AsyncSession, boutique_id: UUID, *, after: UUID | None = None, limit: int | None = None
) -> Sequence[Room]:
    """A boutique's rooms by id."""
    query = (
        select(Room)
        .where(Room.brand_id == brand(tx), Room.boutique_id == boutique_id)
        .order_by(Room.room_id)
        .limit(limit)
    )
    return (await tx.execute(query if after is None else query.where(Room.room_id > after))).scalars().all()


async def advisors(
    tx: AsyncSession, boutique_id: UUID, *, after: UUID | None = None, limit: int | None = None
) -> Sequence[Advisor]:
    """A boutique's advisors by id; who has left is none of them."""
    query = (
        select(Advisor)
        .where(Advisor.brand_id == brand(tx), Advisor.boutique_id == boutique_id, Advisor.left_at.is_(None))
        .order_by(Advisor.advisor_id)
        .limit(limit)
    )
    return (await tx.execute(query if after is None else query.where(Advisor.advisor_id > after))).scalars().all()


async def advisor(tx: AsyncSession, advisor_id: UUID) -> Advisor:
    """One advisor; raises NotFound."""
    return await _the(tx, select(Advisor).where(Advisor.brand_id == brand(tx), Advisor.advisor_id == advisor_id))


async def room(tx: AsyncSession, boutique_id: UUID, room_id: UUID, *, lock: bool = False) -> Room:
    """One room of a boutique; raises NotFound."""
    query = select(Room).where(Room.brand_id == brand(tx), Room.boutique_id == boutique_id, Room.room_id == room_id)
    return await _the(tx, query.with_for_update(key_share=True) if lock else query)


async def staff_of(tx: AsyncSession, boutique_ids: Collection[UUID]) -> Sequence[Advisor]:
    """The advisors of these boutiques by id; who has left is none of them."""
    query = select(Advisor).where(
        Advisor.brand_id == brand(tx), Advisor.boutique_id.in_(boutique_ids), Advisor.left_at.is_(None)
    )
    return (await tx.execute(query.order_by(Advisor.advisor_id))).scalars().all()


async def rooms_of(tx: AsyncSession, boutique_ids: Collection[UUID]) -> Sequence[Room]:
    """The rooms of these boutiques that are offered, by id."""
    query = select(Room).where(Room.brand_id == brand(tx), Room.boutique_id.in_(boutique_ids), Room.active)
    return (await tx.execute(query.order_by(Room.room_id))).scalars().all()


async def timetables(tx: AsyncSession, holder_ids: Sequence[UUID], window: Span | None = None) -> dict[UUID, Timetable]:
    """The timetables of boutiques and advisors in one statement, however many there are.

    With a window, only the dated days around it.
    """
    around = timedelta(days=2)
    asked = {
        "brand": brand(tx),
        "holders": list(holder_ids),
        "first": (window.starts_at - around).date() if window else date.min,
        "last": (window.ends_at + around).date() if window else date.max,
    }
    weekly: dict[UUID, dict[int, list[Minutes]]] = defaultdict(lambda: defaultdict(list))
    dated: dict[UUID, dict[date, list[Minutes]]] = defaultdict(lambda: defaultdict(list))
    pauses: dict[UUID, dict[int | date, list[Minutes]]] = defaultdict(lambda: defaultdict(list))
    for holder_id, is_break, weekday, on_day, starts, ends in await tx.execute(_HOURS, asked):
        if is_break:
            pauses[holder_id][weekday if on_day is None else on_day].append((starts, ends))
        elif on_day is None:
            weekly[holder_id][weekday].append((starts, ends))
        else:
            day = dated[holder_id][on_day]  # made even for a day off
            if starts < ends:
                day.append((starts, ends))
    return {
        holder_id: Timetable(
            {weekday: tuple(hours) for weekday, hours in weekly[holder_id].items()},
            {on_day: tuple(hours) for on_day, hours in dated[holder_id].items()},
            {day: tuple(those) for day, those in pauses[holder_id].items()},
        )
        for holder_id in holder_ids
    }


async def leave(tx: AsyncSession, advisor_id: UUID, leave_id: UUID, *, lock: bool = False) -> Leave:
    """One leave of an advisor; raises NotFound."""
    query = select(Leave).where(Leave.brand_id == brand(tx), Leave.advisor_id == advisor_id, Leave.leave_id == leave_id)
    return await _the(tx, query.with_for_update() if lock else query)


async def closure(tx: AsyncSession, boutique_id: UUID, closure_id: UUID, *, lock: bool = False) -> Closure:
    """One closure of a boutique; raises NotFound."""
    query = select(Closure).where(
        Closure.brand_id == brand(tx), Closure.boutique_id == boutique_id, Closure.closure_id == closure_id
    )
    return await _the(tx, query.with_for_update() if lock else query)


async def leaves(
    tx: AsyncSession, advisor_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Leave]:
    """An advisor's leave by its start."""
    starts = func.lower(Leave.during)
    query = select(Leave).where(Leave.brand_id == brand(tx), Leave.advisor_id == advisor_id)
    if after is not None:
        query = query.where(tuple_(starts, Leave.leave_id) > tuple_(*after))
    return (await tx.execute(query.order_by(starts, Leave.leave_id).limit(limit))).scalars().all()


async def closures(
    tx: AsyncSession, boutique_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Closure]:
    """A boutique's closures by their start."""
    starts = func.lower(Closure.during)
    query = select(Closure).where(Closure.brand_id == brand(tx), Closure.boutique_id == boutique_id)
    if after is not None:
        query = query.where(tuple_(starts, Closure.closure_id) > tuple_(*after))
    return (await tx.execute(query.order_by(starts, Closure.closure_id).limit(limit))).scalars().all()


async def closed(tx: AsyncSession, boutique_id: UUID, window: Span) -> list[Span]:
    """When a boutique is closed besides its hours, as far as that meets the window."""
    query = select(Closure).where(
        Closure.brand_id == brand(tx),
        Closure.boutique_id == boutique_id,
        Closure.during.overlaps(Range(window.starts_at, window.ends_at)),
    )
    return [bounds(one) for one in (await tx.execute(query)).scalars()]


def bounds(row: Leave | Closure) -> Span:
    """When leave or a closure begins and ends."""
    during = row.during
    if during.lower is None or during.upper is None:  # a CHECK of its table keeps it bounded
        raise NotFound
    return Span(during.lower, during.upper)
