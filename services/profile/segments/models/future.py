"""Training the future-VIC score: a logistic regression on older months, calibrated and judged on later ones.

The later half is split by client: one part calibrates (Platt, Probabilistic Outputs for Support Vector Machines, 1999),
the other one, which nothing was fitted to, says how far the score is to be believed.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from services.profile.segments.models.buying import Numbers

LEAST_ROWS, LEAST_VICS = 1_000, 30  # of each part; fewer say nothing that holds
DECILES = 10


@dataclass(frozen=True)
class Part:
    """Rows of features, one per client and day, and who of them was a VIC a year later (1 or 0)."""

    features: Numbers
    became: Numbers

    @property
    def suffices(self) -> bool:
        """Whether there is enough of both kinds."""
        vics = int(self.became.sum())
        return len(self.became) >= LEAST_ROWS and LEAST_VICS <= vics <= len(self.became) - LEAST_VICS


@dataclass(frozen=True)
class Decile:
    """A tenth of the held-back clients, by their score: how many, what was foretold, and what came."""

    clients: int
    foretold: float
    came: float


@dataclass(frozen=True)
class Trained:
    """The model's numbers, and its measures on held-back clients; `guessing` is the Brier score of their mere share."""

    means: list[float]
    deviations: list[float]
    weights: list[float]
    intercept: float
    slope: float
    offset: float
    base_rate: float
    brier: float
    guessing: float
    auc: float
    deciles: list[Decile]
    clients: int


def train(earlier: Part, calibration: Part, judgement: Part) -> Trained | None:
    """The model; None where one of the parts does not suffice. The same data gives the same model."""
    if not (earlier.suffices and calibration.suffices and judgement.suffices):
        return None
    means = earlier.features.mean(axis=0)
    deviations = earlier.features.std(axis=0)
    deviations[deviations == 0] = 1.0
    fitted = LogisticRegression(max_iter=2000, random_state=0)
    fitted.fit((earlier.features - means) / deviations, earlier.became)
    weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])

    def odds(part: Part) -> Numbers:
        found: Numbers = (part.features - means) / deviations @ weights + intercept
        return found

    platt = LogisticRegression(C=1e6, max_iter=2000, random_state=0)
    platt.fit(odds(calibration).reshape(-1, 1), calibration.became)
    slope, offset = float(platt.coef_[0][0]), float(platt.intercept_[0])
    foretold = 1 / (1 + np.exp(-(slope * odds(judgement) + offset)))
    came, share = judgement.became, float(judgement.became.mean())
    return Trained(
        means=[float(one) for one in means],
        deviations=[float(one) for one in deviations],
        weights=[float(one) for one in weights],
        intercept=intercept,
        slope=slope,
        offset=offset,
        base_rate=share,
        brier=float(brier_score_loss(came, foretold)),
        guessing=share * (1 - share),
        auc=float(roc_auc_score(came, foretold)),
        deciles=_deciles(foretold, came),
        clients=len(earlier.became),
    )


def _deciles(foretold: Numbers, came: Numbers) -> list[Decile]:
    order = np.argsort(foretold, kind="stable")
    return [
        Decile(len(tenth), float(foretold[tenth].mean()), float(came[tenth].mean()))
        for tenth in np.array_split(order, DECILES)
    ]
