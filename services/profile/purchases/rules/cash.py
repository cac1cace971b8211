"""When cash has to be told of: the law on money laundering asks jewellers to look at large sums of a day."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CURRENCY = "CNY"
FLAGGED_MINOR = 100_000_00
ZONE = ZoneInfo("Asia/Shanghai")  # the law's day


def day_of(at: datetime) -> date:
    """The law's day at a moment."""
    return at.astimezone(ZONE).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """The moments a day begins and ends."""
    begins = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    return begins, begins + timedelta(days=1)  # China has no summer time


def cash_in(payments: Iterable[Mapping[str, Any]], currency: str) -> int:
    """The cash that was taken in; what was paid back the same day does not make it less."""
    if currency != CURRENCY:
        return 0
    return sum(one["amount_minor"] for one in payments if one["method"] == "cash" and one["amount_minor"] > 0)


def is_flagged(cash_minor: int) -> bool:
    """Whether headquarters has to look at it."""
    return cash_minor >= FLAGGED_MINOR
