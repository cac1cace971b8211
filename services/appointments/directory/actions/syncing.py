"""Staff as HR or WeCom has them, brought together with the directory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.appointments.directory import queries
from services.appointments.directory.actions import staff
from services.appointments.directory.events import AdvisorJoined
from services.appointments.directory.tables import Advisor, Boutique


@dataclass(frozen=True)
class Told:
    """One member of staff as HR has her: `state` active, absent or left."""

    employee_number: str
    display_name: str
    boutique_code: str
    state: str
    absent_from_on: date | None
    absent_until_on: date | None
    wecom_userid: str | None
    languages: tuple[str, ...]
    skills: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one item: created, updated, unchanged, or rejected for a reason."""

    index: int
    employee_number: str
    status: str
    advisor_id: UUID | None = None
    reason: str | None = None


async def synchronise(tx: AsyncSession, items: Sequence[Told], *, now: datetime) -> list[Outcome]:
    """Bring each member of staff to what the item says; who is there already stays untouched.

    A wrong item refuses itself alone. Raises AdvisorKnown or WeComUseridTaken when another batch with the same people
    was faster; then nothing is kept.
    """
    brand = queries.brand(tx)
    boutiques = {one.code: one for one in await queries.coded(tx, {item.boutique_code for item in items})}
    numbers = Counter(item.employee_number for item in items)
    # In one order everywhere: two batches with the same people take turns.
    known = await tx.scalars(
        select(Advisor)
        .where(Advisor.brand_id == brand, Advisor.employee_number.in_(numbers))
        .order_by(Advisor.advisor_id)
        .with_for_update(key_share=True)
    )
    by_number = {one.employee_number: one for one in known}
    members = {item.wecom_userid for item in items if item.wecom_userid is not None}
    taken = await tx.execute(
        select(Advisor.wecom_userid, Advisor.employee_number).where(
            Advisor.brand_id == brand, Advisor.wecom_userid.in_(members)
        )
    )
    holders: dict[str | None, str | None] = {row.wecom_userid: row.employee_number for row in taken}
    outcomes = []
    # Newcomers too in one order everywhere: two batches that enter the same people would dead-lock.
    for index, item in sorted(enumerate(items), key=lambda told: told[1].employee_number):
        advisor, boutique = by_number.get(item.employee_number), boutiques.get(item.boutique_code)
        reason = None
        if numbers[item.employee_number] > 1:
            reason = "named-twice"
        elif item.state == "left":
            # Whoever leaves does so, wherever HR has put her meanwhile and whoever has her userid.
            reason = "nobody-to-leave" if advisor is None else None
        elif boutique is None:
            reason = "boutique-unknown"
        elif item.wecom_userid is not None and holders.setdefault(item.wecom_userid, item.employee_number) != (
            item.employee_number
        ):
            reason = "wecom-userid-taken"
        elif not _is_whole(item):
            reason = "absence-unfit"
        if reason is not None:
            outcomes.append(
                Outcome(index=index, employee_number=item.employee_number, status="rejected", reason=reason)
            )
            continue
        version = advisor.version if advisor is not None else 0
        if advisor is not None and item.state == "left":
            staff.let_go(tx, advisor, now=now)
        elif boutique is not None:
            advisor = await _bring(tx, advisor, boutique, item)
        changed = advisor is not None and advisor.version > version
        outcomes.append(
            Outcome(
                index=index,
                employee_number=item.employee_number,
                status="created" if not version else "updated" if changed else "unchanged",
                advisor_id=advisor.advisor_id if advisor is not None else None,
            )
        )
    await staff.flushed(tx)
    return sorted(outcomes, key=attrgetter("index"))


def _is_whole(item: Told) -> bool:
    """Whoever is absent has a first day, and nobody else has one; the last day does not come before it."""
    if item.absent_from_on is None:
        return item.state != "absent" and item.absent_until_on is None
    return item.state == "absent" and (item.absent_until_on is None or item.absent_until_on >= item.absent_from_on)


async def _enter(tx: AsyncSession, boutique: Boutique, item: Told) -> Advisor:
    newcomer = staff.Newcomer(
        display_name=item.display_name,
        languages=list(item.languages),
        skills=list(item.skills),
        wecom_userid=item.wecom_userid,
        employee_number=item.employee_number,
        absent_from=item.absent_from_on,
        absent_until=item.absent_until_on,
    )
    return await staff.enter(tx, boutique, newcomer)


async def _bring(tx: AsyncSession, advisor: Advisor | None, boutique: Boutique, item: Told) -> Advisor:
    if advisor is None:
        return await _enter(tx, boutique, item)
    if advisor.left_at is not None:
        # HR has taken her on again: she begins anew, wherever that is.
        advisor.left_at, advisor.boutique_id = None, boutique.boutique_id
        advisor.version += 1
        joined = AdvisorJoined(
            advisor_id=advisor.advisor_id, boutique_id=boutique.boutique_id, region_id=boutique.region_id
        )
        record(tx, joined)
    staff.place(tx, advisor, boutique)
    told = {
        "languages": list(item.languages),
        "skills": list(item.skills),
        "wecom_userid": item.wecom_userid,
        "absent_from": item.absent_from_on,
        "absent_until": item.absent_until_on,
    }
    changed = {name: value for name, value in told.items() if getattr(advisor, name) != value}
    for name, value in changed.items():
        setattr(advisor, name, value)
    if changed or advisor.display_name != item.display_name:
        advisor.display_name = item.display_name
        advisor.version += 1
    if changed:
        staff.describe(tx, advisor)
    return advisor
