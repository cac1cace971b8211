"""What clients have spent, in the currency of the segment policy, each receipt at the rate of its day."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.profile.lists.queries.frames import ALIAS, HERS, Frame, Part
from services.profile.lists.rules import Criteria
from services.profile.segments.rules import FIRST_DAY, LAST_DAY, PIVOT, Rates
from services.profile.segments.rules.rates import DEFAULT_RATES, MINOR_DIGITS

# Of whom nothing is known to have been spent, nothing was: she is left out only of what is more than nothing.
_SPENT = (
    "c.client_id in (select spent.client_id from spent where spent.minor between :spent_at_least and :spent_at_most)"
)
_SPENT_NO_OTHER = (
    "not exists (select from spent where spent.client_id = c.client_id"
    " and spent.minor not between :spent_at_least and :spent_at_most)"
)
_SPENT_BY_CLIENT = f"""
spent as materialized (
    select {HERS} as client_id, round(sum(t.net_minor * rate.factor)) as minor
    from purchase t {ALIAS}
    join unnest(cast(:currencies as text[]), cast(:froms as timestamptz[]), cast(:untils as timestamptz[]),
        cast(:factors as numeric[])) as rate (currency, from_at, until_at, factor)
        on rate.currency = t.currency and t.purchased_at >= rate.from_at and t.purchased_at < rate.until_at
    where t.brand_id = :brand and t.client_id is not null
    and t.purchased_at >= :spent_since and t.purchased_at < :spent_until
    group by 1
)
"""  # noqa: S608


def spent(one: Criteria, frame: Frame) -> Part:
    """Those who have spent as much, or as little, in a period."""
    rates = _factors(frame)
    values: dict[str, Any] = {
        "spent_at_least": one.spent_at_least if one.spent_at_least is not None else -(10**18),
        "spent_at_most": one.spent_at_most if one.spent_at_most is not None else 10**18,
        "spent_since": frame.begins(one.spent_from),
        "spent_until": frame.ends(one.spent_to),
        "currencies": [currency for currency, _, _, _ in rates],
        "froms": [since for _, since, _, _ in rates],
        "untils": [until for _, _, until, _ in rates],
        "factors": [factor for _, _, _, factor in rates],
    }
    is_nothing_enough = values["spent_at_least"] <= 0 <= values["spent_at_most"]
    return Part(_SPENT_NO_OTHER if is_nothing_enough else _SPENT, values, _SPENT_BY_CLIENT)


def _factors(frame: Frame) -> list[tuple[str, datetime, datetime, Decimal]]:
    """Minor units of the policy's currency for one of each other, from when until when: as `Rates.convert` has it."""
    policy, given = frame.setting.policy, frame.setting.given
    rates = Rates(given)
    named = {policy.currency, PIVOT, *DEFAULT_RATES, *(rate.currency for rate in given)}
    starts = sorted(
        {FIRST_DAY}
        | {date(year, 1, 1) for years in DEFAULT_RATES.values() for year in years}
        | {rate.effective_on for rate in given}
    )
    ends = [*(start - timedelta(days=1) for start in starts[1:]), LAST_DAY]
    found = []
    for currency in sorted(named):
        shift = MINOR_DIGITS.get(policy.currency, 2) - MINOR_DIGITS.get(currency, 2)
        for start, end in zip(starts, ends, strict=True):
            rate, other = rates.on(currency, start), rates.on(policy.currency, start)
            if currency == policy.currency:
                found.append((currency, frame.begins(start), frame.ends(end), Decimal(1)))
            elif rate is not None and other is not None:
                found.append((currency, frame.begins(start), frame.ends(end), (rate / other).scaleb(shift)))
    return found
