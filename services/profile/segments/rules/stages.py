"""The stage of life of a client: newcomer, active, lapsing, lapsed, back."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from services.profile.segments.rules.policy import Policy


class Lifecycle(StrEnum):
    """Where she stands with the house, by the days on which she bought."""

    NEWCOMER = "newcomer"
    ACTIVE = "active"
    LAPSING = "lapsing"
    LAPSED = "lapsed"
    BACK = "back"


def lifecycle(bought_on: Iterable[date], policy: Policy, as_of: date) -> tuple[Lifecycle, date | None]:
    """The stage on a day, and the day on which time alone makes it another.

    `bought_on` holds the days of her purchases since `back_days` before, and the last one before those. Whoever never
    bought is a newcomer. Back is who bought after having lapsed; lapsing goes before it.
    """
    days = sorted({day for day in bought_on if day <= as_of})
    if not days:
        return Lifecycle.NEWCOMER, None
    lapsing_on = days[-1] + timedelta(days=policy.lapsing_days + 1)
    lapsed_on = days[-1] + timedelta(days=policy.lapsed_days + 1)
    if as_of >= lapsed_on:
        return Lifecycle.LAPSED, None
    if as_of >= lapsing_on:
        return Lifecycle.LAPSING, lapsed_on
    returned = [day for before, day in pairwise(days) if (day - before).days > policy.lapsed_days]
    settled_on = returned[-1] + timedelta(days=policy.back_days) if returned else as_of
    if as_of < settled_on:
        return Lifecycle.BACK, min(settled_on, lapsing_on)
    return Lifecycle.ACTIVE, lapsing_on
