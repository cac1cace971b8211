"""What a client may still be worth: whether she will buy again, how often, for how much, by a brand's fitted models.

BG/NBD: Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005). Gamma-Gamma: Fader
and Hardie, The Gamma-Gamma Model of Monetary Value (2013). Only sums and powers: the fit itself is in `models`.
"""

from dataclasses import dataclass

WEEK = 7  # days; the models count time in weeks
YEAR_WEEKS = 365 / WEEK
_TERMS = 20_000
_SMALL = 1e-12


@dataclass(frozen=True, slots=True)
class History:
    """What the models need of a client.

    `repeats` is on how many days she bought after her first one, `recency_days` from the first to the last of them,
    `age_days` from the first to the day of asking; `mean_minor` what those later days came to, None without any.
    """

    repeats: int
    recency_days: int
    age_days: int
    mean_minor: float | None


@dataclass(frozen=True, slots=True)
class Buying:
    """A fitted BG/NBD, time in weeks."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Spending:
    """A fitted Gamma-Gamma; `v` in minor units of the policy's currency."""

    p: float
    q: float
    v: float


@dataclass(frozen=True, slots=True)
class Value:
    """What is to be expected within twelve months.

    `lapse_probability` is None for who bought on one day only: to BG/NBD nobody drops out before a second purchase.
    """

    lapse_probability: float | None
    expected_purchases: float
    expected_spend_minor: int


def value(history: History, buying: Buying, spending: Spending) -> Value:
    """A client's value by the brand's models."""
    purchases = expected_purchases(history, buying, YEAR_WEEKS)
    return Value(
        lapse_probability=round(1 - alive(history, buying), 4) if history.repeats else None,
        expected_purchases=round(purchases, 2),
        expected_spend_minor=round(purchases * expected_spend(history, spending)),
    )


def alive(history: History, buying: Buying) -> float:
    """The probability that she will buy again at all (Fader, Hardie and Lee, Computing P(alive), 2008)."""
    return 1 / (1 + _dropout(history, buying))


def expected_purchases(history: History, buying: Buying, weeks: float) -> float:
    """On how many days she buys in the coming weeks: equation 10 of 2005."""
    r, alpha, b, x = buying.r, buying.alpha, buying.b, history.repeats
    # At exactly one, the formula divides nothing by nothing; it is continuous there.
    a = buying.a if abs(buying.a - 1) > 1e-6 else 1 + 1e-6  # noqa: PLR2004 - next to one
    age = history.age_days / WEEK
    power = float(((alpha + age) / (alpha + age + weeks)) ** (r + x))
    series = _hypergeometric(r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks))
    return max(0.0, (a + b + x - 1) / (a - 1) * (1 - power * series) / (1 + _dropout(history, buying)))


def expected_spend(history: History, spending: Spending) -> float:
    """What a day on which she buys comes to, in minor units: the more of them are known, the more by her own mean."""
    seen = spending.p * (history.repeats if history.mean_minor is not None else 0)
    total = spending.p * (spending.v + history.repeats * (history.mean_minor or 0.0))
    return total / (seen + spending.q - 1)


def _dropout(history: History, buying: Buying) -> float:
    if history.repeats == 0:
        return 0.0
    age, recency = history.age_days / WEEK, history.recency_days / WEEK
    ratio = (buying.alpha + age) / (buying.alpha + recency)
    return float(buying.a / (buying.b + history.repeats - 1) * ratio ** (buying.r + history.repeats))


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss' 2F1 for 0 <= z < 1, summed until nothing is added."""
    total = term = 1.0
    for n in range(_TERMS):
        term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total += term
        if abs(term) < _SMALL * abs(total):
            break
    return total
