"""Reading a client's standing out of her receipts, and what was last announced of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.consents import queries as consents
from services.profile.consents.rules import ProfilingOff
from services.profile.identities import queries as identities
from services.profile.segments import rules
from services.profile.segments.queries.setting import SegmentPolicy, policy
from services.profile.segments.rules import Lifecycle, Receipt, Segment, Standing

# Receipts stay with the record they were given to; what counts is the surviving one.
MEMBER = """
member as (
    select id as member_id, id as client_id from unnest(cast(:ids as uuid[])) as id
    union all
    select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)
)
"""
_RECEIPTS = text(
    f"""
    with {MEMBER}
    select member.client_id, purchase.purchased_at, purchase.currency, purchase.net_minor
    from member join purchase on purchase.brand_id = :brand and purchase.client_id = member.member_id
    where purchase.purchased_at >= :since
    """  # noqa: S608 - our own words
)
# Whether there is anything older, and when she last bought then: returns alone are no purchase.
_BEFORE = text(
    f"""
    with {MEMBER}
    select member.client_id, max(bought.purchased_at) as last_at
    from member
    cross join lateral (
        select from purchase where brand_id = :brand and client_id = member.member_id and purchased_at < :since limit 1
    ) older
    left join lateral (
        select purchased_at from purchase
        where brand_id = :brand and client_id = member.member_id and purchased_at < :since and net_minor > 0
        order by purchased_at desc limit 1
    ) bought on true
    group by member.client_id
    """  # noqa: S608 - our own words
)
_CURRENT = text(
    "select client_id, segment, lifecycle from client_segment"
    " where brand_id = :brand and client_id = any(:ids) and segment is not null"
)
_RECKONED = text(
    "select max(day) from (select as_of as day from client_segment"
    " where brand_id = :brand and client_id = :client_id and segment is not null"
    " union all select scored_on from future_vic where brand_id = :brand and client_id = :client_id) held"
)


async def segment_of(tx: AsyncSession, client_id: UUID, as_of: date) -> Standing:
    """A client's standing on a day, out of the receipts of all her records; raises DayOutOfRange, ProfilingOff."""
    canonical = await identities.canonical(tx, client_id)
    if await consents.profiling_off(tx, [canonical]):
        raise ProfilingOff
    return (await standings(tx, [canonical], await policy(tx), as_of))[canonical]


async def current(tx: AsyncSession, client_ids: Iterable[UUID]) -> dict[UUID, Segment | None]:
    """The segments last announced, by surviving records; of whom nothing was announced has not bought: a newcomer.

    None for whoever switched profiling off, from the moment she did.
    """
    ids = list(client_ids)
    rows = await tx.execute(_CURRENT, {"brand": tx.info["brand_id"], "ids": ids})
    placed: dict[UUID, Segment | None] = dict.fromkeys(ids, Segment.NEWCOMER)
    placed |= {row.client_id: Segment(row.segment) for row in rows}
    return placed | dict.fromkeys(await consents.profiling_off(tx, ids))


async def lifecycles(tx: AsyncSession, client_ids: Iterable[UUID]) -> dict[UUID, Lifecycle | None]:
    """The stages of life last announced, by surviving records, as `current` does it for segments."""
    ids = list(client_ids)
    rows = await tx.execute(_CURRENT, {"brand": tx.info["brand_id"], "ids": ids})
    placed: dict[UUID, Lifecycle | None] = dict.fromkeys(ids, Lifecycle.NEWCOMER)
    placed |= {row.client_id: Lifecycle(row.lifecycle) for row in rows if row.lifecycle is not None}
    return placed | dict.fromkeys(await consents.profiling_off(tx, ids))


async def reckoned_on(tx: AsyncSession, client_id: UUID) -> date | None:
    """The day a surviving record's segment or outlook was last reckoned; None where neither is held."""
    asked = {"brand": tx.info["brand_id"], "client_id": client_id}
    found: date | None = (await tx.execute(_RECKONED, asked)).scalar_one()
    return found


async def standings(
    tx: AsyncSession, client_ids: Sequence[UUID], setting: SegmentPolicy, as_of: date
) -> Mapping[UUID, Standing]:
    """The standings of surviving records on a day, in two queries however many; raises DayOutOfRange."""
    rules.check_day(as_of)
    since = setting.midnight(rules.needed_from(setting.policy, as_of))
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "since": since}
    receipts: dict[UUID, list[Receipt]] = defaultdict(list)
    for client_id, *receipt in await tx.execute(_RECEIPTS, asked):
        receipts[client_id].append(Receipt(*receipt))
    before = {row.client_id: row.last_at for row in await tx.execute(_BEFORE, asked)}
    zone = setting.policy.zone
    return {
        client_id: rules.standing(
            receipts[client_id],
            setting.policy,
            setting.rates,
            as_of,
            bought_before=client_id in before,
            last_before=rules.day_of(last_at, zone) if (last_at := before.get(client_id)) else None,
        )
        for client_id in client_ids
    }
