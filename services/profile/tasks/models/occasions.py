"""When birthdays, days that matter, festivals and planned contacts are due."""

from collections.abc import Mapping
from datetime import date, timedelta

from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.tasks.rules.policy import Festival

FESTIVALS: Mapping[Festival, Day] = {
    Festival.NEW_YEAR: Day(Calendar.SOLAR, 1, 1),
    Festival.SPRING_FESTIVAL: Day(Calendar.LUNAR, 1, 1),
    Festival.LANTERN_FESTIVAL: Day(Calendar.LUNAR, 1, 15),
    Festival.VALENTINE: Day(Calendar.SOLAR, 2, 14),
    Festival.WOMENS_DAY: Day(Calendar.SOLAR, 3, 8),
    Festival.MAY_20: Day(Calendar.SOLAR, 5, 20),
    Festival.DRAGON_BOAT: Day(Calendar.LUNAR, 5, 5),
    Festival.QIXI: Day(Calendar.LUNAR, 7, 7),
    Festival.MID_AUTUMN: Day(Calendar.LUNAR, 8, 15),
    Festival.NATIONAL_DAY: Day(Calendar.SOLAR, 10, 1),
    Festival.CHRISTMAS: Day(Calendar.SOLAR, 12, 25),
}


def due_on(day: Day, today: date, *, ahead: int, behind: int) -> date | None:
    """The day it is kept, if that is at most `ahead` days to come or `behind` days gone; None where it is not.

    Looking back as well, a house whose service stood still for a day forgets nobody.
    """
    found = days.next_on(day, today - timedelta(days=behind))
    return found if found is not None and found <= today + timedelta(days=ahead) else None


def rhythm(begins_on: date, every_weeks: int, today: date, *, ahead: int, behind: int) -> list[date]:
    """The days of a contact plan that are at most `ahead` days to come or `behind` days gone, but of one round gone."""
    step = timedelta(weeks=every_weeks)
    first = max(begins_on, today - min(timedelta(days=behind), step - timedelta(days=1)))
    day = begins_on + -((begins_on - first) // step) * step
    found = []
    while day <= today + timedelta(days=ahead):
        found.append(day)
        day += step
    return found
