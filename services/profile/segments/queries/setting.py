"""Reading how the brand reckons."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments import rules
from services.profile.segments.rules import Policy, Rate, Rates

COLUMNS = tuple(field.name for field in fields(Policy))
_POLICY = text(f"select {', '.join(COLUMNS)}, version from segment_policy where brand_id = :brand")  # noqa: S608
_RATES = text("select currency, effective_on, rate from currency_rate where brand_id = :brand order by 1, 2")

# Joined with receipts, what each is worth in the policy's currency: see `SegmentPolicy.worths`.
STRETCHES = """
stretch as (
    select * from unnest(cast(:currencies as text[]), cast(:froms as date[]), cast(:befores as date[]),
        cast(:factors as numeric[])) as stretch (currency, from_on, before, factor)
)
"""


@dataclass(frozen=True)
class SegmentPolicy:
    """A brand's policy with its own rates; version 0 is the default that nobody has changed."""

    policy: Policy
    given: tuple[Rate, ...]
    version: int

    @cached_property
    def rates(self) -> Rates:
        """The brand's rates, with the defaults behind them."""
        return Rates(self.given)

    @cached_property
    def worths(self) -> dict[str, object]:
        """The values of STRETCHES, and the zone that says which day a receipt is of."""
        stretches = self.rates.stretches(self.policy.currency)
        return {
            "zone": self.policy.zone,
            "currencies": [one.currency for one in stretches],
            "froms": [one.from_on for one in stretches],
            "befores": [one.before for one in stretches],
            "factors": [one.factor for one in stretches],
        }

    def midnight(self, day: date) -> datetime:
        """The moment a day of the brand begins."""
        return rules.midnight(day, self.policy.zone)

    def ends(self, day: date) -> datetime:
        """The moment a day of the brand is over."""
        return self.midnight(day + timedelta(days=1))


async def policy(tx: AsyncSession) -> SegmentPolicy:
    """The policy in force."""
    brand = {"brand": tx.info["brand_id"]}
    row = (await tx.execute(_POLICY, brand)).mappings().one_or_none()
    if row is None:
        return SegmentPolicy(Policy(), (), 0)
    given = tuple(Rate(*rate) for rate in await tx.execute(_RATES, brand))
    return SegmentPolicy(Policy(**{name: row[name] for name in COLUMNS}), given, row["version"])


async def today(tx: AsyncSession, now: datetime) -> date:
    """The brand's day."""
    return rules.day_of(now, (await policy(tx)).policy.zone)


def latest_day_anywhere(now: datetime) -> date:
    """The day it is where days begin first, fourteen hours ahead of UTC."""
    return (now + timedelta(hours=14)).date()
