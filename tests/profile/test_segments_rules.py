"""Segments, reckoned from receipts alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.segments import rules
from services.profile.segments.rules import (
    CurrencyWithoutRate,
    DayOutOfRange,
    Lifecycle,
    LifecycleOutOfOrder,
    Policy,
    Rate,
    Rates,
    Receipt,
    Segment,
    ThresholdsOutOfOrder,
    Unconverted,
    reports,
)
from services.profile.segments.rules.engagement import Contacted, Part, engagement

TODAY = date(2026, 3, 15)


def receipt(net_minor: int = 100_00, *, on: date = TODAY, currency: str = "USD", hour: int = 4) -> Receipt:
    """A receipt; by default at noon in Shanghai."""
    return Receipt(datetime(on.year, on.month, on.day, hour, tzinfo=UTC), currency, net_minor)


def standing(
    *receipts: Receipt,
    policy: Policy | None = None,
    rates: Rates | None = None,
    as_of: date = TODAY,
    bought_before: bool = False,
) -> rules.Standing:
    return rules.standing(receipts, policy or Policy(), rates or Rates(), as_of, bought_before=bought_before)


@pytest.mark.parametrize(
    ("spend_minor", "segment"),
    [
        (50_000_00, Segment.VIC),
        (49_999_99, Segment.CORE),
        (5_000_00, Segment.CORE),
        (4_999_99, Segment.POTENTIAL),
        (1_000_00, Segment.POTENTIAL),
        (999_99, Segment.OCCASIONAL),
        (0, Segment.OCCASIONAL),
        (-100_00, Segment.OCCASIONAL),
    ],
)
def test_a_threshold_belongs_to_the_segment_above_it(spend_minor: int, segment: Segment) -> None:
    assert standing(receipt(spend_minor)).segment is segment


def test_who_never_bought_is_a_newcomer_and_who_bought_long_ago_is_not() -> None:
    assert standing().segment is Segment.NEWCOMER
    assert standing(bought_before=True).segment is Segment.OCCASIONAL


def test_a_purchase_of_tomorrow_leaves_her_a_newcomer_today_and_asks_for_a_review_then() -> None:
    found = standing(receipt(on=TODAY + timedelta(days=1)))
    assert (found.segment, found.receipts, found.review_on) == (Segment.NEWCOMER, 0, TODAY + timedelta(days=1))


def test_a_return_lowers_the_spend() -> None:
    kept = standing(receipt(6_000_00), receipt(-2_000_00))
    assert (kept.segment, kept.spend_minor, kept.receipts) == (Segment.POTENTIAL, 4_000_00, 2)


@pytest.mark.parametrize(
    ("as_of", "from_on"),
    [
        (date(2026, 3, 15), date(2025, 3, 16)),
        (date(2026, 1, 1), date(2025, 1, 2)),
        (date(2025, 12, 31), date(2025, 1, 1)),
        (date(2028, 2, 29), date(2027, 3, 1)),
        (date(2029, 2, 28), date(2028, 2, 29)),
        (date(2029, 3, 1), date(2028, 3, 2)),
    ],
)
def test_the_twelve_months_end_with_the_day_and_begin_after_the_same_day_a_year_before(
    as_of: date, from_on: date
) -> None:
    assert rules.window_from(as_of) == from_on


def test_both_days_at_the_edges_count_and_their_neighbours_do_not() -> None:
    first = date(2025, 3, 16)
    inside = standing(receipt(1_00, on=first), receipt(2_00, on=TODAY))
    outside = standing(receipt(4_00, on=first - timedelta(days=1)), receipt(8_00, on=TODAY + timedelta(days=1)))
    assert (inside.spend_minor, outside.spend_minor) == (3_00, 0)


def test_the_day_is_the_brands_not_that_of_utc() -> None:
    # 17:00 UTC is one o'clock of the next day in Shanghai.
    late = Receipt(datetime(2026, 3, 15, 17, tzinfo=UTC), "USD", 100_00)
    assert standing(late).receipts == 0
    assert standing(late, policy=Policy(zone="Europe/Paris")).receipts == 1


@given(st.dates(date(1901, 1, 1), date(2198, 12, 31)))
def test_the_window_has_a_year_of_days_and_a_day_leaves_it_exactly_once(as_of: date) -> None:
    assert (as_of - rules.window_from(as_of)).days + 1 in {365, 366}
    gone = rules.leaves_on(as_of)
    assert rules.window_from(gone) > as_of
    assert rules.window_from(gone - timedelta(days=1)) <= as_of


def test_the_review_is_on_the_day_the_oldest_counted_receipt_leaves() -> None:
    both = receipt(on=date(2025, 6, 1)), receipt(on=date(2025, 9, 1))
    assert standing(*both, policy=Policy(lapsing_days=300)).review_on == date(2026, 6, 1)
    assert standing(*both).review_on == date(2026, 4, 30)  # she is lapsing before
    assert standing(bought_before=True).review_on is None


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 800)), max_size=8))
def test_the_order_of_the_receipts_does_not_matter(sold: list[tuple[int, int]]) -> None:
    receipts = [receipt(net, on=TODAY - timedelta(days=age)) for net, age in sold]
    assert standing(*receipts) == standing(*reversed(receipts))


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_purchase_never_lowers_a_segment_and_its_return_takes_exactly_that_back(spent: int, more: int) -> None:
    order = list(Segment)
    before, after = standing(receipt(spent)), standing(receipt(spent), receipt(more))
    returned = standing(receipt(spent), receipt(more), receipt(-more))
    assert order.index(after.segment) <= order.index(before.segment)
    assert (returned.segment, returned.spend_minor) == (before.segment, before.spend_minor)


# --- what is kept, and the stages of life ------------------------------------------------------------------------


def had(days_ago: int, *, grace: int = 30) -> rules.Standing:
    """The standing of who spent enough for core so many days before the grace is asked about."""
    return standing(
        receipt(6_000_00, on=TODAY - timedelta(days=days_ago)), policy=Policy(grace_days=grace, lapsed_days=500)
    )


def test_what_only_time_took_is_kept_through_the_grace_and_no_longer() -> None:
    last, first, over = had(364), had(365), had(395)
    assert (last.segment, last.kept) == (Segment.CORE, None)
    assert (first.segment, first.reckoned) == (Segment.CORE, Segment.OCCASIONAL)
    assert first.kept == rules.Kept(TODAY - timedelta(days=1), 6_000_00, TODAY + timedelta(days=29))
    assert first.review_on == TODAY + timedelta(days=30)
    assert (over.segment, over.kept) == (Segment.OCCASIONAL, None)
    assert had(365, grace=0).segment is Segment.OCCASIONAL


def test_nothing_is_kept_that_she_brought_back_and_nothing_reached_that_she_never_had() -> None:
    gone = receipt(6_000_00, on=TODAY - timedelta(days=370))
    assert standing(gone, receipt(-6_000_00)).segment is Segment.OCCASIONAL
    # 3,000 left ten days ago and 3,000 came today: she never had 6,000 within twelve months.
    halves = [receipt(3_000_00, on=TODAY - timedelta(days=375)), receipt(3_000_00)]
    assert standing(*halves).segment is Segment.POTENTIAL


@given(
    st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 430)), max_size=6),
    st.integers(0, 40),
)
def test_what_holds_is_the_best_she_had_in_the_grace_less_what_she_returned_since(
    sold: list[tuple[int, int]], grace: int
) -> None:
    policy = Policy(grace_days=grace, vic_minor=500_000, core_minor=100_000, potential_minor=10_000)
    receipts = [receipt(net, on=TODAY - timedelta(days=age)) for net, age in sold]
    found = standing(*receipts, policy=policy)

    def on(day: date) -> Segment:
        from_on = rules.window_from(day)
        bought = [(r.purchased_at.date(), r.net_minor) for r in receipts]
        inside = [net for at, net in bought if from_on <= at and (at <= day or net < 0)]
        return policy.segment(sum(inside)) if any(at <= day for at, _ in bought) else Segment.NEWCOMER

    order = list(Segment)
    best = min((on(TODAY - timedelta(days=ago)) for ago in range(grace + 1)), key=order.index)
    assert found.segment is best
    assert order.index(found.segment) <= order.index(found.reckoned)
    assert (found.kept is None) is (found.segment is found.reckoned)


@given(st.lists(st.integers(0, 1200), max_size=6), st.integers(0, 400))
def test_a_stage_of_life_changes_on_the_day_it_said_and_on_no_day_before(ages: list[int], ahead: int) -> None:
    policy, bought_on = Policy(), [TODAY - timedelta(days=age) for age in ages]
    stage, turns_on = rules.lifecycle(bought_on, policy, TODAY)
    later, _ = rules.lifecycle(bought_on, policy, TODAY + timedelta(days=ahead))
    if turns_on is None or TODAY + timedelta(days=ahead) < turns_on:
        assert later is stage
    if turns_on is not None:
        assert turns_on > TODAY
        assert rules.lifecycle(bought_on, policy, turns_on)[0] is not stage


@pytest.mark.parametrize(
    ("ages", "stage"),
    [
        ([], Lifecycle.NEWCOMER),
        ([240], Lifecycle.ACTIVE),
        ([241], Lifecycle.LAPSING),
        ([365], Lifecycle.LAPSING),
        ([366], Lifecycle.LAPSED),
        ([466, 100], Lifecycle.ACTIVE),
        ([456, 89], Lifecycle.BACK),
        ([456, 90], Lifecycle.ACTIVE),
        ([454, 89], Lifecycle.ACTIVE),
        ([456, 89, 5], Lifecycle.BACK),
        ([900, 300], Lifecycle.LAPSING),
        ([-1], Lifecycle.NEWCOMER),
    ],
)
def test_the_stage_of_life_is_told_by_the_days_on_which_she_bought(ages: list[int], stage: Lifecycle) -> None:
    bought_on = [TODAY - timedelta(days=age) for age in ages]
    assert rules.lifecycle(bought_on, Policy(), TODAY)[0] is stage


def test_a_return_alone_is_no_purchase() -> None:
    found = standing(receipt(-100), bought_before=True, policy=Policy())
    assert (found.segment, found.lifecycle) == (Segment.OCCASIONAL, Lifecycle.NEWCOMER)


def test_a_newcomer_is_received_as_a_vic_and_so_is_who_lets_nobody_reckon_her_up() -> None:
    assert rules.received_as(Segment.NEWCOMER) is rules.received_as(None) is Segment.VIC
    assert rules.received_as(Segment.OCCASIONAL) is Segment.OCCASIONAL


def test_engagement_halves_with_its_half_life_and_ends_at_a_hundred() -> None:
    def score(*contacts: tuple[Part, int, float]) -> int:
        told = [Contacted(part, TODAY - timedelta(days=ago), amount) for part, ago, amount in contacts]
        return engagement(told, Policy(), TODAY).score

    assert score() == 0
    assert (score((Part.VISITS, 0, 1)), score((Part.VISITS, 90, 1)), score((Part.VISITS, 180, 2))) == (10, 5, 5)
    assert score((Part.VISITS, -1, 1)) == score((Part.VISITS, 721, 100)) == 0
    assert score((Part.VISITS, 0, 50)) == 100


# --- currencies ------------------------------------------------------------------------------------------------------


def test_each_receipt_is_converted_at_the_rate_of_its_day() -> None:
    rates = Rates(
        [
            Rate("CNY", date(2025, 1, 1), Decimal("0.10")),
            Rate("CNY", date(2026, 1, 1), Decimal("0.20")),
        ]
    )
    found = standing(
        receipt(100_00, on=date(2025, 12, 31), currency="CNY"),
        receipt(100_00, on=date(2026, 1, 1), currency="CNY"),
        rates=rates,
    )
    assert found.spend_minor == 10_00 + 20_00


def test_a_brands_own_rate_goes_before_the_default_from_its_day_on() -> None:
    rates = Rates([Rate("GBP", date(2011, 6, 1), Decimal(2))])
    assert rates.on("GBP", date(2011, 5, 31)) == Decimal("1.60")
    assert rates.on("GBP", date(2011, 6, 1)) == Decimal(2)
    assert rates.on("USD", date(1956, 1, 1)) == Decimal(1)


def test_a_currency_without_a_rate_is_said_and_not_counted_but_she_did_buy() -> None:
    found = standing(receipt(90_000_00, currency="XAF"), receipt(10_00, currency="XAF"))
    assert found.segment is Segment.OCCASIONAL
    assert (found.spend_minor, found.unconverted) == (0, (Unconverted("XAF", 90_010_00),))


def test_no_rate_is_needed_where_everything_is_in_the_policys_currency() -> None:
    policy = Policy(currency="XAF", vic_minor=300, core_minor=200, potential_minor=100)
    assert standing(receipt(250, currency="XAF"), policy=policy).segment is Segment.CORE


def test_a_currency_without_minor_units_is_worth_what_it_says() -> None:
    rates = Rates([Rate("JPY", date(2020, 1, 1), Decimal("0.01"))])
    # 600,000 yen are 6,000 dollars; a yen has no hundredths.
    assert standing(receipt(600_000, currency="JPY"), rates=rates).spend_minor == 6_000_00
    assert rates.convert(6_000_00, "USD", "JPY", on=TODAY) == 600_000


def test_the_sum_is_rounded_once_and_half_up() -> None:
    rates = Rates([Rate("CNY", date(2020, 1, 1), Decimal("0.15"))])
    halves = [receipt(1, currency="CNY"), receipt(1, currency="CNY"), receipt(8, currency="CNY")]
    assert standing(*halves, rates=rates).spend_minor == 2  # 1.5 cents, where three roundings would give 1


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), st.sampled_from(["CNY", "EUR", "USD", "JPY", "XAF"]))
def test_the_stretches_say_what_the_factors_say(day: date, currency: str) -> None:
    rates = Rates([Rate("CNY", date(2020, 5, 4), Decimal("0.1410000001")), Rate("XAF", date(2021, 1, 1), Decimal(1))])
    for into in ("USD", "CNY", "JPY"):
        found = [
            one.factor for one in rates.stretches(into) if one.currency == currency and one.from_on <= day < one.before
        ]
        factor = rates.factor(currency, into, day)
        assert found == ([] if factor is None else [factor])


# --- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thresholds", [(3, 3, 1), (3, 1, 2), (1, 2, 3), (3, 2, 0), (3, 2, -1)])
def test_thresholds_out_of_order_are_refused(thresholds: tuple[int, int, int]) -> None:
    with pytest.raises(ThresholdsOutOfOrder):
        Policy("USD", "Asia/Shanghai", *thresholds).check(Rates(), today=TODAY)


def test_a_policy_in_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(CurrencyWithoutRate):
        Policy(currency="XAF").check(Rates(), today=TODAY)
    Policy(currency="XAF").check(Rates([Rate("XAF", TODAY, Decimal("0.0017"))]), today=TODAY)


def test_nobody_lapses_before_she_is_lapsing() -> None:
    with pytest.raises(LifecycleOutOfOrder):
        Policy(lapsing_days=365).check(Rates(), today=TODAY)


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(2200, 1, 1), date.max])
def test_a_day_no_receipt_can_tell_of_is_refused(day: date) -> None:
    with pytest.raises(DayOutOfRange):
        rules.check_day(day)


def test_a_report_is_known_by_what_is_asked_and_not_by_the_order_of_boutiques() -> None:
    day, before, one, other = date(2026, 3, 5), date(2026, 2, 5), UUID(int=1), UUID(int=2)
    keys = [
        reports.key(day, None, None),
        reports.key(before, None, None),
        reports.key(day, before, None),
        reports.key(day, None, []),
        reports.key(day, None, [one]),
        reports.key(day, None, [one, other]),
    ]
    assert len(set(keys)) == len(keys)
    assert reports.key(day, None, [other, one]) == keys[-1]


@pytest.mark.parametrize(
    ("today", "last", "before"),
    [("2026-03-05", "2026-02-28", "2026-01-31"), ("2026-01-01", "2025-12-31", "2025-11-30")],
)
def test_by_night_the_day_is_wanted_and_the_last_two_months(today: str, last: str, before: str) -> None:
    day = date.fromisoformat(today)
    assert reports.nightly(day) == [(day, None), (date.fromisoformat(last), date.fromisoformat(before))]
