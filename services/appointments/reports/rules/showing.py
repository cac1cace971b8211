"""How many of a day's visits will not take place: a sum over all of them, never a word about one.

The model is a logistic regression with Platt's two numbers behind it (see `models`); here it is read with sums and
powers. Nothing of it is kept or shown beside anybody.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LEAST_VISITS = 5  # of fewer, the sum would tell of somebody
LEAST_RATE = 50  # visits that came about or did not; of fewer, a share says nothing
STEP = 0.5  # a finer sum would say what one booking more or less adds
PRIOR, WEIGHT = 0.15, 2.0  # of somebody without a past: as if of two visits so much had not taken place
LEADS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60)  # days; between them the chance is a straight line's
NOON, EVENING, MOST = 12, 17, 500.0
WEEKDAYS = 6


class Basis(StrEnum):
    """What a forecast stands on: the brand's own model, its mere share while there are few, or nothing yet."""

    MODEL = "model"
    RATE = "rate"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Case:
    """One visit agreed, as it is known the evening before: nothing of it is about who she is.

    `lead_days`: from booking to visit. `visits` and `no_shows`: of hers on earlier days. `others`: hers on the same
    day that were booked before this one.
    """

    lead_days: float
    weekday: int
    hour: float
    visits: int
    no_shows: int
    others: int
    accompanied: bool


def features(case: Case) -> tuple[float, ...]:
    """What the model sees of a visit; the order is part of every fit that is kept."""
    lead, past = max(case.lead_days, 0.0), math.log1p(case.visits)
    return (
        math.log1p(lead),
        *(float(lead >= days) for days in LEADS),
        *(float(case.weekday == day) for day in range(1, WEEKDAYS + 1)),
        float(case.hour < NOON),
        float(case.hour >= EVENING),
        (case.no_shows + PRIOR * WEIGHT) / (case.visits + WEIGHT),
        float(case.visits == 0),
        past,
        math.log1p(case.no_shows),
        past if case.no_shows == 0 else 0.0,
        float(case.others > 0),
        math.log1p(case.others),
        float(case.accompanied),
    )


@dataclass(frozen=True, slots=True)
class Model:
    """A fit: means and deviations of the features, their weights, and what calibrates their sum."""

    means: Sequence[float]
    deviations: Sequence[float]
    weights: Sequence[float]
    intercept: float
    slope: float
    offset: float

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Model":
        """The model of kept numbers."""
        return cls(**{name: parameters[name] for name in cls.__dataclass_fields__})

    def chance(self, seen: Sequence[float]) -> float:
        """The chance, between 0 and 1, that a visit with these features does not take place."""
        odds = self.intercept + sum(
            weight * (value - mean) / deviation
            for value, mean, deviation, weight in zip(seen, self.means, self.deviations, self.weights, strict=True)
        )
        calibrated = max(min(self.slope * odds + self.offset, MOST), -MOST)
        return 1 / (1 + math.exp(-calibrated))


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many of a day's visits are agreed, and how many of them are expected not to take place; None: not said."""

    agreed: int
    expected: float | None
    basis: Basis


def forecast(cases: Sequence[Case], model: Model | None, *, no_shows: int, out_of: int) -> Forecast:
    """The sum over a day, in halves; by the brand's share where there is no model, by nothing where there is neither.

    Of fewer visits than LEAST_VISITS nothing is said.
    """
    if model is not None:
        basis, total = Basis.MODEL, sum(model.chance(features(case)) for case in cases)
    elif out_of >= LEAST_RATE:
        basis, total = Basis.RATE, len(cases) * no_shows / out_of
    else:
        return Forecast(len(cases), None, Basis.NONE)
    said = len(cases) >= LEAST_VISITS
    return Forecast(len(cases), round(total / STEP) * STEP if said else None, basis)
