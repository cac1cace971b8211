"""Which segment: net spend of twelve months, in one currency, against the brand's thresholds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal

PIVOT = "USD"

# ISO 4217: digits after the decimal point, where they are not two.
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}

# US dollars for one unit, by the first day they hold: yearly averages, rounded. A brand's own rates go before them.
DEFAULT_RATES: Mapping[str, Mapping[int, str]] = {
    "CNY": {2005: "0.122", 2010: "0.148", 2011: "0.155", 2012: "0.158", 2015: "0.161", 2016: "0.151", 2019: "0.145",
            2021: "0.155", 2022: "0.149", 2023: "0.141", 2024: "0.139"},
    "HKD": {2005: "0.128"},
    "MOP": {2005: "0.125"},
    "TWD": {2010: "0.032", 2019: "0.0324", 2021: "0.0358", 2022: "0.0336", 2023: "0.0321", 2024: "0.0311"},
    "EUR": {2010: "1.33", 2011: "1.39", 2012: "1.29", 2013: "1.33", 2015: "1.11", 2017: "1.13", 2018: "1.18",
            2019: "1.12", 2020: "1.14", 2021: "1.18", 2022: "1.05", 2023: "1.08"},
    "GBP": {2009: "1.57", 2010: "1.55", 2011: "1.60", 2012: "1.58", 2014: "1.65", 2015: "1.53", 2016: "1.36",
            2017: "1.29", 2018: "1.33", 2019: "1.28", 2021: "1.38", 2022: "1.24", 2024: "1.28"},
    "CHF": {2010: "0.96", 2011: "1.13", 2012: "1.07", 2015: "1.04", 2016: "1.01", 2020: "1.07", 2023: "1.11"},
    "JPY": {2010: "0.0114", 2011: "0.0125", 2013: "0.0102", 2014: "0.0094", 2015: "0.0083", 2016: "0.0092",
            2021: "0.0091", 2022: "0.0076", 2023: "0.0071", 2024: "0.0066"},
    "SGD": {2010: "0.734", 2011: "0.795", 2015: "0.727", 2019: "0.733", 2023: "0.745"},
    "AUD": {2010: "0.92", 2011: "1.03", 2014: "0.90", 2015: "0.75", 2019: "0.70", 2021: "0.75", 2022: "0.69",
            2023: "0.66"},
}  # fmt: skip

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class ThresholdsOutOfOrder(Refusal):
    """VIC above core above potential, or the segments mean nothing."""

    kind = Kind.INVALID
    slug = "thresholds-out-of-order"
    en = "The threshold for VIC must be above the one for core, and that above the one for potential."
    zh = "顶级客户的门槛须高于核心客户，核心客户的门槛须高于潜力客户。"


class CurrencyWithoutRate(Refusal):
    """Nothing could be compared with thresholds in a currency that has no rate."""

    kind = Kind.INVALID
    slug = "currency-without-rate"
    en = "There is no exchange rate for the policy's currency today. Add one to `rates`."
    zh = "该策略所用货币目前没有汇率，请在 rates 中补充。"


class DayOutOfRange(Refusal):
    """A segment as of a day that no receipt can tell anything about."""

    kind = Kind.INVALID
    slug = "day-out-of-range"
    en = "Choose a day between 1900 and 2199."
    zh = "请选择 1900 年至 2199 年之间的日期。"


class Segment(StrEnum):
    """Shown to those who serve her, never to the client."""

    VIC = "vic"
    CORE = "core"
    POTENTIAL = "potential"
    OCCASIONAL = "occasional"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Policy:
    """A brand's thresholds, in minor units of `currency`; `zone` (IANA) says when its days begin."""

    currency: str = PIVOT
    zone: str = "Asia/Shanghai"
    vic_minor: int = 50_000_00
    core_minor: int = 5_000_00
    potential_minor: int = 1_000_00

    def check(self, rates: "Rates", *, today: date) -> None:
        """Raise ThresholdsOutOfOrder or CurrencyWithoutRate."""
        if not self.vic_minor > self.core_minor > self.potential_minor > 0:
            raise ThresholdsOutOfOrder
        if rates.on(self.currency, today) is None:
            raise CurrencyWithoutRate

    def segment(self, spend_minor: int) -> Segment:
        """The segment of someone who has bought; a threshold itself belongs to the segment above it."""
        if spend_minor >= self.vic_minor:
            return Segment.VIC
        if spend_minor >= self.core_minor:
            return Segment.CORE
        return Segment.POTENTIAL if spend_minor >= self.potential_minor else Segment.OCCASIONAL


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars for one unit of a currency, from that day until the next one that is given."""

    currency: str
    effective_on: date
    rate: Decimal


class Rates:
    """The rates a brand gave, and behind them the defaults. The pivot is always 1."""

    def __init__(self, given: Iterable[Rate] = ()) -> None:
        self._given: dict[str, list[Rate]] = defaultdict(list)
        for rate in sorted(given, key=lambda rate: rate.effective_on, reverse=True):
            self._given[rate.currency].append(rate)

    def on(self, currency: str, day: date) -> Decimal | None:
        """The rate that holds on a day; None where nobody has said one."""
        if currency == PIVOT:
            return Decimal(1)
        for rate in self._given.get(currency, ()):
            if rate.effective_on <= day:
                return rate.rate
        years = [year for year in DEFAULT_RATES.get(currency, ()) if year <= day.year]
        return Decimal(DEFAULT_RATES[currency][max(years)]) if years else None

    def convert(self, amount_minor: int, currency: str, into: str, *, on: date) -> Decimal | None:
        """An amount in minor units of another currency, unrounded; None without a rate for one of the two."""
        if currency == into:
            return Decimal(amount_minor)
        rate, other = self.on(currency, on), self.on(into, on)
        if rate is None or other is None:
            return None
        shift = MINOR_DIGITS.get(into, 2) - MINOR_DIGITS.get(currency, 2)
        return (Decimal(amount_minor) * rate / other).scaleb(shift)


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
class Standing:
    """A client's segment on a day, and what it was reckoned from.

    Counted are the receipts from `from_on` to `as_of`, both days included. On `review_on` time alone may change it.
    """

    segment: Segment
    as_of: date
    from_on: date
    spend_minor: int
    currency: str
    receipts: int
    unconverted: tuple[Unconverted, ...]
    review_on: date | None


def check_day(as_of: date) -> None:
    """Raise DayOutOfRange."""
    if not FIRST_DAY <= as_of <= LAST_DAY:
        raise DayOutOfRange


def day_of(at: datetime, zone: str) -> date:
    """The brand's day at a moment."""
    return at.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The moment a day of the brand begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def window_from(as_of: date) -> date:
    """The first of the twelve months' days: the one after the same day a year before; 365 or 366 with `as_of`."""
    return _a_year_from(as_of, -1, leap_day=(2, 28)) + timedelta(days=1)


def leaves_on(day: date) -> date:
    """The first `as_of` for which what was bought on a day no longer counts."""
    return _a_year_from(day, +1, leap_day=(3, 1))


def _a_year_from(day: date, years: int, *, leap_day: tuple[int, int]) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, *leap_day)


def standing(
    receipts: Sequence[Receipt], policy: Policy, rates: Rates, as_of: date, *, bought_before: bool
) -> Standing:
    """The segment as of a day, from the receipts since `window_from(as_of)`.

    `bought_before` says whether there are older ones: whoever ever bought is no newcomer. Each receipt is converted
    at the rate of its day; the sum is rounded once, half up. Receipts after `as_of` only matter for the review.
    """
    from_on = window_from(as_of)
    spend, counted, reviews = Decimal(0), 0, []
    unconverted: dict[str, int] = defaultdict(int)
    for receipt in receipts:
        day = day_of(receipt.purchased_at, policy.zone)
        if day > as_of:
            reviews.append(day)
        if not from_on <= day <= as_of:
            continue
        counted += 1
        reviews.append(leaves_on(day))
        worth = rates.convert(receipt.net_minor, receipt.currency, policy.currency, on=day)
        if worth is None:
            unconverted[receipt.currency] += receipt.net_minor
        else:
            spend += worth
    spend_minor = int(spend.to_integral_value(ROUND_HALF_UP))
    return Standing(
        segment=policy.segment(spend_minor) if counted or bought_before else Segment.NEWCOMER,
        as_of=as_of,
        from_on=from_on,
        spend_minor=spend_minor,
        currency=policy.currency,
        receipts=counted,
        unconverted=tuple(Unconverted(currency, net) for currency, net in sorted(unconverted.items())),
        review_on=min(reviews, default=None),
    )
