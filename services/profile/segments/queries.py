"""Reading segments: the policy, and a client's standing out of her receipts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.consents import queries as consents
from services.profile.consents.rules import ProfilingOff
from services.profile.identities import queries as identities
from services.profile.segments import rules
from services.profile.segments.rules import Policy, Rate, Rates, Receipt, Segment, Standing

_POLICY = text(
    "select currency, zone, vic_minor, core_minor, potential_minor, version from segment_policy where brand_id = :brand"
)
_RATES = text("select currency, effective_on, rate from currency_rate where brand_id = :brand order by 1, 2")
# Receipts stay with the record they were given to; what counts is the surviving one.
_RECEIPTS = text(
    """
    with member as (
        select id as member_id, id as client_id from unnest(cast(:ids as uuid[])) as id
        union all
        select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)
    )
    select member.client_id, purchase.purchased_at, purchase.currency, purchase.net_minor
    from member join purchase on purchase.brand_id = :brand and purchase.client_id = member.member_id
    where purchase.purchased_at >= :since
    """
)
_BOUGHT_BEFORE = text(
    """
    with member as (
        select id as member_id, id as client_id from unnest(cast(:ids as uuid[])) as id
        union all
        select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)
    )
    select distinct client_id from member
    where exists (
        select from purchase
        where purchase.brand_id = :brand and purchase.client_id = member.member_id and purchased_at < :since
    )
    """
)
_CURRENT = text(
    "select client_id, segment from client_segment"
    " where brand_id = :brand and client_id = any(:ids) and segment is not null"
)
_RECKONED = text(
    "select as_of from client_segment where brand_id = :brand and client_id = :client_id and segment is not null"
)


@dataclass(frozen=True, slots=True)
class SegmentPolicy:
    """A brand's policy with its own rates; version 0 is the default that nobody has changed."""

    policy: Policy
    given: tuple[Rate, ...]
    version: int

    @property
    def rates(self) -> Rates:
        """The brand's rates, with the defaults behind them."""
        return Rates(self.given)


async def policy(tx: AsyncSession) -> SegmentPolicy:
    """The policy in force."""
    brand = {"brand": tx.info["brand_id"]}
    row = (await tx.execute(_POLICY, brand)).one_or_none()
    if row is None:
        return SegmentPolicy(Policy(), (), 0)
    given = tuple(Rate(*rate) for rate in await tx.execute(_RATES, brand))
    return SegmentPolicy(
        Policy(row.currency, row.zone, row.vic_minor, row.core_minor, row.potential_minor), given, row.version
    )


async def segment_of(tx: AsyncSession, client_id: UUID, as_of: date) -> Standing:
    """A client's standing on a day, out of the receipts of all her records; raises DayOutOfRange, ProfilingOff."""
    canonical = await identities.canonical(tx, client_id)
    if await consents.profiling_off(tx, [canonical]):
        raise ProfilingOff
    return (await standings(tx, [canonical], await policy(tx), as_of))[canonical]


async def today(tx: AsyncSession, now: datetime) -> date:
    """The brand's day."""
    return rules.day_of(now, (await policy(tx)).policy.zone)


async def current(tx: AsyncSession, client_ids: Iterable[UUID]) -> dict[UUID, Segment | None]:
    """The segments last announced, by surviving records; of whom nothing was announced has not bought: a newcomer.

    None for whoever switched profiling off, from the moment she did.
    """
    ids = list(client_ids)
    rows = await tx.execute(_CURRENT, {"brand": tx.info["brand_id"], "ids": ids})
    placed: dict[UUID, Segment | None] = dict.fromkeys(ids, Segment.NEWCOMER)
    placed |= {row.client_id: Segment(row.segment) for row in rows}
    return placed | dict.fromkeys(await consents.profiling_off(tx, ids))


async def reckoned_on(tx: AsyncSession, client_id: UUID) -> date | None:
    """The day a surviving record's segment was last reckoned; None where none is held."""
    asked = {"brand": tx.info["brand_id"], "client_id": client_id}
    return (await tx.execute(_RECKONED, asked)).scalar_one_or_none()


async def standings(
    tx: AsyncSession, client_ids: Sequence[UUID], setting: SegmentPolicy, as_of: date
) -> Mapping[UUID, Standing]:
    """The standings of surviving records on a day, in two queries however many; raises DayOutOfRange."""
    rules.check_day(as_of)
    since = rules.midnight(rules.window_from(as_of), setting.policy.zone)
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "since": since}
    receipts: dict[UUID, list[Receipt]] = defaultdict(list)
    for client_id, *receipt in await tx.execute(_RECEIPTS, asked):
        receipts[client_id].append(Receipt(*receipt))
    before = set((await tx.execute(_BOUGHT_BEFORE, asked)).scalars())
    rates = setting.rates
    return {
        client_id: rules.standing(receipts[client_id], setting.policy, rates, as_of, bought_before=client_id in before)
        for client_id in client_ids
    }


def latest_day_anywhere(now: datetime) -> date:
    """The day it is where days begin first, fourteen hours ahead of UTC."""
    return (now + timedelta(hours=14)).date()
