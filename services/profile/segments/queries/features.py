"""Reading what the future-VIC score is made of, as it was known on a day."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments import rules
from services.profile.segments.queries.engagement import CONTACTED
from services.profile.segments.queries.setting import STRETCHES, SegmentPolicy
from services.profile.segments.rules.engagement import LONGEST_STAY
from services.profile.segments.rules.rates import MINOR_DIGITS

# Only kinds of days and topics: the words themselves stay sealed. What a piece was inherited with is not looked at.
_FEATURES = text(
    f"""
    with {CONTACTED}, {STRETCHES}, receipt as (
        select member.client_id, purchase.purchase_id, purchase.purchased_at, purchase.net_minor,
            (purchase.purchased_at at time zone cast(:zone as text))::date as day, purchase.currency
        from member join purchase on purchase.brand_id = :brand and purchase.client_id = member.member_id
        where purchase.purchased_at < :until
    ), bought as (
        select receipt.client_id,
            sum(net_minor * factor) filter (where purchased_at >= :since) as spend,
            sum(net_minor * factor) filter (where purchased_at >= :prior and purchased_at < :since) as spend_before,
            count(distinct day) filter (where purchased_at >= :since and net_minor > 0) as purchase_days,
            max(net_minor * factor) filter (where purchased_at >= :since) as largest,
            min(day) as first_on, max(day) filter (where net_minor > 0) as last_on
        from receipt left join stretch on stretch.currency = receipt.currency
            and receipt.day >= stretch.from_on and receipt.day < stretch.before
        group by receipt.client_id
    ), category as (
        select receipt.client_id, count(distinct line.category) as categories
        from receipt join purchase_line line on line.brand_id = :brand and line.purchase_id = receipt.purchase_id
        where receipt.purchased_at >= :since and line.quantity > 0 group by receipt.client_id
    ), taken_part as (
        select client_id, sum(amount) filter (where part = 'visits') as visits,
            sum(amount) filter (where part = 'time-in-store') as hours,
            sum(amount) filter (where part = 'enquiries') as enquiries,
            sum(amount) filter (where part = 'shares') as shares, sum(amount) filter (where part = 'answers') as answers
        from contacted group by client_id
    ), looked_at as (
        select client_id, sum(pieces) as pieces from (
            select member.client_id, count(*) as pieces
            from member join reported_contact told on told.brand_id = :brand and told.client_id = member.member_id
            where told.occurred_at >= :since and told.occurred_at < :until
                and told.kind in ('shown', 'tried', 'wished', 'missed') group by member.client_id
            union all
            select member.client_id, count(*)
            from member join wish on wish.brand_id = :brand and wish.client_id = member.member_id
            where wish.noted_at >= :since and wish.noted_at < :until group by member.client_id
        ) piece group by client_id
    ), milestone as (
        select member.client_id, bool_or(kind = 'wedding-anniversary') as wedding,
            bool_or(kind = 'spouse-birthday') as spouse, bool_or(kind = 'child-birthday') as child
        from member join client_date kept on kept.brand_id = :brand and kept.client_id = member.member_id
        where kept.noted_at < :until group by member.client_id
    ), occasion as (
        select member.client_id, count(*) as occasions
        from member join preference on preference.brand_id = :brand and preference.client_id = member.member_id
        where topic = 'occasion' and provenance = 'said' and learned_on <= :as_of
            and (ended_at is null or ended_at >= :until)
        group by member.client_id
    )
    select asked.client_id, coalesce(spend, 0) as spend, coalesce(spend_before, 0) as spend_before,
        coalesce(purchase_days, 0) as purchase_days, coalesce(largest, 0) as largest,
        coalesce(categories, 0) as categories, first_on, last_on, coalesce(visits, 0) as visits,
        coalesce(hours, 0) as hours, coalesce(enquiries, 0) as enquiries, coalesce(shares, 0) as shares,
        coalesce(answers, 0) as answers, coalesce(pieces, 0) as pieces, coalesce(wedding, false) as wedding,
        coalesce(spouse, false) as spouse, coalesce(child, false) as child, coalesce(occasions, 0) as occasions
    from unnest(cast(:ids as uuid[])) as asked (client_id)
    left join bought using (client_id) left join category using (client_id) left join taken_part using (client_id)
    left join looked_at using (client_id) left join milestone using (client_id) left join occasion using (client_id)
    """  # noqa: S608 - our own words
)
_LONGEST_KNOWN = 10.0  # years; longer says no more
_LONGEST_QUIET = 3.0


@dataclass(frozen=True, slots=True)
class Features:
    """One client on a day: the numbers in the order of `rules.future.Feature`, and what she spent in twelve months."""

    values: tuple[float, ...]
    spend_minor: int
    is_known: bool  # something was known of her


async def features(tx: AsyncSession, ids: Sequence[UUID], setting: SegmentPolicy, as_of: date) -> dict[UUID, Features]:
    """The features of surviving records on a day."""
    from_on = rules.window_from(as_of)
    asked = {
        "brand": tx.info["brand_id"],
        "ids": list(ids),
        "as_of": as_of,
        "until": setting.ends(as_of),
        "since": setting.midnight(from_on),
        "prior": setting.midnight(rules.window_from(from_on - timedelta(days=1))),
        "longest": LONGEST_STAY,
    }
    unit = 10 ** MINOR_DIGITS.get(setting.policy.currency, 2)
    rows = await tx.execute(_FEATURES, asked | setting.worths)
    return {row.client_id: _features(row._asdict(), unit, as_of) for row in rows}


def _features(row: dict[str, object], unit: int, as_of: date) -> Features:
    def much(name: str, of: int = 1) -> float:
        # Twice as much is as far from once as four times from twice: what a client does has a long tail.
        return math.log1p(max(0.0, float(str(row[name])) / of))

    first_on, last_on = row["first_on"], row["last_on"]
    years = (as_of - first_on).days / 365 if isinstance(first_on, date) else 0.0
    quiet = (as_of - last_on).days / 365 if isinstance(last_on, date) else _LONGEST_QUIET
    counted = [much(name) for name in ("visits", "hours", "enquiries", "shares", "answers", "pieces")]
    told = [float(bool(row[name])) for name in ("wedding", "spouse", "child")]
    occasions = much("occasions")
    values = (
        much("spend", unit),
        much("spend_before", unit),
        much("purchase_days"),
        much("largest", unit),
        much("categories"),
        min(years, _LONGEST_KNOWN),
        min(quiet, _LONGEST_QUIET),
        *counted,
        *told,
        occasions,
    )
    is_known = first_on is not None or any(counted) or any(told) or occasions > 0
    return Features(values, round(float(str(row["spend"]))), is_known)
