"""Reckoning segments anew, and changing how they are reckoned."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record
from infra.wire import check_match
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.segments import queries, rules
from services.profile.segments.events import SegmentChanged
from services.profile.segments.queries import SegmentPolicy
from services.profile.segments.rules import Policy, Rate, Segment

REVIEW_BATCH = 200  # clients in one transaction
REVIEW_PAUSE = 30.0  # seconds between two looks for clients whose segment time may have changed

_CLAIM = text(
    "insert into client_segment (brand_id, client_id) select :brand, unnest(cast(:ids as uuid[]))"
    " on conflict do nothing"
)
_LOCK = text(
    "select client_id, segment from client_segment where brand_id = :brand and client_id = any(:ids)"
    # In one order everywhere: two transactions that want the same clients take turns.
    " order by client_id for update"
)
_STORE = text(
    "update client_segment set segment = item.segment, as_of = :as_of, review_on = item.review_on"
    " from unnest(cast(:ids as uuid[]), cast(:segments as text[]), cast(:reviews as date[]))"
    " as item (client_id, segment, review_on)"
    " where client_segment.brand_id = :brand and client_segment.client_id = item.client_id"
)
_FORGET = text("delete from client_segment where brand_id = :brand and client_id = any(:ids)")
_DUE_BRANDS = text("select distinct brand_id from client_segment where review_on <= :latest order by brand_id")
_DUE = text(
    "select client_id from client_segment where brand_id = :brand and review_on <= :today"
    # Somebody else who is at it gets it done; a second look would find nothing.
    " order by client_id limit :limit for update skip locked"
)
_FIRST_POLICY = text(
    "insert into segment_policy (brand_id, currency, zone, vic_minor, core_minor, potential_minor, version)"
    " values (:brand, :currency, :zone, :vic_minor, :core_minor, :potential_minor, 0) on conflict do nothing"
)
_LOCK_POLICY = text("select version from segment_policy where brand_id = :brand for update")
_SET_POLICY = text(
    "update segment_policy set currency = :currency, zone = :zone, vic_minor = :vic_minor, core_minor = :core_minor,"
    " potential_minor = :potential_minor, version = version + 1 where brand_id = :brand"
)
_CLEAR_RATES = text("delete from currency_rate where brand_id = :brand")
_SET_RATES = text(
    "insert into currency_rate (brand_id, currency, effective_on, rate) select :brand, item.*"
    " from unnest(cast(:currencies as text[]), cast(:days as date[]), cast(:rates as numeric[])) as item"
)
_REVIEW_ALL = text("update client_segment set review_on = :today where brand_id = :brand")


async def recompute(tx: AsyncSession, client_ids: Collection[UUID], *, now: datetime) -> None:
    """Reckon the current segments of these clients and announce changes; a merged record has its survivor's.

    Whoever switched profiling off has none: what was reckoned of her is deleted.
    """
    if not client_ids:
        return
    setting = await queries.policy(tx)
    as_of = rules.day_of(now, setting.policy.zone)
    known_as = set((await identities.canonicals(tx, list(client_ids))).values())
    ids = sorted(known_as - await consents.profiling_off(tx, sorted(known_as)))
    brand = tx.info["brand_id"]
    await tx.execute(_FORGET, {"brand": brand, "ids": sorted({*client_ids, *known_as} - set(ids))})
    await tx.execute(_CLAIM, {"brand": brand, "ids": ids})
    rows = await tx.execute(_LOCK, {"brand": brand, "ids": ids})
    before = {row.client_id: Segment(row.segment) if row.segment else None for row in rows}
    after = await queries.standings(tx, ids, setting, as_of)
    await tx.execute(
        _STORE,
        {
            "brand": brand,
            "ids": ids,
            "as_of": as_of,
            "segments": [after[client_id].segment.value for client_id in ids],
            "reviews": [after[client_id].review_on for client_id in ids],
        },
    )
    for client_id in ids:
        if after[client_id].segment is not before[client_id]:
            changed = SegmentChanged(
                client_id=client_id, before=before[client_id], segment=after[client_id].segment, as_of=as_of
            )
            record(tx, changed)


async def set_policy(
    tx: AsyncSession, policy: Policy, given: Sequence[Rate], *, if_match: str, now: datetime
) -> SegmentPolicy:
    """Put policy and rates in force; every client is reckoned anew in the background.

    Raises ThresholdsOutOfOrder, CurrencyWithoutRate, or Stale when someone else was faster.
    """
    today = rules.day_of(now, policy.zone)
    policy.check(rules.Rates(given), today=today)
    brand = {"brand": tx.info["brand_id"]}
    row = brand | asdict(policy)
    await tx.execute(_FIRST_POLICY, row)
    check_match(if_match, (await tx.execute(_LOCK_POLICY, brand)).scalar_one())
    await tx.execute(_SET_POLICY, row)
    await tx.execute(_CLEAR_RATES, brand)
    rates = {
        "currencies": [rate.currency for rate in given],
        "days": [rate.effective_on for rate in given],
        "rates": [rate.rate for rate in given],
    }
    await tx.execute(_SET_RATES, brand | rates)
    await tx.execute(_REVIEW_ALL, brand | {"today": today})
    return await queries.policy(tx)


async def review_due(database: Database, *, now: datetime) -> int:
    """Reckon one batch per brand of those whose segment time alone may have changed; answers how many clients."""
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_DUE_BRANDS, {"latest": queries.latest_day_anywhere(now)})).scalars().all()
    done = 0
    for brand_id in brands:
        async with database.transaction(brand_id) as tx:
            due = {"brand": brand_id, "today": await queries.today(tx, now), "limit": REVIEW_BATCH}
            ids = (await tx.execute(_DUE, due)).scalars().all()
            await recompute(tx, ids, now=now)
            done += len(ids)
    return done


async def reviewing(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that lets receipts leave the twelve months, and a new policy reach everybody."""
    while not stop.is_set():
        if await review_due(kit.database, now=kit.clock()) == 0:
            await pause(stop, REVIEW_PAUSE)
