"""What is done about advisors: they join, move, are away and leave."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import Kind, Refusal
from infra.wire import check_match
from services.appointments.directory import queries
from services.appointments.directory.actions.places import write, write_day
from services.appointments.directory.events import AdvisorDescribed, AdvisorJoined, AdvisorLeft, AdvisorMoved
from services.appointments.directory.rules import Minutes, Timetable
from services.appointments.directory.tables import Advisor, Boutique


class AdvisorKnown(Refusal):
    """An advisor joins once."""

    kind = Kind.CONFLICT
    slug = "advisor-known"
    en = "This advisor is already in the directory."
    zh = "该顾问已在目录中。"


class WeComUseridTaken(Refusal):
    """Another advisor is this member of the WeCom corp."""

    kind = Kind.CONFLICT
    slug = "wecom-userid-taken"
    en = "Another advisor already has this WeCom userid. Correct it there first."
    zh = "该企业微信 userid 已属于另一位顾问，请先更正。"


class AdvisorHasLeft(Refusal):
    """Whoever has left neither moves nor is away; HR may take her on again."""

    kind = Kind.CONFLICT
    slug = "advisor-has-left"
    en = "This advisor has left the house. Choose somebody who works here."
    zh = "该顾问已离职，请选择在职顾问。"


@dataclass(frozen=True)
class Newcomer:
    """An advisor who joins; without an id she gets one."""

    display_name: str
    languages: list[str]
    skills: list[str]
    wecom_userid: str | None = None
    employee_number: str | None = None
    advisor_id: UUID | None = None
    absent_from: date | None = None
    absent_until: date | None = None
    weight: int = 1
    priority: int = 0


async def welcome(
    tx: AsyncSession, boutique_id: UUID, newcomer: Newcomer, *, shifts: Timetable | None, by: Caller
) -> Advisor:
    """Enter an advisor at a boutique and announce her; raises NotFound, AdvisorKnown, WeComUseridTaken."""
    boutique = await queries.own_boutique(tx, boutique_id, by)
    made = await enter(tx, boutique, newcomer)
    if shifts is not None:
        await write(tx, made.advisor_id, shifts)
    return made


async def enter(tx: AsyncSession, boutique: Boutique, newcomer: Newcomer) -> Advisor:
    """Write a newcomer down and announce her; raises AdvisorKnown, WeComUseridTaken."""
    made = Advisor(
        brand_id=boutique.brand_id,
        advisor_id=newcomer.advisor_id or new_id(),
        boutique_id=boutique.boutique_id,
        display_name=newcomer.display_name,
        languages=newcomer.languages,
        skills=newcomer.skills,
        employee_number=newcomer.employee_number,
        wecom_userid=newcomer.wecom_userid,
        absent_from=newcomer.absent_from,
        absent_until=newcomer.absent_until,
        weight=newcomer.weight,
        priority=newcomer.priority,
        version=1,
    )
    tx.add(made)
    await flushed(tx)
    record(
        tx, AdvisorJoined(advisor_id=made.advisor_id, boutique_id=boutique.boutique_id, region_id=boutique.region_id)
    )
    describe(tx, made)
    return made


async def set_shifts(tx: AsyncSession, advisor_id: UUID, shifts: Timetable, *, if_match: str, by: Caller) -> Advisor:
    """Replace an advisor's shifts; raises NotFound, Stale. Appointments already made stay."""
    advisor = await queries.own_advisor(tx, advisor_id, by, lock=True)
    check_match(if_match, advisor.version)
    await write(tx, advisor_id, shifts)
    advisor.version += 1
    await tx.flush()
    return advisor


async def set_day(
    tx: AsyncSession, advisor_id: UUID, day: int | date, hours: Collection[Minutes], *, by: Caller
) -> Advisor:
    """Replace an advisor's shifts of one weekday or date; raises NotFound. Appointments already made stay."""
    advisor = await queries.own_advisor(tx, advisor_id, by, lock=True)
    await write_day(tx, advisor_id, day, hours)
    advisor.version += 1
    await tx.flush()
    return advisor


async def change(
    tx: AsyncSession, advisor_id: UUID, changes: Mapping[str, Any], *, if_match: str, by: Caller
) -> Advisor:
    """Change what is named: her name, languages, skills, weight, priority, WeCom userid.

    Raises NotFound, AdvisorHasLeft, Stale, WeComUseridTaken.
    """
    advisor = await _here(tx, advisor_id, by)
    check_match(if_match, advisor.version)
    was = (list(advisor.languages), list(advisor.skills), advisor.wecom_userid)
    for name, value in changes.items():
        setattr(advisor, name, value)
    advisor.version += 1
    if was != (advisor.languages, advisor.skills, advisor.wecom_userid):
        describe(tx, advisor)
    await flushed(tx)
    return advisor


async def set_absence(
    tx: AsyncSession, advisor_id: UUID, *, from_on: date | None, until_on: date | None, by: Caller
) -> Advisor:
    """Say when she is away; raises NotFound, AdvisorHasLeft."""
    advisor = await _here(tx, advisor_id, by)
    if (advisor.absent_from, advisor.absent_until) != (from_on, until_on):
        advisor.absent_from, advisor.absent_until = from_on, until_on
        advisor.version += 1
        describe(tx, advisor)
        await tx.flush()
    return advisor


async def move(tx: AsyncSession, advisor_id: UUID, boutique_id: UUID, *, by: Caller) -> Advisor:
    """Have her work at another boutique, for whoever may work with both; raises NotFound, AdvisorHasLeft."""
    advisor = await _here(tx, advisor_id, by)
    place(tx, advisor, await queries.own_boutique(tx, boutique_id, by))
    await tx.flush()
    return advisor


async def leave(tx: AsyncSession, advisor_id: UUID, *, by: Caller, now: datetime) -> Advisor:
    """Let her go; raises NotFound. Who has left already is not announced again."""
    advisor = await queries.own_advisor(tx, advisor_id, by, lock=True)
    let_go(tx, advisor, now=now)
    await tx.flush()
    return advisor


def place(tx: AsyncSession, advisor: Advisor, boutique: Boutique) -> None:
    """Move a locked advisor and announce it, unless she works there already."""
    if advisor.boutique_id == boutique.boutique_id:
        return
    before, advisor.boutique_id = advisor.boutique_id, boutique.boutique_id
    advisor.version += 1
    record(
        tx,
        AdvisorMoved(
            advisor_id=advisor.advisor_id,
            boutique_id=boutique.boutique_id,
            region_id=boutique.region_id,
            from_boutique_id=before,
        ),
    )


def let_go(tx: AsyncSession, advisor: Advisor, *, now: datetime) -> None:
    """Have a locked advisor leave and announce it, once."""
    if advisor.left_at is None:
        advisor.left_at = now
        advisor.version += 1
        record(tx, AdvisorLeft(advisor_id=advisor.advisor_id, boutique_id=advisor.boutique_id, left_at=now))


def describe(tx: AsyncSession, advisor: Advisor) -> None:
    """Announce what is known of her."""
    record(
        tx,
        AdvisorDescribed(
            advisor_id=advisor.advisor_id,
            boutique_id=advisor.boutique_id,
            languages=advisor.languages,
            skills=advisor.skills,
            wecom_userid=advisor.wecom_userid,
            absent_from_on=advisor.absent_from,
            absent_until_on=advisor.absent_until,
        ),
    )


async def flushed(tx: AsyncSession) -> None:
    """Write what waits; raises AdvisorKnown, WeComUseridTaken."""
    try:
        await tx.flush()
    except IntegrityError as fault:
        match violated(fault):
            case "pk_advisor" | "uq_advisor_employee_number":
                raise AdvisorKnown from None
            case "uq_advisor_wecom_userid":
                raise WeComUseridTaken from None
        raise


async def _here(tx: AsyncSession, advisor_id: UUID, by: Caller) -> Advisor:
    advisor = await queries.own_advisor(tx, advisor_id, by, lock=True)
    if advisor.left_at is not None:
        raise AdvisorHasLeft
    return advisor
