"""What advisors and boutiques could have offered: minutes of their hours, without absences, leave and closures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.appointments.directory.rules import Minutes, Span, Timetable, like, spans_on, wall

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Away:
    """Whole days that somebody does not work, and stretches of time that she cannot be booked, one after the other."""

    days: tuple[tuple[date, date | None], ...] = ()
    stretches: tuple[Span, ...] = ()

    def holds(self, day: date) -> bool:
        """Whether she is away for all of a day."""
        return any(first <= day and (last is None or day <= last) for first, last in self.days)


def offered(
    timetable: Timetable, zone: ZoneInfo, periods: Mapping[date, Sequence[date]], away: Away
) -> dict[date, int]:
    """The minutes that somebody works, or a place is open, on the days of each period, by the clock on the wall.

    Of a day nothing is taken off that its hours do not have.
    """
    usual = {weekday: _minutes(like(timetable, weekday)) for weekday in timetable.weekly}
    special = {*timetable.dated, *timetable.breaks}
    first, last = _ends(periods)
    touched = {day for one in away.stretches for day in _days(one, zone, first, last)}
    found = {}
    for period, days in periods.items():
        total = 0
        for day in days:
            if away.days and away.holds(day):
                continue
            if day in special or day in touched:
                worked = _minutes(timetable.on(day))
                taken = _taken(timetable, zone, day, away.stretches) if day in touched else 0
                total += max(worked - taken, 0)
            else:
                total += usual.get(day.isoweekday(), 0)
        found[period] = total
    return found


def _minutes(hours: Iterable[Minutes]) -> int:
    return sum(closes - opens for opens, closes in hours)


def _ends(periods: Mapping[date, Sequence[date]]) -> tuple[date, date]:
    every = [day for days in periods.values() for day in days]
    return min(every, default=date.max), max(every, default=date.min)


def _days(one: Span, zone: ZoneInfo, first: date, last: date) -> list[date]:
    """The days from the first to the last that a stretch touches."""
    begins = max(wall(one.starts_at, zone).date(), first)
    ends = min(wall(one.ends_at, zone).date(), last)
    return [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]


def _taken(timetable: Timetable, zone: ZoneInfo, day: date, stretches: Sequence[Span]) -> int:
    """The whole minutes of a day's hours that leave or a closure takes."""
    return sum(shared(stretches, worked) for worked in spans_on(timetable, zone, day))


def shared(several: Sequence[Span], within: Span) -> int:
    """How many whole minutes of a stretch some others take, which do not overlap."""
    taken = timedelta(0)
    for one in several:
        taken += max(min(one.ends_at, within.ends_at) - max(one.starts_at, within.starts_at), timedelta(0))
    return taken // MINUTE
