"""Fitting BG/NBD: how often clients buy, and when they stop.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing Science
24 (2005). The likelihood is written as in their note on implementing it: no term of it overflows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Numbers = NDArray[np.float64]
Loss = Callable[[Numbers], float]
_WIDEST = 15.0  # of a logarithm; a parameter out there is one the data does not decide
_FLAT = 1e-3  # of the gradient by logarithms, for one client


@dataclass(frozen=True)
class Fitted:
    """Parameters at the greatest likelihood, in the order of the paper; `log_likelihood` of all clients together."""

    parameters: tuple[float, ...]
    log_likelihood: float
    converged: bool


def fit(repeats: Numbers, recency: Numbers, age: Numbers) -> Fitted:
    """r, alpha, a and b. One entry per client: purchases after the first one, times of the last one and of now."""

    def loss(logs: Numbers) -> float:
        return -float(np.mean(log_likelihood(np.exp(logs), repeats, recency, age)))

    return climb(loss, start=np.array([-1.0, 1.0, 0.0, 1.0]), clients=len(repeats))


def log_likelihood(parameters: Numbers, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """Of each client."""
    r, alpha, a, b = parameters
    repeated = repeats > 0
    known = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    known += gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    stayed = -(r + repeats) * np.log(alpha + age)
    left = np.log(a) - np.log(b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + recency)
    ends: Numbers = np.logaddexp(stayed, np.where(repeated, left, -np.inf))
    likelihood: Numbers = known + ends
    return likelihood


def climb(loss: Loss, *, start: Numbers, clients: int) -> Fitted:
    """The least mean loss over logarithms of parameters, from one start, so that the same data gives the same fit."""
    bounds = [(-_WIDEST, _WIDEST)] * len(start)
    rough = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-4, "fatol": 1e-8})
    found = minimize(loss, rough.x, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-8})
    logs, least = (found.x, found.fun) if found.fun <= rough.fun else (rough.x, rough.fun)
    slopes = [(loss(logs + step) - loss(logs - step)) / 2e-5 for step in np.eye(len(start)) * 1e-5]
    settled = bool(np.all(np.isfinite(logs)) and np.max(np.abs(slopes)) < _FLAT and np.max(np.abs(logs)) < _WIDEST - 1)
    return Fitted(tuple(float(one) for one in np.exp(logs)), -float(least) * clients, settled)
