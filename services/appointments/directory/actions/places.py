"""What headquarters and managers do in the directory: its places, and what can be booked there."""

from collections.abc import Mapping
from typing import TypeVar
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
from services.appointments.directory.rules import Timetable
from services.appointments.directory.tables import (
    Base,
    Boutique,
    DatedHours,
    Experience,
    Region,
    Room,
    WeeklyHours,
)

Versioned = TypeVar("Versioned", Boutique, Experience)


class CodeInUse(Refusal):
    """Two entries of the directory may not share a code."""

    kind = Kind.CONFLICT
    slug = "directory-code-in-use"
    en = "This code is already used in the directory. Choose another one."
    zh = "该编码在目录中已被使用，请更换。"


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
) -> Boutique:
    """Enter a boutique and announce it; raises NotFound for an unknown region, CodeInUse."""
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


async def add_room(
    tx: AsyncSession, boutique_id: UUID, *, name_zh: str, name_en: str, capacity: int, by: Caller
) -> Room:
    """Add a room to a boutique; raises NotFound."""
    boutique = await queries.own_boutique(tx, boutique_id, by)
    made = Room(
        brand_id=boutique.brand_id,
        room_id=new_id(),
        boutique_id=boutique_id,
        name_zh=name_zh,
        name_en=name_en,
        capacity=capacity,
    )
    await _add(tx, made)
    return made


async def add_experience(tx: AsyncSession, given: Mapping[str, object]) -> Experience:
    """Offer an experience; raises CodeInUse."""
    made = Experience(brand_id=queries.brand(tx), experience_id=new_id(), version=1, **given)
    await _add(tx, made)
    return made


async def change_experience(
    tx: AsyncSession, experience_id: UUID, changes: Mapping[str, object], *, if_match: str
) -> Experience:
    """Change what is named; raises NotFound, Stale. Appointments already made stay as they were agreed."""
    experience = await queries.experience(tx, experience_id, lock=True)
    check_match(if_match, experience.version)
    return await _change(tx, experience, changes)


async def _add(tx: AsyncSession, row: Base) -> None:
    tx.add(row)
    try:
        await tx.flush()
    except IntegrityError as fault:
        match violated(fault):
            case "uq_region_code" | "uq_boutique_code" | "uq_experience_code":
                raise CodeInUse from None
        raise


async def _change(tx: AsyncSession, row: Versioned, changes: Mapping[str, object]) -> Versioned:
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    await tx.flush()
    return row


async def write(tx: AsyncSession, holder_id: UUID, timetable: Timetable) -> None:
    """Replace the hours of a boutique or the shifts of an advisor."""
    brand_id = queries.brand(tx)
    for table in (WeeklyHours, DatedHours):
        await tx.execute(delete(table).where(table.brand_id == brand_id, table.holder_id == holder_id))
    for weekday, hours in timetable.weekly.items():
        for starts, ends in hours:
            tx.add(WeeklyHours(brand_id=brand_id, holder_id=holder_id, weekday=weekday, starts=starts, ends=ends))
    for on_day, hours in timetable.dated.items():
        for starts, ends in hours or ((0, 0),):
            tx.add(DatedHours(brand_id=brand_id, holder_id=holder_id, on_day=on_day, starts=starts, ends=ends))
    await tx.flush()
