"""Tasks follow the client: to a new owner, through a handover and back, through merges and separations."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books import queries as books
from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.tasks.actions import closing, order
from services.profile.tasks.queries.families import HEADS
from services.profile.tasks.rules.kinds import ONE_PER_PERSON
from services.profile.tasks.rules.steps import Status, Why

_FOLLOWING = text(
    HEADS + " select task.task_id, head.canonical_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.status = 'open' and task.follows_owner order by task.task_id for update of task"
)
_FOLLOW = text(
    "update task set advisor_id = item.advisor_id, boutique_id = coalesce(item.boutique_id, task.boutique_id),"
    " version = version + 1"
    " from unnest(cast(:ids as uuid[]), cast(:advisors as uuid[]), cast(:boutiques as uuid[]))"
    " as item (task_id, advisor_id, boutique_id)"
    " where task.brand_id = :brand and task.task_id = item.task_id"
    " and (task.advisor_id, task.boutique_id) is distinct from"
    " (item.advisor_id, coalesce(item.boutique_id, task.boutique_id))"
)
# Whoever is back by the time it is told keeps hers.
_TAKE_BACK = text(
    "update task set follows_owner = true, version = version + 1 where brand_id = :brand and task_id in ("
    " select task_id from task where brand_id = :brand and status = 'open' and not follows_owner"
    " and advisor_id = any(:ids) and exists (select from advisor where advisor.brand_id = task.brand_id"
    " and advisor.advisor_id = task.advisor_id and left_at is not null)"
    " order by task_id for update) returning client_id"
)
# What follows the owner goes by itself. What was the predecessor's own is taken along, and remembered.
_HAND_OVER = text(
    HEADS + ", taken as (select task.task_id, task.advisor_id, task.boutique_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.status = 'open' and not task.follows_owner and task.advisor_id = :from_advisor_id"
    " order by task.task_id for update of task), kept as ("
    " insert into task_move (brand_id, handover_id, task_id, from_advisor_id, from_boutique_id)"
    " select :brand, :handover_id, task_id, advisor_id, boutique_id from taken on conflict do nothing)"
    " update task set advisor_id = :advisor_id, boutique_id = :boutique_id, version = version + 1"
    " from taken where task.brand_id = :brand and task.task_id = taken.task_id"
)
_HAND_BACK = text(
    HEADS + ", taken as (select task.task_id, move.from_advisor_id, move.from_boutique_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " join task_move move on move.brand_id = :brand and move.task_id = task.task_id and move.handover_id = :handover_id"
    # Whoever was given it since by a manager keeps it.
    " where task.status = 'open' and task.advisor_id = :advisor_id order by task.task_id for update of task)"
    " update task set advisor_id = taken.from_advisor_id, boutique_id = taken.from_boutique_id, version = version + 1"
    " from taken where task.brand_id = :brand and task.task_id = taken.task_id"
)
_SAME = text(
    HEADS + " select task.task_id, head.canonical_id, task.kind, task.wanted_on, task.subject_id, task.status,"  # noqa: S608
    " task.over_on from head join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.kind = any(:kinds) and (task.status <> 'cancelled' or task.reason = 'duplicate')"
    " order by task.task_id for update of task"
)
_LEAVE_OUT = text(
    "update task set status = 'cancelled', reason = 'duplicate', closed_at = :now, version = version + 1"
    " where brand_id = :brand and task_id = any(:task_ids)"
)
_REOPEN = text(
    "update task set status = 'open', reason = null, closed_at = null, version = version + 1"
    " where brand_id = :brand and task_id = any(:task_ids)"
)


@dataclass(frozen=True, slots=True)
class Passing:
    """A client going from one advisor to another in a handover."""

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    boutique_id: UUID


async def follow_owners(tx: AsyncSession, client_ids: Collection[UUID]) -> None:
    """Give what follows these clients' owners to those who own them now; to nobody where nobody does.

    Not to whom a fact names: facts are told again, and come late. What has no owner stays its boutique's.
    """
    heads = await _heads(tx, client_ids)
    brand = tx.info["brand_id"]
    rows = (await tx.execute(_FOLLOWING, {"brand": brand, "ids": heads})).all()
    if not rows:
        return
    owners = await books.owners(tx, heads)
    at = [owners.get(row.canonical_id) for row in rows]
    following = {
        "ids": [row.task_id for row in rows],
        "advisors": [owner.advisor_id if owner else None for owner in at],
        "boutiques": [owner.boutique_id if owner else None for owner in at],
    }
    await tx.execute(_FOLLOW, {"brand": brand, **following})


async def take_back(tx: AsyncSession, advisor_ids: Collection[UUID]) -> None:
    """What somebody who has left had to do for a colleague's clients is for their owners to do; safe to repeat."""
    asked = {"brand": tx.info["brand_id"], "ids": sorted(set(advisor_ids))}
    clients = (await tx.execute(_TAKE_BACK, asked)).scalars().all()
    if clients:
        await follow_owners(tx, set(clients))


async def hand_over(tx: AsyncSession, passing: Passing) -> None:
    """What the predecessor had to do for her is the successor's; safe to repeat."""
    await tx.execute(_HAND_OVER, await _passing(tx, passing))


async def hand_back(tx: AsyncSession, passing: Passing) -> None:
    """Exactly those tasks go back that the handover took; safe to repeat."""
    await tx.execute(_HAND_BACK, await _passing(tx, passing))


async def come_together(tx: AsyncSession, client_ids: Collection[UUID], *, now: datetime) -> None:
    """After a merge or a separation: of what two records of one person both have, one is left; else each has her own.

    And all of it goes to whoever owns her now.
    """
    heads, today = await _heads(tx, client_ids), await segments.today(tx, now)
    kinds = [kind.value for kind in ONE_PER_PERSON]
    rows = (await tx.execute(_SAME, {"brand": tx.info["brand_id"], "ids": heads, "kinds": kinds})).all()
    together = defaultdict(list)
    for row in rows:
        together[row.canonical_id, row.kind, row.wanted_on, row.subject_id].append(row)
    left_out: list[UUID] = []
    reopened: list[UUID] = []
    for same in together.values():
        # What was worked on goes before what is open, and that before what was left out: the earliest of it stays.
        first, *others = sorted(same, key=lambda row: _RANK.get(Status(row.status), 0))
        left_out += [row.task_id for row in others if row.status == Status.OPEN]
        if first.status == Status.CANCELLED and first.over_on >= today:
            reopened.append(first.task_id)
    brand = {"brand": tx.info["brand_id"], "now": now}
    for statement, task_ids in ((_LEAVE_OUT, left_out), (_REOPEN, reopened)):
        if task_ids:
            await tx.execute(statement, brand | {"task_ids": task_ids})
    await follow_owners(tx, client_ids)
    # What one record said holds for the other's offers, and so do the thanks that it is owed.
    await closing.cancel_offers(
        tx, sorted(await consents.who_refuse(tx, heads, Purpose.MARKETING)), Why.NO_CONSENT, now=now
    )
    await order.reckon(tx, heads)


_RANK = {Status.OPEN: 1, Status.CANCELLED: 2}


async def _heads(tx: AsyncSession, client_ids: Iterable[UUID]) -> list[UUID]:
    return sorted(set((await identities.canonicals(tx, sorted(set(client_ids)))).values()))


async def _passing(tx: AsyncSession, passing: Passing) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "ids": await _heads(tx, [passing.client_id]),
        "handover_id": passing.handover_id,
        "from_advisor_id": passing.from_advisor_id,
        "advisor_id": passing.advisor_id,
        "boutique_id": passing.boutique_id,
    }
