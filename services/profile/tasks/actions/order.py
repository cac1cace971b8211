"""Keeping a thank-you before any offer."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.tasks.queries.families import HEADS
from services.profile.tasks.rules.order import Thanks, offer_due_on

# What is due on another day is put off by who has the row: so it is locked, in one order everywhere.
_OPEN = text(
    HEADS + " select task.task_id, head.canonical_id, task.kind = 'thank-you' as is_thanks, task.over_on, task.due_on,"  # noqa: S608
    " coalesce(task.put_off_to, task.wanted_on) as wanted_on from head"
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.status = 'open' and (task.is_offer or task.kind = 'thank-you')"
    " order by task.task_id for update of task"
)
_PUT = text(
    "update task set due_on = item.due_on, version = version + 1"
    " from unnest(cast(:ids as uuid[]), cast(:days as date[])) as item (task_id, due_on)"
    " where task.brand_id = :brand and task.task_id = item.task_id"
)


async def reckon(tx: AsyncSession, client_ids: Collection[UUID]) -> None:
    """Say anew when the open offers to these clients are due: a thank-you was opened, or is owed no longer."""
    if not client_ids:
        return
    heads = sorted(set((await identities.canonicals(tx, sorted(client_ids))).values()))
    rows = (await tx.execute(_OPEN, {"brand": tx.info["brand_id"], "ids": heads})).all()
    owed: dict[UUID, list[Thanks]] = defaultdict(list)
    for row in rows:
        if row.is_thanks:
            owed[row.canonical_id].append(Thanks(row.over_on))
    due = {row.task_id: offer_due_on(row.wanted_on, owed[row.canonical_id]) for row in rows if not row.is_thanks}
    moved = {row.task_id: due[row.task_id] for row in rows if not row.is_thanks and due[row.task_id] != row.due_on}
    if moved:
        days = {"ids": list(moved), "days": list(moved.values())}
        await tx.execute(_PUT, {"brand": tx.info["brand_id"], **days})
