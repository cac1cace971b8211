"""What clients have spent, in the currency of the segment policy, each receipt at the rate of its day."""

from typing import Any

from services.profile.lists.queries.frames import ALIAS, HERS, Frame, Part
from services.profile.lists.rules import Criteria
from services.profile.segments.queries.setting import STRETCHES

# Of whom nothing is known to have been spent, nothing was: she is left out only of what is more than nothing.
_SPENT = (
    "c.client_id in (select spent.client_id from spent where spent.minor between :spent_at_least and :spent_at_most)"
)
_SPENT_NO_OTHER = (
    "not exists (select from spent where spent.client_id = c.client_id"
    " and spent.minor not between :spent_at_least and :spent_at_most)"
)
# By moments, not by days: a zone is asked for each rate, and not for each receipt.
_SPENT_BY_CLIENT = f"""
{STRETCHES}, lasting as materialized (
    select currency, factor, cast(from_on as timestamp) at time zone :zone as from_at,
        cast(before as timestamp) at time zone :zone as before_at
    from stretch
), spent as materialized (
    select {HERS} as client_id, round(sum(t.net_minor * lasting.factor)) as minor
    from purchase t {ALIAS}
    join lasting on lasting.currency = t.currency
        and t.purchased_at >= lasting.from_at and t.purchased_at < lasting.before_at
    where t.brand_id = :brand and t.client_id is not null
    and t.purchased_at >= :spent_since and t.purchased_at < :spent_until
    and lasting.before_at > :spent_since and lasting.from_at < :spent_until{{within}}
    group by 1
)
"""  # noqa: S608
_MOST = 10**18


def spent(one: Criteria, frame: Frame) -> Part:
    """Those who have spent as much, or as little, in a period."""
    values: dict[str, Any] = {
        "spent_at_least": one.spent_at_least if one.spent_at_least is not None else -_MOST,
        "spent_at_most": one.spent_at_most if one.spent_at_most is not None else _MOST,
        "spent_since": frame.begins(one.spent_from),
        "spent_until": frame.ends(one.spent_to),
        **frame.setting.worths,
    }
    before = _SPENT_BY_CLIENT.format(within=frame.within("t.client_id"))
    is_nothing_enough = values["spent_at_least"] <= 0 <= values["spent_at_most"]
    return Part(_SPENT_NO_OTHER if is_nothing_enough else _SPENT, values, before)
