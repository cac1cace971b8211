"""A day's round of the books: birthdays, days that matter and festivals that are near, and what is over."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.profile.books.queries import plans
from services.profile.clients import queries as clients
from services.profile.clients.models.days import Day
from services.profile.clients.queries import dates
from services.profile.segments import queries as segments
from services.profile.tasks.actions import closing, moving
from services.profile.tasks.actions.opening import Wanted, open_all
from services.profile.tasks.models import occasions
from services.profile.tasks.queries import policy as policies
from services.profile.tasks.queries.families import HEADS, families
from services.profile.tasks.rules.kinds import BY_CALENDAR, Kind
from services.profile.tasks.rules.policy import Policy
from services.profile.tasks.rules.steps import Why

BATCH = 500  # clients in one transaction
REST = 30.0  # seconds between two looks for a day that has begun
NOBODY = UUID(int=0)

# The brands that have books or tasks, each found by a look at an index.
_BRANDS = text(
    """
    with recursive brand as (
        select least((select brand_id from client_owner order by brand_id limit 1),
            (select brand_id from task order by brand_id limit 1)) as brand_id
        union all
        select least(
            (select o.brand_id from client_owner o where o.brand_id > brand.brand_id order by o.brand_id limit 1),
            (select t.brand_id from task t where t.brand_id > brand.brand_id order by t.brand_id limit 1))
        from brand where brand.brand_id is not null
    )
    select brand_id from brand where brand_id is not null
    """
)
_BEGIN = text(
    "insert into task_round (brand_id, round_on, after) values (:brand, :today, :nobody) on conflict do nothing"
)
# Somebody else who is at it gets this part done; the next one is anybody's.
_TAKE = text(
    "select after from task_round where brand_id = :brand and round_on = :today and ended_at is null"
    " for update skip locked"
)
_GO_ON = text("update task_round set after = :after where brand_id = :brand and round_on = :today")
_END = text("update task_round set ended_at = :now, after = :nobody where brand_id = :brand and round_on = :today")
_FORGET = text("delete from task_round where brand_id = :brand and round_on < cast(:today as date) - 30")
_OWNED = text(
    "select client_id from client_owner owner where brand_id = :brand and client_id > :after"
    " and not exists (select from client_alias"
    " where client_alias.brand_id = owner.brand_id and client_alias.client_id = owner.client_id)"
    " order by client_id limit :limit"
)
# The calendar says another day by now: it was corrected, or the house does not greet on it any more.
_STALE = text(
    HEADS + " select task.key, task.kind, task.wanted_on, task.subject_id, head.canonical_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.status = 'open' and task.kind = any(:kinds) and task.wanted_on >= :today"
)


async def go_round(database: Database, *, now: datetime) -> int:
    """Do one part of the day's round in each brand; answers how many clients and tasks were looked at.

    Each part is committed with how far the round has come: whatever is killed, the next one goes on from there.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_BRANDS)).scalars().all()
    done = 0
    for brand_id in brands:
        async with database.transaction(brand_id) as tx:
            done += await _part(tx, now=now)
    return done


async def rounding(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that begins a round with every day of a brand."""
    while not stop.is_set():
        if await go_round(kit.database, now=kit.clock()) == 0:
            await pause(stop, REST)


async def _part(tx: AsyncSession, *, now: datetime) -> int:
    today = await segments.today(tx, now)
    whose = {"brand": tx.info["brand_id"], "today": today, "now": now}
    await tx.execute(_BEGIN, whose | {"nobody": NOBODY})
    after = (await tx.execute(_TAKE, whose)).scalar_one_or_none()
    if after is None:
        return 0
    ids = list((await tx.execute(_OWNED, whose | {"after": after, "limit": BATCH})).scalars())
    if ids:
        # What was opened while its client changed hands was given to whoever had her before.
        await moving.follow_owners(tx, ids)
        await greet(tx, ids, today=today, now=now)
        await tx.execute(_GO_ON, whose | {"after": ids[-1]})
        return len(ids)
    over = await closing.run_out(tx, today=today, now=now, limit=BATCH)
    if over < BATCH:
        # Nobody's id stays here: whoever is erased later would be named.
        await tx.execute(_END, whose | {"nobody": NOBODY})
        await tx.execute(_FORGET, whose)
    return over


async def greet(tx: AsyncSession, heads: Sequence[UUID], *, today: date, now: datetime) -> None:
    """Open what the calendar says of these surviving records, and cancel what it says no longer."""
    policy = (await policies.policy(tx)).policy
    hers = await families(tx, heads)
    records = [record for family in hers.values() for record in family]
    birthdays, kept = await clients.birthdays(tx, records), await dates.kept_by(tx, records)
    rhythms = await plans.rhythms(tx, heads) if policy.opens(Kind.CONTACT_PLAN) else {}
    wanted: list[Wanted] = []
    for head, family in hers.items():
        birthday = next((birthdays[record] for record in family if record in birthdays), None)
        days = {one.date_id: one.day for record in family for one in kept.get(record, ())}
        wanted += _wanted(head, birthday, days, policy, today)
        if head in rhythms:
            wanted += _planned(head, *rhythms[head], policy, today)
    await _correct(tx, heads, wanted, today=today, now=now)
    await open_all(tx, wanted, now=now)


def _wanted(head: UUID, birthday: Day | None, days: Mapping[UUID, Day], policy: Policy, today: date) -> list[Wanted]:
    found = []
    named: list[tuple[Kind, str, Day, UUID | None]] = []
    if birthday is not None:
        named.append((Kind.BIRTHDAY, str(head), birthday, None))
    named += [(Kind.DAY_THAT_MATTERS, str(date_id), day, date_id) for date_id, day in days.items()]
    named += [
        (Kind.FESTIVAL, f"{head}:{festival}", occasions.FESTIVALS[festival], None)
        for festival in sorted(policy.festivals)
    ]
    for kind, name, day, subject_id in named:
        if policy.opens(kind):
            on = occasions.due_on(day, today, ahead=policy.ahead_days, behind=policy.open_days[kind])
            if on is not None:
                found.append(Wanted(kind, head, on, f"{name}:{on}", subject_id=subject_id))
    return found


def _planned(head: UUID, begins_on: date, every_weeks: int, policy: Policy, today: date) -> list[Wanted]:
    behind = policy.open_days[Kind.CONTACT_PLAN]
    days = occasions.rhythm(begins_on, every_weeks, today, ahead=policy.ahead_days, behind=behind)
    return [Wanted(Kind.CONTACT_PLAN, head, on, f"{head}:{on}") for on in days]


async def _correct(
    tx: AsyncSession, heads: Sequence[UUID], wanted: Sequence[Wanted], *, today: date, now: datetime
) -> None:
    """Cancel what is not wanted any more, and open what was cancelled so and is wanted again."""
    said = {(one.client_id, one.kind, one.due_on, one.subject_id) for one in wanted}
    asked = {"ids": list(heads), "kinds": [kind.value for kind in BY_CALENDAR], "today": today}
    stale: dict[Kind, list[str]] = defaultdict(list)
    for row in await tx.execute(_STALE, {"brand": tx.info["brand_id"], **asked}):
        if (row.canonical_id, Kind(row.kind), row.wanted_on, row.subject_id) not in said:
            stale[Kind(row.kind)].append(row.key)
    for kind, keys in sorted(stale.items()):
        await closing.cancel_keyed(tx, kind, keys, Why.NO_REASON, now=now)
    for kind in sorted({one.kind for one in wanted}):
        await closing.reopen_keyed(tx, kind, [one.key for one in wanted if one.kind is kind], Why.NO_REASON)
