"""Free times through every clock change of 1970 to 2037: the arithmetic against a clock that is read every minute."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.availability.rules import Actor, AdvisorTime, Outlook, Terms, slots
from services.appointments.availability.rules.explaining import Rule, explained
from services.appointments.directory.rules import DAY, Minutes, Span, Timetable, first, spans, wall, without

MINUTE = timedelta(minutes=1)
AROUND = timedelta(hours=8)
# Where boutiques are, and where clocks do what they do nowhere else: half an hour, at midnight, over a whole day, for
# Ramadan; China's six summers are among them.
ZONES = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Macau",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Kathmandu",
    "Europe/Paris",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Asuncion",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
)
TEN_TO_EIGHT = Timetable(dict.fromkeys(range(1, 8), ((600, 1200),)))
NIGHT_AND_DAY = Timetable(dict.fromkeys(range(1, 8), ((0, 1440),)))
LATE = Timetable(dict.fromkeys(range(1, 8), ((0, 105), (150, 400), (1290, 1440))), breaks={7: ((165, 180),)})


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """Every instant from 1970 to 2037 at which the zone's offset changes."""
    zone = ZoneInfo(name)
    days = [datetime(1970, 1, 1, tzinfo=UTC) + day * DAY for day in range(68 * 366)]
    found = []
    for before, after in pairwise(day for day in days if day.year <= 2037):
        offset = before.astimezone(zone).utcoffset()
        if after.astimezone(zone).utcoffset() != offset:
            found.append(first(before, after, lambda one, was=offset: one.astimezone(zone).utcoffset() != was))  # type: ignore[misc]
    return tuple(found)


def outlook(zone: ZoneInfo, timetable: Timetable, window: Span, terms: Terms, busy: tuple[Span, ...] = ()) -> Outlook:
    hours = tuple(spans(timetable, zone, window))
    return Outlook(
        zone=zone,
        terms=terms,
        opening=hours,
        advisors=(AdvisorTime(UUID(int=1), hours, busy),),
        rooms=(),
        client_busy=(),
        own_advisor_id=None,
    )


def terms_of(duration: int, step: int) -> Terms:
    return Terms(
        duration=duration * MINUTE,
        before=0 * MINUTE,
        after=0 * MINUTE,
        granularity=step * MINUTE,
        notice=0 * MINUTE,
        horizon=timedelta(days=60),
        needs_room=False,
        skill=None,
    )


def plainly(
    zone: ZoneInfo, timetable: Timetable, window: Span, terms: Terms, busy: tuple[Span, ...] = ()
) -> list[datetime]:
    """The free starts, by looking at the clock on the wall once a minute.

    A clock that is put back does not open or close the boutique once more: what counts is the latest time it has shown.
    """
    minutes = int((window.ends_at - window.starts_at + terms.duration) / MINUTE)
    instants = [window.starts_at + minute * MINUTE for minute in range(minutes)]
    latest = datetime.min  # noqa: DTZ901 - a wall clock has no zone
    is_open, on_grid = [], []
    for instant in instants:
        shown = wall(instant, zone)
        latest = max(latest, shown)
        of_day = latest.hour * 60 + latest.minute
        is_open.append(any(opens <= of_day < closes for opens, closes in timetable.on(latest.date())))
        on_grid.append((shown.hour * 60 + shown.minute) % (terms.granularity // MINUTE) == 0 and shown.second == 0)
    length = terms.duration // MINUTE
    return [
        instants[at]
        for at in range(minutes - length)
        if on_grid[at]
        and all(is_open[at : at + length])
        and not any(span.overlaps(terms.visit(instants[at])) for span in busy)
    ]


@pytest.mark.parametrize("name", ZONES)
def test_every_slot_is_in_hours_and_none_is_missing_around_every_change(name: str) -> None:
    zone, terms = ZoneInfo(name), terms_of(45, 15)
    for change in changes(name):
        window = Span(change - AROUND, change + AROUND)
        for timetable in (NIGHT_AND_DAY, LATE):
            found = slots(outlook(zone, timetable, window, terms), window)
            assert [one.starts_at for one in found] == plainly(zone, timetable, window, terms), change
            assert all(one.ends_at - one.starts_at == terms.duration for one in found)


@pytest.mark.parametrize("name", ZONES)
def test_boutiques_that_open_by_day_open_by_their_own_wall_on_the_day_of_every_change(name: str) -> None:
    zone, terms = ZoneInfo(name), terms_of(60, 30)
    for change in changes(name):
        window = Span(change - DAY, change + DAY)
        for one in slots(outlook(zone, TEN_TO_EIGHT, window, terms), window):
            begins, ends = wall(one.starts_at, zone), wall(one.ends_at, zone)
            assert begins.date() == ends.date()
            assert 600 <= begins.hour * 60 + begins.minute < ends.hour * 60 + ends.minute <= 1200


def test_the_changes_that_are_known_to_be_odd_are_among_them() -> None:
    counted = {name: len(changes(name)) for name in ZONES}
    assert counted["Asia/Shanghai"] == 12
    assert counted["Asia/Singapore"] == 1
    assert counted["Europe/Paris"] > 100
    shifts = {
        abs((one + MINUTE).astimezone(zone).utcoffset() - (one - MINUTE).astimezone(zone).utcoffset())  # type: ignore[operator]
        for name in ZONES
        for zone in [ZoneInfo(name)]
        for one in changes(name)
    }
    assert {timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)} <= shifts


hours = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 700)).map(lambda told: (told[0], min(sum(told), 1440))),
    max_size=4,
).map(tuple)


@given(
    st.sampled_from([(name, change) for name in ZONES for change in changes(name)]),
    hours,
    hours,
    st.builds(terms_of, st.sampled_from([15, 40, 60, 95]), st.sampled_from([10, 15, 30, 60])),
    st.lists(st.tuples(st.integers(-480, 480), st.integers(1, 120)), max_size=3),
)
def test_whatever_the_hours_and_whoever_is_there_nothing_overlaps_and_nothing_is_missing(
    change: tuple[str, datetime],
    opening: tuple[Minutes, ...],
    pauses: tuple[Minutes, ...],
    terms: Terms,
    visits: list[tuple[int, int]],
) -> None:
    name, at = change
    zone = ZoneInfo(name)
    timetable = Timetable(dict.fromkeys(range(1, 8), opening), breaks={(at - DAY).isoweekday(): pauses, 3: pauses})
    window = Span(at - AROUND, at + AROUND)
    busy = tuple(Span(at + begin * MINUTE, at + (begin + length) * MINUTE) for begin, length in visits)
    around = outlook(zone, timetable, window, terms, busy)
    found = [one.starts_at for one in slots(around, window)]
    assert found == plainly(zone, timetable, window, terms, busy)
    said = explained(around, window, actor=Actor.HOUSE, now=window.starts_at)
    assert [one.starts_at for one in said if one.rule is None] == found
    assert {one.rule for one in said} <= {None, Rule.CLOSED, Rule.ADVISOR_TAKEN, Rule.NOBODY_OFFERS, Rule.OFF_SHIFT}


@given(hours, hours)
def test_what_breaks_leave_of_hours_is_what_is_in_them_and_in_no_break(
    opening: tuple[Minutes, ...], pauses: tuple[Minutes, ...]
) -> None:
    left = without(opening, pauses)
    for minute in range(0, 1440, 7):
        expected = any(a <= minute < b for a, b in opening) and not any(a <= minute < b for a, b in pauses)
        assert any(a <= minute < b for a, b in left) is expected
