"""Fitting Gamma-Gamma: what a purchase comes to, from client to client.

Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013), equation 1a.
"""

import numpy as np
from scipy.special import gammaln

from services.profile.segments.models.buying import Fitted, Numbers, climb


def fit(repeats: Numbers, mean: Numbers) -> Fitted:
    """p, q and v, of clients who bought again: purchases after the first one, and their mean value."""
    # In units of the house's own mean the search begins near its end, whatever the currency.
    unit = float(np.mean(mean))

    def loss(logs: Numbers) -> float:
        return -float(np.mean(log_likelihood(np.exp(logs), repeats, mean / unit)))

    found = climb(loss, start=np.array([1.0, 1.0, 0.0]), clients=len(repeats))
    p, q, v = found.parameters
    return Fitted((p, q, v * unit), found.log_likelihood - len(repeats) * float(np.log(unit)), found.converged)


def log_likelihood(parameters: Numbers, repeats: Numbers, mean: Numbers) -> Numbers:
    """Of each client."""
    p, q, v = parameters
    shape = p * repeats
    known: Numbers = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v)
    known += (shape - 1) * np.log(mean) + shape * np.log(repeats) - (shape + q) * np.log(v + repeats * mean)
    return known
