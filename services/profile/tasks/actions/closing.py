"""Closing tasks that nobody carries out: their reason is gone, or their time is over."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.tasks.actions import order
from services.profile.tasks.queries.families import HEADS
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Why

# Locked in one order everywhere, so that two who close the same tasks take turns.
_CANCEL = (
    "update task set status = 'cancelled', reason = :why, closed_at = :now, version = version + 1"
    " where brand_id = :brand and task_id in (select task_id from task where brand_id = :brand and status = 'open'"
    " and {which} order by task_id for update) returning client_id, kind"
)
_ABOUT = text(_CANCEL.format(which="kind = any(:kinds) and subject_id = any(:subjects)"))
_SOME = text(
    "update task set status = 'cancelled', reason = :why, closed_at = :now, version = version + 1"
    " where brand_id = :brand and task_id in (select task_id from task where brand_id = :brand and status = 'open'"
    " and kind = :kind and subject_id = :subject_id order by task_id limit :limit for update) returning task_id"
)
_KEYED = text(_CANCEL.format(which="kind = :kind and key = any(:keys)"))
_REOPEN = text(
    "update task set status = 'open', reason = null, closed_at = null, version = version + 1"
    " where brand_id = :brand and kind = :kind and key = any(:keys) and status = 'cancelled' and reason = :why"
)
_OFFERS = text(
    HEADS + ", hers as (select client_id from head) " + _CANCEL.format(which="is_offer and client_id in (table hers)")  # noqa: S608
)
_RUN_OUT = text(
    "update task set status = 'over', closed_at = :now, version = version + 1"
    " where brand_id = :brand and task_id in (select task_id from task where brand_id = :brand and status = 'open'"
    " and over_on < :today order by task_id limit :limit for update skip locked) returning client_id, kind"
)


async def cancel_about(
    tx: AsyncSession, kinds: Sequence[Kind], subjects: Sequence[UUID], why: Why, *, now: datetime
) -> None:
    """Cancel the open tasks about these purchases, campaigns..."""
    if subjects:
        asked = {"kinds": [kind.value for kind in kinds], "subjects": list(subjects)}
        rows = await tx.execute(_ABOUT, _cancelling(tx, why, now) | asked)
        await order.reckon(tx, {row.client_id for row in rows if row.kind == Kind.THANK_YOU})


async def cancel_some(tx: AsyncSession, kind: Kind, subject_id: UUID, why: Why, *, now: datetime, limit: int) -> int:
    """Cancel so many of the open tasks about one thing; answers how many there were. No kind that is thanks."""
    asked = {"kind": kind.value, "subject_id": subject_id, "limit": limit}
    return len((await tx.execute(_SOME, _cancelling(tx, why, now) | asked)).all())


async def cancel_keyed(tx: AsyncSession, kind: Kind, keys: Sequence[str], why: Why, *, now: datetime) -> None:
    """Cancel the open tasks of these names."""
    await tx.execute(_KEYED, _cancelling(tx, why, now) | {"kind": kind.value, "keys": list(keys)})


async def reopen_keyed(tx: AsyncSession, kind: Kind, keys: Sequence[str], why: Why) -> None:
    """Open anew those of these names that were cancelled for this reason, which holds no longer."""
    await tx.execute(_REOPEN, {"brand": tx.info["brand_id"], "kind": kind.value, "keys": list(keys), "why": why.value})


async def cancel_offers(tx: AsyncSession, client_ids: Sequence[UUID], why: Why, *, now: datetime) -> None:
    """Cancel the open offers to these clients, under whichever of their records."""
    if not client_ids:
        return
    heads = sorted(set((await identities.canonicals(tx, sorted(client_ids))).values()))
    await tx.execute(_OFFERS, _cancelling(tx, why, now) | {"ids": heads})


async def run_out(tx: AsyncSession, *, today: date, now: datetime, limit: int) -> int:
    """Close what is of no use any more; answers how many."""
    asked = {"brand": tx.info["brand_id"], "today": today, "now": now, "limit": limit}
    rows = (await tx.execute(_RUN_OUT, asked)).all()
    await order.reckon(tx, {row.client_id for row in rows if row.kind == Kind.THANK_YOU})
    return len(rows)


def _cancelling(tx: AsyncSession, why: Why, now: datetime) -> dict[str, object]:
    return {"brand": tx.info["brand_id"], "why": why.value, "now": now}
