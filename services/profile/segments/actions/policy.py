"""Changing how the brand reckons."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import check_match
from services.profile.segments import queries, rules
from services.profile.segments.queries import SegmentPolicy
from services.profile.segments.queries.setting import COLUMNS
from services.profile.segments.rules import Policy, Rate

FIRST = UUID(int=0)  # before every client
_FIRST_POLICY = text(
    f"insert into segment_policy (brand_id, {', '.join(COLUMNS)}, version)"  # noqa: S608 - our own words
    f" values (:brand, {', '.join(f':{column}' for column in COLUMNS)}, 0) on conflict do nothing"
)
_LOCK_POLICY = text("select version from segment_policy where brand_id = :brand for update")
_SET_POLICY = text(
    f"update segment_policy set {', '.join(f'{column} = :{column}' for column in COLUMNS)},"  # noqa: S608
    " reviewing_from = :first, version = version + 1 where brand_id = :brand"
)
_CLEAR_RATES = text("delete from currency_rate where brand_id = :brand")
_SET_RATES = text(
    "insert into currency_rate (brand_id, currency, effective_on, rate) select :brand, item.*"
    " from unnest(cast(:currencies as text[]), cast(:days as date[]), cast(:rates as numeric[])) as item"
)


async def set_policy(
    tx: AsyncSession, policy: Policy, given: Sequence[Rate], *, if_match: str, now: datetime
) -> SegmentPolicy:
    """Put policy and rates in force; every client is reckoned anew in the background.

    Raises ThresholdsOutOfOrder, LifecycleOutOfOrder, CurrencyWithoutRate, or Stale when someone else was faster.
    """
    policy.check(rules.Rates(given), today=rules.day_of(now, policy.zone))
    brand = {"brand": tx.info["brand_id"]}
    row = brand | asdict(policy)
    await tx.execute(_FIRST_POLICY, row)
    check_match(if_match, (await tx.execute(_LOCK_POLICY, brand)).scalar_one())
    await tx.execute(_SET_POLICY, row | {"first": FIRST})
    await tx.execute(_CLEAR_RATES, brand)
    rates = {
        "currencies": [rate.currency for rate in given],
        "days": [rate.effective_on for rate in given],
        "rates": [rate.rate for rate in given],
    }
    await tx.execute(_SET_RATES, brand | rates)
    return await queries.policy(tx)
