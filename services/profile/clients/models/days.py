"""The days a client keeps: by the sun or by the moon, with a year or without, and when each comes next."""

import calendar
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache

from borax.calendars.lunardate import InvalidLunarDateError, LCalendars, LunarDate

from services.profile.clients.rules import Calendar, DayAhead, NoSuchDay

FIRST_YEAR, LAST_YEAR = 1900, 2099  # the months of the lunar calendar are known between them
LONGEST_LUNAR_MONTH = 30
MONTHS = 12
_ANY_LEAP_YEAR = 2000

# For what the keyed digests of `sign` are: her own birthday, and other days that matter to her.
BIRTHDAYS, DATES = "client.birthday", "client_date.day"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of every year; `year` is the first, if it is known, by the same calendar.

    `leap` is the second of two lunar months with the same number.
    """

    calendar: Calendar
    month: int
    day: int
    year: int | None = None
    leap: bool = False


def written(one: Day) -> str:
    """A day as it is sealed."""
    return json.dumps(asdict(one))


def read(text: str) -> Day:
    """A day as it was sealed."""
    told = json.loads(text)
    return Day(**{**told, "calendar": Calendar(told["calendar"])})


def sign(one: Day) -> str:
    """A day without its year: what is the same of everybody who keeps it."""
    return f"{one.calendar.value}-{one.month}-{one.day}{'-leap' if one.leap else ''}"


@lru_cache(maxsize=4)
def every(today: date) -> Mapping[str, date]:
    """When each day of both calendars is kept next, today included, by its sign."""
    solar = (
        Day(Calendar.SOLAR, month, day)
        for month in range(1, MONTHS + 1)
        for day in range(1, calendar.monthrange(_ANY_LEAP_YEAR, month)[1] + 1)
    )
    lunar = (
        Day(Calendar.LUNAR, month, day, leap=leap)
        for leap in (False, True)
        for month in range(1, MONTHS + 1)
        for day in range(1, LONGEST_LUNAR_MONTH + 1)
    )
    return {sign(one): kept for one in (*solar, *lunar) if (kept := next_on(one, today)) is not None}


def check(one: Day, *, today: date) -> None:
    """Raise NoSuchDay unless the calendar has the day, and DayAhead when its first year puts it in the future."""
    try:
        first = first_on(one)
    except (ValueError, InvalidLunarDateError):
        raise NoSuchDay from None
    if first is not None and first > today:
        raise DayAhead


def first_on(one: Day) -> date | None:
    """The solar day on which it was first, if its year is known; raises for a day that no year has."""
    if one.calendar is Calendar.SOLAR:
        if one.leap:
            raise NoSuchDay
        found = date(one.year or _ANY_LEAP_YEAR, one.month, one.day)
        return found if one.year else None
    if one.year is not None:
        return _solar(one.year, one.month, one.day, leap=one.leap)
    if not (1 <= one.month <= MONTHS and 1 <= one.day <= _longest(one.month, leap=one.leap)):
        raise NoSuchDay
    return None


def _longest(month: int, *, leap: bool) -> int:
    """The days that this month has in some year; 0 for a leap month that no year has."""
    years = [year for year in LCalendars.get_leap_years(month) if FIRST_YEAR <= year <= LAST_YEAR]
    return max((LCalendars.ndays(year, month, 1) for year in years), default=0) if leap else LONGEST_LUNAR_MONTH


def age(one: Day, today: date) -> int | None:
    """The full solar years since a checked day; None when its year is not known."""
    first = first_on(one)
    if first is None:
        return None
    return today.year - first.year - ((today.month, today.day) < (first.month, first.day))


def next_on(one: Day, today: date) -> date | None:
    """The solar day on which it is kept next, today included; None behind the calendar's last year.

    The 29th of February is kept on the 28th in a common year. A lunar day in a leap month is kept in the ordinary month
    of a year that does not double it, and the 30th on the last day of a shorter month.
    """
    if one.calendar is Calendar.SOLAR:
        days = (_in_solar_year(one, year) for year in range(today.year, today.year + 2))
    else:
        # A lunar year begins in January or February: the one before may still be running.
        last = min(today.year + 1, LAST_YEAR)
        days = (_in_lunar_year(one, year) for year in range(today.year - 1, last + 1))
    return next((day for day in days if day >= today), None)


def _in_solar_year(one: Day, year: int) -> date:
    return date(year, one.month, min(one.day, calendar.monthrange(year, one.month)[1]))


def _in_lunar_year(one: Day, year: int) -> date:
    leap = one.leap and LCalendars.leap_month(year) == one.month
    return _solar(year, one.month, min(one.day, LCalendars.ndays(year, one.month, int(leap))), leap=leap)


def _solar(year: int, month: int, day: int, *, leap: bool) -> date:
    found: date = LunarDate(year, month, day, int(leap)).to_solar_date()
    return found
