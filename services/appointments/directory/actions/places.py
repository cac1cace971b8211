"""What headquarters and managers do in the directory: its places, and what can be booked there."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import Kind, Refusal
from infra.wire import check_match
from services.appointments.directory import queries
from services.appointments.directory.events import BoutiqueOpened
from services.appointments.directory.models.calendar import suggestions
from services.appointments.directory.rules import Minutes, Timetable
from services.appointments.directory.tables import (
    Base,
    Boutique,
    BreakTime,
    DatedHours,
    Experience,
    Region,
    Room,
    WeeklyHours,
)

# What an experience is like of which only the name is known.
PLAIN_OFFER: Mapping[str, Any] = {
    "duration_minutes": 60,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "granularity_minutes": 30,
    "notice_minutes": 120,
    "horizon_days": 60,
    "cancel_notice_minutes": 1440,
    "needs_room": False,
}

Versioned = TypeVar("Versioned", Boutique, Experience, Room)


class CodeInUse(Refusal):
    """Two entries of the directory may not share a code."""

    kind = Kind.CONFLICT
    slug = "directory-code-in-use"
    en = "This code is already used in the directory. Choose another one."
    zh = "该编码在目录中已被使用，请更换。"


class OfferUnfit(Refusal):
    """What an experience says of itself must agree, the parts that stay and those that change."""

    kind = Kind.INVALID
    slug = "experience-unfit"
    en = (
        "`open_to_segments` says which segments, where and only where `audience` is segment; and `second_skill` needs"
        " `needs_second_advisor`."
    )
    zh = "仅当 audience 为 segment 时须填写 open_to_segments；填写 second_skill 时须启用 needs_second_advisor。"


async def add_region(tx: AsyncSession, *, code: str, name_zh: str, name_en: str) -> Region:
    """Enter a region; raises CodeInUse."""
    made = Region(brand_id=queries.brand(tx), region_id=new_id(), code=code, name_zh=name_zh, name_en=name_en)
    await _add(tx, made)
    return made


async def open_boutique(
    tx: AsyncSession,
    *,
    region_id: UUID,
    code: str,
    boutique_type: str,
    zone: str,
    name_zh: str,
    name_en: str,
    hours: Timetable | None,
    **whereabouts: Any,
) -> Boutique:
    """Enter a boutique and announce it; raises NotFound for an unknown region, CodeInUse.

    `whereabouts`: its city, address and position.
    """
    await queries.region(tx, region_id)
    made = Boutique(
        brand_id=queries.brand(tx),
        boutique_id=new_id(),
        region_id=region_id,
        code=code,
        boutique_type=boutique_type,
        zone=zone,
        name_zh=name_zh,
        name_en=name_en,
        version=1,
        **whereabouts,
    )
    await _add(tx, made)
    if hours is not None:
        await write(tx, made.boutique_id, hours)
    record(
        tx,
        BoutiqueOpened(
            boutique_id=made.boutique_id,
            region_id=region_id,
            code=code,
            boutique_type=boutique_type,
            zone=zone,
            name_zh=name_zh,
            name_en=name_en,
        ),
    )
    return made


async def change_boutique(
    tx: AsyncSession, boutique_id: UUID, changes: Mapping[str, object], *, if_match: str, by: Caller
) -> Boutique:
    """Change what is named; raises NotFound, Stale."""
    boutique = await queries.own_boutique(tx, boutique_id, by, lock=True)
    check_match(if_match, boutique.version)
    return await _change(tx, boutique, changes)


async def set_hours(tx: AsyncSession, boutique_id: UUID, hours: Timetable, *, if_match: str, by: Caller) -> Boutique:
    """Replace a boutique's hours; raises NotFound, Stale. Appointments already made stay."""
    boutique = await queries.own_boutique(tx, boutique_id, by, lock=True)
    check_match(if_match, boutique.version)
    await write(tx, boutique_id, hours)
    return await _change(tx, boutique, {})


async def set_day(
    tx: AsyncSession, boutique_id: UUID, day: int | date, hours: Collection[Minutes], *, by: Caller
) -> Boutique:
    """Replace a boutique's hours of one weekday or date; raises NotFound. Appointments already made stay."""
    boutique = await queries.own_boutique(tx, boutique_id, by, lock=True)
    await write_day(tx, boutique_id, day, hours)
    return await _change(tx, boutique, {})


class NoSuggestion(Refusal):
    """The day is an ordinary one, or the calendar does not know it."""

    kind = Kind.CONFLICT
    slug = "hours-no-suggestion"
    en = "There is no suggestion for one of these days. Set its hours by hand."
    zh = "所选日期中有一天没有营业时间建议，请手动设置。"


async def take_over(
    tx: AsyncSession, boutique_id: UUID, days: Collection[date], *, if_match: str, by: Caller
) -> tuple[Boutique, Timetable]:
    """Make the suggested hours of these days the boutique's; raises NotFound, Stale, NoSuggestion."""
    boutique = await queries.own_boutique(tx, boutique_id, by, lock=True)
    check_match(if_match, boutique.version)
    hours = (await queries.timetables(tx, [boutique_id]))[boutique_id]
    found = {
        one.day.on: one.hours for one in suggestions(boutique.zone, hours, min(days), max(days)) if one.day.on in days
    }
    if len(found) < len(set(days)):
        raise NoSuggestion
    hours = replace(hours, dated={**hours.dated, **found})
    await write(tx, boutique_id, hours)
    return await _change(tx, boutique, {}), hours


async def add_room(tx: AsyncSession, boutique_id: UUID, given: Mapping[str, Any], *, by: Caller) -> Room:
    """Add a room to a boutique; raises NotFound, CodeInUse."""
    boutique = await queries.own_boutique(tx, boutique_id, by)
    made = Room(
        **{"active": True, **given}, brand_id=boutique.brand_id, room_id=new_id(), boutique_id=boutique_id, version=1
    )
    await _add(tx, made)
    return made


async def change_room(
    tx: AsyncSession, boutique_id: UUID, room_id: UUID, changes: Mapping[str, Any], *, if_match: str, by: Caller
) -> Room:
    """Change what is named; raises NotFound, Stale, CodeInUse. Appointments already made stay."""
    await queries.own_boutique(tx, boutique_id, by)
    room = await queries.room(tx, boutique_id, room_id, lock=True)
    check_match(if_match, room.version)
    return await _change(tx, room, changes)


async def add_experience(tx: AsyncSession, given: Mapping[str, Any]) -> Experience:
    """Offer an experience; raises CodeInUse."""
    made = Experience(**{"active": True, **given}, brand_id=queries.brand(tx), experience_id=new_id(), version=1)
    await _add(tx, made)
    return made


async def change_experience(
    tx: AsyncSession, experience_id: UUID, changes: Mapping[str, object], *, if_match: str
) -> Experience:
    """Change what is named; raises NotFound, Stale, OfferUnfit. Appointments already made stay as they were agreed."""
    experience = await queries.experience(tx, experience_id, lock=True)
    check_match(if_match, experience.version)
    return await _change(tx, experience, changes)


async def _add(tx: AsyncSession, row: Base) -> None:
    tx.add(row)
    await _flushed(tx)


async def _flushed(tx: AsyncSession) -> None:
    try:
        await tx.flush()
    except IntegrityError as fault:
        match violated(fault):
            case "uq_region_code" | "uq_boutique_code" | "uq_experience_code" | "uq_room_code":
                raise CodeInUse from None
            case "ck_experience_offer":
                raise OfferUnfit from None
        raise


async def _change(tx: AsyncSession, row: Versioned, changes: Mapping[str, object]) -> Versioned:
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    await _flushed(tx)
    return row


async def write(tx: AsyncSession, holder_id: UUID, timetable: Timetable) -> None:
    """Replace the hours of a boutique or the shifts of an advisor."""
    brand_id = queries.brand(tx)
    for table in (WeeklyHours, DatedHours, BreakTime):
        await tx.execute(delete(table).where(table.brand_id == brand_id, table.holder_id == holder_id))
    for weekday, hours in timetable.weekly.items():
        _add_day(tx, holder_id, weekday, hours)
    for on_day, hours in timetable.dated.items():
        _add_day(tx, holder_id, on_day, hours)
    for day, pauses in timetable.breaks.items():
        for starts, ends in pauses:
            tx.add(
                BreakTime(
                    brand_id=brand_id,
                    break_id=new_id(),
                    holder_id=holder_id,
                    weekday=day if isinstance(day, int) else None,
                    on_day=None if isinstance(day, int) else day,
                    starts=starts,
                    ends=ends,
                )
            )
    await tx.flush()


async def write_day(tx: AsyncSession, holder_id: UUID, day: int | date, hours: Collection[Minutes]) -> None:
    """Replace the hours of one weekday or date: a file names a thousand of them, and the others stay as they are."""
    brand_id = queries.brand(tx)
    if isinstance(day, int):
        gone = delete(WeeklyHours).where(WeeklyHours.brand_id == brand_id, WeeklyHours.weekday == day)
        gone = gone.where(WeeklyHours.holder_id == holder_id)
    else:
        gone = delete(DatedHours).where(DatedHours.brand_id == brand_id, DatedHours.on_day == day)
        gone = gone.where(DatedHours.holder_id == holder_id)
    await tx.execute(gone)
    _add_day(tx, holder_id, day, hours)
    await tx.flush()


def _add_day(tx: AsyncSession, holder_id: UUID, day: int | date, hours: Collection[Minutes]) -> None:
    whose = {"brand_id": queries.brand(tx), "holder_id": holder_id}
    if isinstance(day, int):
        tx.add_all(WeeklyHours(**whose, weekday=day, starts=starts, ends=ends) for starts, ends in hours)
    else:
        # A day off is a row too.
        tx.add_all(DatedHours(**whose, on_day=day, starts=starts, ends=ends) for starts, ends in hours or ((0, 0),))
