"""One line of a file brought together with the directory, by what it is about."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.refusal import Kind, Refusal
from services.appointments.directory import queries
from services.appointments.directory.actions import places, staff
from services.appointments.directory.models.drafts import ImportKind
from services.appointments.directory.rules import Minutes, Span
from services.appointments.directory.tables import Advisor, Boutique, Experience, Region, Room

# Answers whether it is new, and what changes.
Done = tuple[bool, list[tuple[str, Any, Any]]]
Bring = Callable[[AsyncSession, dict[str, Any], Caller], Awaitable[Done]]


class LineIncomplete(Refusal):
    """Something new needs more than something that is there."""

    kind = Kind.INVALID
    slug = "import-line-incomplete"
    en = "This is new to the directory, and the columns in `fields` are needed to enter it."
    zh = "该条目为新增，须填写 fields 中的列。"


class NameUnknown(Refusal):
    """A code in the line belongs to nothing that is there, or that this caller may work with."""

    kind = Kind.INVALID
    slug = "import-code-unknown"
    en = "Nothing in the directory has the code in `fields`, or it is not yours to change."
    zh = "目录中没有 fields 所列编码对应的条目，或您无权修改。"


def _differing(row: object, values: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(name, getattr(row, name), value) for name, value in values.items() if getattr(row, name) != value]


def _new(values: Mapping[str, Any]) -> Done:
    return True, [(name, None, value) for name, value in values.items()]


def _need(values: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if name not in values]
    if missing:
        raise LineIncomplete(fields=missing)


async def _boutique_of(tx: AsyncSession, code: str, by: Caller) -> Boutique:
    found = next(iter(await queries.coded(tx, [code])), None)
    if found is None or not queries.within_reach(by, found.boutique_id):
        raise NameUnknown(fields=["boutique_code"])
    return found


async def _boutiques(tx: AsyncSession, values: dict[str, Any], by: Caller) -> Done:
    said = dict(values)
    region_code = said.pop("region_code", None)
    region = await tx.scalar(select(Region).where(Region.brand_id == queries.brand(tx), Region.code == region_code))
    if region_code is not None and region is None:
        raise NameUnknown(fields=["region_code"])
    known = next(iter(await queries.coded(tx, [said["code"]])), None)
    if known is None:
        _need(values, "region_code", "name_zh", "name_en")
        if region is not None:
            form = {"boutique_type": "boutique", "zone": "Asia/Shanghai", **said}
            await places.open_boutique(tx, region_id=region.region_id, hours=None, **form)
        return _new(values)
    if region is not None and region.region_id != known.region_id:
        said["region_id"] = region.region_id
    changes = _differing(known, said)
    if changes:
        changed = {name: after for name, _, after in changes}
        await places.change_boutique(tx, known.boutique_id, changed, if_match="*", by=by)
    return False, changes


async def _rooms(tx: AsyncSession, values: dict[str, Any], by: Caller) -> Done:
    said = dict(values)
    boutique = await _boutique_of(tx, said.pop("boutique_code"), by)
    known = await tx.scalar(
        select(Room).where(
            Room.brand_id == boutique.brand_id, Room.boutique_id == boutique.boutique_id, Room.code == said["code"]
        )
    )
    if known is None:
        _need(said, "name_zh", "name_en", "capacity")
        made = await places.add_room(tx, boutique.boutique_id, {"amenities": [], **said}, by=by)
        return _new({**values, "active": made.active})
    changes = _differing(known, said)
    if changes:
        changed = {name: after for name, _, after in changes}
        await places.change_room(tx, boutique.boutique_id, known.room_id, changed, if_match="*", by=by)
    return False, changes


async def _advisors(tx: AsyncSession, values: dict[str, Any], by: Caller) -> Done:
    said = dict(values)
    boutique = await _boutique_of(tx, said.pop("boutique_code"), by)
    known = await _advisor(tx, said["employee_number"])
    if known is None:
        _need(said, "display_name")
        await staff.enter(tx, boutique, staff.Newcomer(**{"languages": [], "skills": [], **said}))
        return _new(values)
    if not queries.within_reach(by, known.boutique_id):
        raise NameUnknown(fields=["employee_number"])
    if known.left_at is not None:
        raise staff.AdvisorHasLeft
    changes = _differing(known, said)
    if known.boutique_id != boutique.boutique_id:
        before = await queries.boutique(tx, known.boutique_id)
        changes.append(("boutique_code", before.code, boutique.code))
        await staff.move(tx, known.advisor_id, boutique.boutique_id, by=by)
    changed = {name: after for name, _, after in changes if name != "boutique_code"}
    if changed:
        await staff.change(tx, known.advisor_id, changed, if_match="*", by=by)
    return False, changes


async def _advisor(tx: AsyncSession, employee_number: str) -> Advisor | None:
    advisor: Advisor | None = await tx.scalar(
        select(Advisor).where(Advisor.brand_id == queries.brand(tx), Advisor.employee_number == employee_number)
    )
    return advisor


async def _experiences(tx: AsyncSession, values: dict[str, Any], by: Caller) -> Done:
    del by  # headquarters alone
    known = await tx.scalar(
        select(Experience).where(Experience.brand_id == queries.brand(tx), Experience.code == values["code"])
    )
    if known is None:
        _need(values, "name_zh", "name_en")
        await places.add_experience(tx, {**places.PLAIN_OFFER, **values})
        return _new(values)
    changes = _differing(known, values)
    if changes:
        changed = {name: after for name, _, after in changes}
        await places.change_experience(tx, known.experience_id, changed, if_match="*")
    return False, changes


async def _hours(tx: AsyncSession, values: dict[str, Any], by: Caller) -> Done:
    boutique: Boutique | None = None
    if "boutique_code" in values:
        boutique = await _boutique_of(tx, values["boutique_code"], by)
        holder_id = boutique.boutique_id
    else:
        advisor = await _advisor(tx, values["employee_number"])
        if advisor is None or not queries.within_reach(by, advisor.boutique_id):
            raise NameUnknown(fields=["employee_number"])
        holder_id = advisor.advisor_id
    day, hours = values["day"], values["hours"]
    # Of the dated days only those around it: a file of a year would read all of them for each of its lines.
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if isinstance(day, date) else datetime.now(UTC)
    stands = (await queries.timetables(tx, [holder_id], Span(noon, noon)))[holder_id]
    before = stands.weekly.get(day) if isinstance(day, int) else stands.dated.get(day)
    if tuple(sorted(before)) == hours if before is not None else isinstance(day, int) and not hours:
        return False, []
    if boutique is not None:
        await places.set_day(tx, holder_id, day, hours, by=by)
    else:
        await staff.set_day(tx, holder_id, day, hours, by=by)
    return before is None, [("hours", _clocks(before), _clocks(hours))]


def _clocks(hours: Sequence[Minutes] | None) -> str | None:
    if hours is None:
        return None
    return " ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in hours) or "closed"


BRINGS: Mapping[ImportKind, Bring] = {
    ImportKind.BOUTIQUES: _boutiques,
    ImportKind.ROOMS: _rooms,
    ImportKind.ADVISORS: _advisors,
    ImportKind.EXPERIENCES: _experiences,
    ImportKind.HOURS: _hours,
}
