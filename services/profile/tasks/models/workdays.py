"""Working days, as the State Council arranges them year by year, make-up days included."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
from chinese_calendar.constants import holidays, workdays

SATURDAY = 5
# The arrangement for a year is made known in the November before; behind the last one, Monday to Friday is assumed.
ARRANGED_FROM = date(min(holidays).year, 1, 1)
ARRANGED_UNTIL = date(max(*holidays, *workdays).year, 12, 31)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A working day; `is_arranged` False: it rests on Monday to Friday, for want of an arrangement."""

    day: date
    is_arranged: bool


@lru_cache(maxsize=4096)
def is_workday(day: date) -> bool:
    """Whether people work on that day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < SATURDAY


def is_arranged(day: date) -> bool:
    """Whether somebody has said so for that year."""
    return ARRANGED_FROM <= day <= ARRANGED_UNTIL


def after(day: date, count: int) -> Reckoned:
    """The working day that many behind a day; with 0 the day itself, or the next one on which people work."""
    found = day
    while count > 0 or not is_workday(found):
        found += timedelta(days=1)
        count -= is_workday(found)
    return Reckoned(found, is_arranged(found))
