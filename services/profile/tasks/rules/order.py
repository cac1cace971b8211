"""A thank-you before any offer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Thanks:
    """A thank-you that is still owed, and the last day on which it may be said."""

    over_on: date


def offer_due_on(wanted_on: date, owed: Iterable[Thanks]) -> date:
    """The day an offer is due: as wanted, but behind the time of every thank-you that she is still owed."""
    return max([wanted_on, *(thanks.over_on + timedelta(days=1) for thanks in owed)])
