"""Letting receipts leave the twelve months, grace and stages end, and a new policy reach everybody."""

import asyncio
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.profile.segments import queries
from services.profile.segments.actions.policy import FIRST
from services.profile.segments.actions.reckoning import recompute

REVIEW_BATCH = 1_000  # clients in one transaction
REVIEW_PAUSE = 30.0  # seconds between two looks for clients whose segment time may have changed

_DUE_BRANDS = text(
    "select distinct brand_id from client_segment where review_on <= :latest"
    " union select brand_id from segment_policy where reviewing_from is not null order by 1"
)
_DUE = text(
    "select review_on, client_id from client_segment where brand_id = :brand and review_on <= :today"
    " and (review_on, client_id) > (:day, cast(:client_id as uuid))"
    # Somebody else who is at it gets it done; a second look would find nothing.
    " order by review_on, client_id limit :limit for update skip locked"
)
# Where a new policy has got to: whoever has the row goes on from there.
_REACHED = text(
    "select reviewing_from from segment_policy where brand_id = :brand and reviewing_from is not null"
    " for update skip locked"
)
_NEXT = text(
    "select client_id from client_segment where brand_id = :brand and client_id > :after order by client_id"
    # Whoever is being erased meanwhile is waited for, and is not there any more.
    " limit :limit for update"
)
_REACH = text("update segment_policy set reviewing_from = :reached where brand_id = :brand")


async def review_due(database: Database, *, now: datetime, stop: asyncio.Event | None = None) -> int:
    """Reckon everybody whose segment or stage time may have changed, or a new policy; answers how many clients."""
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_DUE_BRANDS, {"latest": queries.latest_day_anywhere(now)})).scalars().all()
    return sum(
        [await step(database, brand_id, now, stop) for brand_id in brands for step in (_follow_policy, _follow_time)]
    )


async def reviewing(kit: Kit, stop: asyncio.Event) -> None:
    """The loop. Instances share the work: each takes clients that no other one holds."""
    while not stop.is_set():
        if await review_due(kit.database, now=kit.clock(), stop=stop) == 0:
            await pause(stop, REVIEW_PAUSE)


async def _follow_time(database: Database, brand_id: str, now: datetime, stop: asyncio.Event | None) -> int:
    done, day, client_id = 0, date.min, FIRST
    while stop is None or not stop.is_set():
        async with database.transaction(brand_id) as tx:
            asked = {"brand": brand_id, "today": await queries.today(tx, now), "limit": REVIEW_BATCH}
            due = (await tx.execute(_DUE, asked | {"day": day, "client_id": client_id})).all()
            await recompute(tx, [row.client_id for row in due], now=now)
        done += len(due)
        if len(due) < REVIEW_BATCH:
            break
        day, client_id = due[-1]
    return done


async def _follow_policy(database: Database, brand_id: str, now: datetime, stop: asyncio.Event | None) -> int:
    done = 0
    while stop is None or not stop.is_set():
        async with database.transaction(brand_id) as tx:
            reached = (await tx.execute(_REACHED, {"brand": brand_id})).scalar_one_or_none()
            if reached is None:
                break
            asked = {"brand": brand_id, "after": reached, "limit": REVIEW_BATCH}
            ids: list[UUID] = list((await tx.execute(_NEXT, asked)).scalars())
            await recompute(tx, ids, now=now)
            is_done = len(ids) < REVIEW_BATCH
            await tx.execute(_REACH, {"brand": brand_id, "reached": None if is_done else ids[-1]})
        done += len(ids)
    return done
