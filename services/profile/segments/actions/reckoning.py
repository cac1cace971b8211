"""Reckoning clients anew, and announcing what has changed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.segments import queries, rules
from services.profile.segments.events import LifecycleChanged, SegmentChanged
from services.profile.segments.rules import Lifecycle, Segment

_CLAIM = text(
    "insert into client_segment (brand_id, client_id) select :brand, unnest(cast(:ids as uuid[]))"
    " on conflict do nothing"
)
_LOCK = text(
    "select client_id, segment, lifecycle from client_segment where brand_id = :brand and client_id = any(:ids)"
    # In one order everywhere: two transactions that want the same clients take turns.
    " order by client_id for update"
)
_STORE = text(
    "update client_segment set segment = item.segment, lifecycle = item.lifecycle, as_of = :as_of,"
    " review_on = item.review_on"
    " from unnest(cast(:ids as uuid[]), cast(:segments as text[]), cast(:lifecycles as text[]),"
    " cast(:reviews as date[])) as item (client_id, segment, lifecycle, review_on)"
    " where client_segment.brand_id = :brand and client_segment.client_id = item.client_id"
)
_REST = text("update client_segment set review_on = null where brand_id = :brand and client_id = any(:ids)")
_FORGET = [
    text(f"delete from {table} where brand_id = :brand and client_id = any(:ids)")  # noqa: S608
    for table in ("client_segment", "future_vic")
]


async def recompute(tx: AsyncSession, client_ids: Collection[UUID], *, now: datetime) -> None:
    """Reckon segment and lifecycle of these clients and announce changes; a merged record has its survivor's.

    Whoever switched profiling off has none: what was reckoned of her is deleted. Of whoever had her data restricted it
    stays as it was, and nothing is reckoned until she has it used again.
    """
    if not client_ids:
        return
    known_as = set((await identities.canonicals(tx, list(client_ids))).values())
    reckoned = known_as - await consents.profiling_off(tx, sorted(known_as))
    brand = tx.info["brand_id"]
    if gone := sorted({*client_ids, *known_as} - reckoned):
        for statement in _FORGET:
            await tx.execute(statement, {"brand": brand, "ids": gone})
    if resting := await consents.restricted(tx, sorted(reckoned)):
        await tx.execute(_REST, {"brand": brand, "ids": sorted(resting)})
    ids = sorted(reckoned - resting)
    await tx.execute(_CLAIM, {"brand": brand, "ids": ids})
    rows = await tx.execute(_LOCK, {"brand": brand, "ids": ids})
    before = {row.client_id: (row.segment, row.lifecycle) for row in rows}
    # Read behind the lock: whoever waited for it reckons by the policy that is in force now.
    setting = await queries.policy(tx)
    as_of = rules.day_of(now, setting.policy.zone)
    after = await queries.standings(tx, ids, setting, as_of)
    await tx.execute(
        _STORE,
        {
            "brand": brand,
            "ids": ids,
            "as_of": as_of,
            "segments": [after[client_id].segment.value for client_id in ids],
            "lifecycles": [after[client_id].lifecycle.value for client_id in ids],
            "reviews": [after[client_id].review_on for client_id in ids],
        },
    )
    for client_id in ids:
        (segment, lifecycle), standing = before[client_id], after[client_id]
        if standing.segment != segment:
            was = Segment(segment) if segment else None
            record(tx, SegmentChanged(client_id=client_id, before=was, segment=standing.segment, as_of=as_of))
        if standing.lifecycle != lifecycle:
            stage = Lifecycle(lifecycle) if lifecycle else None
            changed = LifecycleChanged(client_id=client_id, before=stage, lifecycle=standing.lifecycle, as_of=as_of)
            record(tx, changed)
