"""Exchange rates: the brand's own, and behind them yearly averages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from itertools import pairwise

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

# Amounts of sixteen digits times factors of twenty-eight, and sums of them, without any rounding.
EXACT = Context(prec=60)
_FACTOR = Context(prec=28)


class CurrencyWithoutRate(Refusal):
    """Nothing could be compared with thresholds in a currency that has no rate."""

    kind = Kind.INVALID
    slug = "currency-without-rate"
    en = "There is no exchange rate for the policy's currency today. Add one to `rates`."
    zh = "该策略所用货币目前没有汇率，请在 rates 中补充。"


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars for one unit of a currency, from that day until the next one that is given."""

    currency: str
    effective_on: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Stretch:
    """The factor that turns minor units of a currency into another's, from a day to before another."""

    currency: str
    from_on: date
    before: date
    factor: Decimal


class Rates:
    """The rates a brand gave, and behind them the defaults. The pivot is always 1."""

    def __init__(self, given: Iterable[Rate] = ()) -> None:
        self._factors: dict[tuple[str, str, date], Decimal | None] = {}
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

    def factor(self, currency: str, into: str, day: date) -> Decimal | None:
        """What one minor unit is worth in minor units of another currency, to 28 digits; None without both rates."""
        asked = (currency, into, day)
        if asked not in self._factors:
            self._factors[asked] = self._factor(currency, into, day)
        return self._factors[asked]

    def convert(self, amount_minor: int, currency: str, into: str, *, on: date) -> Decimal | None:
        """An amount in minor units of another currency, unrounded; None without a rate for one of the two."""
        factor = self.factor(currency, into, on)
        return None if factor is None else EXACT.multiply(Decimal(amount_minor), factor)

    def stretches(self, into: str) -> list[Stretch]:
        """Every factor into a currency and the days it holds, for whoever reckons with many receipts at once."""
        found: list[Stretch] = []
        for currency in sorted({*self._given, *DEFAULT_RATES, PIVOT, into}):
            turns = sorted({date.min} if currency == into else self._turns(currency) | self._turns(into))
            for day, following in pairwise([*turns, date.max]):
                if (factor := self.factor(currency, into, day)) is not None:
                    found.append(Stretch(currency, day, following, factor))
        return found

    def _turns(self, currency: str) -> set[date]:
        """The days on which a currency's rate may become another."""
        years = {date(year, 1, 1) for year in DEFAULT_RATES.get(currency, ())}
        return years | {rate.effective_on for rate in self._given.get(currency, ())} | {date.min}

    def _factor(self, currency: str, into: str, day: date) -> Decimal | None:
        if currency == into:
            return Decimal(1)
        rate, other = self.on(currency, day), self.on(into, day)
        if rate is None or other is None:
            return None
        shift = MINOR_DIGITS.get(into, 2) - MINOR_DIGITS.get(currency, 2)
        return _FACTOR.divide(rate, other).scaleb(shift)
