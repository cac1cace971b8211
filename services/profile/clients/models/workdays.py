"""Working days, as the State Council arranges them year by year, make-up days included."""

from datetime import date, timedelta
from functools import lru_cache

SATURDAY = 5


@lru_cache(maxsize=4096)
def is_workday(day: date) -> bool:
    """Whether people work on that day; Monday to Friday where no arrangement is known yet."""
    import chinese_calendar  # noqa: PLC0415 - megabytes of dates, for who counts days

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < SATURDAY


def after(day: date, count: int) -> date:
    """The working day that many behind a day; with 0 the day itself, or the next one on which people work."""
    found = day
    while count > 0 or not is_workday(found):
        found += timedelta(days=1)
        count -= is_workday(found)
    return found


@lru_cache(maxsize=1)
def arranged_until() -> date:
    """The last day of the last year that is arranged: made known in the November before it begins."""
    from chinese_calendar.constants import holidays, workdays  # noqa: PLC0415 - as above

    return date(max(*holidays, *workdays).year, 12, 31)
