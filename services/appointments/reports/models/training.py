"""Training who comes: a logistic regression on the oldest visits, calibrated on later ones, judged on the last.

Calibration is Platt's (Probabilistic Outputs for Support Vector Machines, 1999): two numbers, so that the chance stays
a sum that the service reads without any of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

Numbers = NDArray[np.float64]

LEAST_ROWS, LEAST_OF_EACH = 400, 40  # of each part; fewer say nothing that holds
TRAINED, CALIBRATED = 0.6, 0.8  # shares of the visits, in the order of their days, after which a part ends
DECILES = 10


@dataclass(frozen=True)
class Part:
    """Rows of features, one per visit, and which of them did not take place (1 or 0)."""

    features: Numbers
    missed: Numbers

    @property
    def suffices(self) -> bool:
        """Whether there is enough of both kinds."""
        missed = int(self.missed.sum())
        return len(self.missed) >= LEAST_ROWS and LEAST_OF_EACH <= missed <= len(self.missed) - LEAST_OF_EACH


@dataclass(frozen=True)
class Decile:
    """A tenth of the visits, by their chance: how many, what was foretold, and what came."""

    visits: int
    foretold: float
    came: float


@dataclass(frozen=True)
class Measures:
    """How far chances are to be believed; `guessing` is the Brier score of the mere share."""

    auc: float
    brier: float
    guessing: float
    deciles: list[Decile]


@dataclass(frozen=True)
class Trained:
    """The model's numbers; `rules.showing.Model` reads them."""

    means: list[float]
    deviations: list[float]
    weights: list[float]
    intercept: float
    slope: float
    offset: float

    def chances(self, features: Numbers) -> Numbers:
        """The chances of many rows at once."""
        odds = (features - np.array(self.means)) / np.array(self.deviations) @ np.array(self.weights) + self.intercept
        found: Numbers = 1 / (1 + np.exp(-(self.slope * odds + self.offset)))
        return found


def train(earlier: Part, calibration: Part) -> Trained | None:
    """The model; None where one of the parts does not suffice. The same data gives the same model."""
    if not (earlier.suffices and calibration.suffices):
        return None
    means, deviations = earlier.features.mean(axis=0), earlier.features.std(axis=0)
    deviations[deviations == 0] = 1.0
    fitted = LogisticRegression(max_iter=2000, random_state=0)
    fitted.fit((earlier.features - means) / deviations, earlier.missed)
    weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    odds = (calibration.features - means) / deviations @ weights + intercept
    platt = LogisticRegression(C=1e6, max_iter=2000, random_state=0)
    platt.fit(odds.reshape(-1, 1), calibration.missed)
    return Trained(
        means=[float(one) for one in means],
        deviations=[float(one) for one in deviations],
        weights=[float(one) for one in weights],
        intercept=intercept,
        slope=float(platt.coef_[0][0]),
        offset=float(platt.intercept_[0]),
    )


def judged(chances: Numbers, missed: Numbers) -> Measures:
    """How chances compare with what came, on visits that nothing was fitted to."""
    rate = float(missed.mean())
    order = np.argsort(chances, kind="stable")
    return Measures(
        auc=float(roc_auc_score(missed, chances)),
        brier=float(brier_score_loss(missed, chances)),
        guessing=rate * (1 - rate),
        deciles=[
            Decile(len(tenth), float(chances[tenth].mean()), float(missed[tenth].mean()))
            for tenth in np.array_split(order, DECILES)
        ],
    )


def parts(rows: Sequence[Sequence[float]]) -> tuple[Part, Part, Part]:
    """The rows, oldest first and each with what came of it in front, as what trains, calibrates and judges."""
    table: Numbers = np.array(rows, dtype=np.float64)
    first, second = int(len(table) * TRAINED), int(len(table) * CALIBRATED)
    found = [Part(one[:, 1:], one[:, 0]) for one in (table[:first], table[first:second], table[second:])]
    return found[0], found[1], found[2]
