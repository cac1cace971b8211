"""Days as segments reckon them: the brand's day, and the twelve months that end with one."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class DayOutOfRange(Refusal):
    """A segment as of a day that no receipt can tell anything about."""

    kind = Kind.INVALID
    slug = "day-out-of-range"
    en = "Choose a day between 1900 and 2199."
    zh = "请选择 1900 年至 2199 年之间的日期。"


def check_day(as_of: date) -> None:
    """Raise DayOutOfRange."""
    if not FIRST_DAY <= as_of <= LAST_DAY:
        raise DayOutOfRange


def day_of(at: datetime, zone: str) -> date:
    """The brand's day at a moment."""
    return at.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The moment a day of the brand begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def window_from(as_of: date) -> date:
    """The first of the twelve months' days: the one after the same day a year before; 365 or 366 with `as_of`."""
    return _a_year_from(as_of, -1, leap_day=(2, 28)) + timedelta(days=1)


def leaves_on(day: date) -> date:
    """The first `as_of` for which what was bought on a day no longer counts."""
    return _a_year_from(day, +1, leap_day=(3, 1))


def _a_year_from(day: date, years: int, *, leap_day: tuple[int, int]) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, *leap_day)
