"""Segments, reckoned from receipts alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.segments import rules
from services.profile.segments.rules import (
    CurrencyWithoutRate,
    DayOutOfRange,
    Policy,
    Rate,
    Rates,
    Receipt,
    Segment,
    ThresholdsOutOfOrder,
    Unconverted,
)

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
    found = standing(receipt(on=date(2025, 6, 1)), receipt(on=date(2025, 9, 1)))
    assert found.review_on == date(2026, 6, 1)
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


# --- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thresholds", [(3, 3, 1), (3, 1, 2), (1, 2, 3), (3, 2, 0), (3, 2, -1)])
def test_thresholds_out_of_order_are_refused(thresholds: tuple[int, int, int]) -> None:
    with pytest.raises(ThresholdsOutOfOrder):
        Policy("USD", "Asia/Shanghai", *thresholds).check(Rates(), today=TODAY)


def test_a_policy_in_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(CurrencyWithoutRate):
        Policy(currency="XAF").check(Rates(), today=TODAY)
    Policy(currency="XAF").check(Rates([Rate("XAF", TODAY, Decimal("0.0017"))]), today=TODAY)


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(2200, 1, 1), date.max])
def test_a_day_no_receipt_can_tell_of_is_refused(day: date) -> None:
    with pytest.raises(DayOutOfRange):
        rules.check_day(day)
