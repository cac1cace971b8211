"""Which segment: net spend of twelve months, in one currency, against the brand's thresholds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from services.profile.segments.rules.days import day_of, leaves_on, window_from
from services.profile.segments.rules.policy import Policy, Segment
from services.profile.segments.rules.rates import EXACT, Rates
from services.profile.segments.rules.stages import Lifecycle, lifecycle

RANK = {segment: rank for rank, segment in enumerate(reversed(Segment))}  # newcomer 0 ... VIC 4


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt; a return has a negative `net_minor`."""

    purchased_at: datetime
    currency: str
    net_minor: int


@dataclass(frozen=True, slots=True)
class Unconverted:
    """What was spent in a currency without a rate, and so not counted."""

    currency: str
    net_minor: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A better segment that only time has taken: she had it on `had_on` by this spend, and keeps it through `until`."""

    had_on: date
    spend_minor: int
    until: date


@dataclass(frozen=True, slots=True)
class Standing:
    """A client's segment on a day, and what it was reckoned from.

    Counted are the receipts from `from_on` to `as_of`, both days included: they make `reckoned`. `segment` is the one
    that holds; it is better where `kept` says why. On `review_on` time alone may change segment or lifecycle.
    """

    segment: Segment
    reckoned: Segment
    kept: Kept | None
    lifecycle: Lifecycle
    as_of: date
    from_on: date
    spend_minor: int
    currency: str
    receipts: int
    unconverted: tuple[Unconverted, ...]
    review_on: date | None


@dataclass(frozen=True, slots=True)
class _Worth:
    """A receipt's day, and what it is worth in the policy's currency."""

    day: date
    worth: Decimal


def standing(
    receipts: Sequence[Receipt],
    policy: Policy,
    rates: Rates,
    as_of: date,
    *,
    bought_before: bool,
    last_before: date | None = None,
) -> Standing:
    """The standing as of a day, from the receipts since `needed_from(policy, as_of)`.

    `bought_before` says whether there are older ones: whoever ever bought is no newcomer; `last_before` is the day of
    the last older one that was no mere return. Each receipt is converted at the rate of its day; the sum is rounded
    once, half up. Receipts after `as_of` only matter for the review.
    """
    from_on = window_from(as_of)
    counted: list[date] = []
    reviews: list[date] = []
    worths: list[_Worth] = []
    bought_on = [] if last_before is None else [last_before]
    unconverted: dict[str, int] = defaultdict(int)
    for receipt in receipts:
        day = day_of(receipt.purchased_at, policy.zone)
        if day > as_of:
            reviews.append(day)
            continue
        if receipt.net_minor > 0:
            bought_on.append(day)
        worth = rates.convert(receipt.net_minor, receipt.currency, policy.currency, on=day)
        if worth is not None:
            worths.append(_Worth(day, worth))
        if day >= from_on:
            counted.append(day)
            if worth is None:
                unconverted[receipt.currency] += receipt.net_minor
        else:
            bought_before = True
    spend_minor = _sum(one.worth for one in worths if one.day >= from_on)
    reckoned = policy.segment(spend_minor) if counted or bought_before else Segment.NEWCOMER
    kept = _kept(worths, policy, as_of, reckoned)
    stage, turns_on = lifecycle(bought_on, policy, as_of)
    # Time changes something when the oldest of them leaves, when a grace ends, or a stage.
    reviews += [leaves_on(min(counted))] if counted else []
    reviews += [kept.until + timedelta(days=1)] if kept else []
    reviews += [turns_on] if turns_on else []
    return Standing(
        segment=policy.segment(kept.spend_minor) if kept else reckoned,
        reckoned=reckoned,
        kept=kept,
        lifecycle=stage,
        as_of=as_of,
        from_on=from_on,
        spend_minor=spend_minor,
        currency=policy.currency,
        receipts=len(counted),
        unconverted=tuple(Unconverted(currency, net) for currency, net in sorted(unconverted.items())),
        review_on=min(reviews, default=None),
    )


def needed_from(policy: Policy, as_of: date) -> date:
    """The first day whose receipts `standing` needs."""
    return min(window_from(as_of - timedelta(days=policy.grace_days)), as_of - timedelta(days=policy.back_days))


def _kept(worths: Sequence[_Worth], policy: Policy, as_of: date, reckoned: Segment) -> Kept | None:
    """The best segment she had on a day of the grace, less what she has returned since; None if it is no better.

    Time takes something only on the day a receipt leaves the twelve months: she had most on the days before those.
    """
    first, last = window_from(as_of - timedelta(days=policy.grace_days)), window_from(as_of)
    days = {leaves_on(one.day) - timedelta(days=1) for one in worths if first <= one.day < last}
    best: Kept | None = None
    for had_on in sorted(days):
        from_on = window_from(had_on)
        spend_minor = _sum(one.worth for one in worths if one.day >= from_on and (one.day <= had_on or one.worth < 0))
        segment = policy.segment(spend_minor)
        if RANK[segment] > RANK[reckoned] and (best is None or RANK[segment] >= RANK[policy.segment(best.spend_minor)]):
            best = Kept(had_on, spend_minor, had_on + timedelta(days=policy.grace_days))
    return best


def _sum(worths: Iterable[Decimal]) -> int:
    total = Decimal(0)
    for worth in worths:
        total = EXACT.add(total, worth)
    return int(total.to_integral_value(ROUND_HALF_UP))
