"""China's public holidays and make-up workdays, as the State Council announces them year by year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from services.appointments.directory.rules import MIDWEEK, SUNDAY, Minutes, Timetable, like

# Zones of the mainland; the calendar says nothing about boutiques elsewhere.
ZONES = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar"})

# As the calendar names them.
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


class Special(StrEnum):
    """What is special about a day."""

    HOLIDAY = "holiday"
    WORKDAY = "make-up-workday"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A public holiday, or a weekend day on which people work instead."""

    on: date
    special: Special
    name_zh: str
    name_en: str


@lru_cache(maxsize=1)
def _calendar() -> Mapping[date, tuple[Special, str]]:
    from chinese_calendar.constants import holidays, workdays  # noqa: PLC0415 - megabytes of dates, for who asks

    return {
        **{on: (Special.HOLIDAY, name) for on, name in holidays.items()},
        **{on: (Special.WORKDAY, name) for on, name in workdays.items()},
    }


def known() -> tuple[date, date]:
    """The first and the last day the calendar speaks about: each year is announced in the autumn before."""
    days = _calendar()
    return date(min(days).year, 1, 1), date(max(days).year, 12, 31)


def special_days(first_on: date, last_on: date) -> Sequence[SpecialDay]:
    """The special days from one day to another (both belong to them), as far as the calendar knows."""
    days = _calendar()
    return [
        SpecialDay(on, special, _NAMES.get(name, name), name)
        for on, (special, name) in sorted(days.items())
        if first_on <= on <= last_on
    ]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Hours for a special day: those of a Sunday on a holiday, of a Wednesday on a make-up workday."""

    day: SpecialDay
    hours: tuple[Minutes, ...]
    stands: tuple[Minutes, ...]  # what the day's hours are now

    @property
    def differs(self) -> bool:
        """Whether taking it over would change anything."""
        return sorted(self.hours) != sorted(self.stands)


def suggestions(zone: str, timetable: Timetable, first_on: date, last_on: date) -> list[Suggestion]:
    """What the special days of a stretch are likely to want; none for a boutique outside the mainland."""
    if zone not in ZONES:
        return []
    return [
        Suggestion(day, like(timetable, SUNDAY if day.special is Special.HOLIDAY else MIDWEEK), timetable.on(day.on))
        for day in special_days(first_on, last_on)
    ]
