"""Hours on a wall clock, through every clock change: properties, and what a brute-force clock says."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.availability.rules import Terms, next_on_grid, on_grid, starts
from services.appointments.directory.rules import DAY, Span, Timetable, joined, reaches, spans, wall

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

# Zones with clock changes of an hour, half an hour, at midnight, across a whole day; and China's six summers.
CHANGES = {
    "Asia/Shanghai": [date(year, month, day) for year, month, day in [
        (1986, 5, 4), (1986, 9, 14), (1987, 4, 12), (1987, 9, 13), (1988, 4, 17), (1988, 9, 11),
        (1989, 4, 16), (1989, 9, 17), (1990, 4, 15), (1990, 9, 16), (1991, 4, 14), (1991, 9, 15),
    ]],
    "Europe/Paris": [date(2026, 3, 29), date(2026, 10, 25), date(2031, 3, 30)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "America/Asuncion": [date(2023, 3, 26), date(2023, 10, 1)],
    "Pacific/Apia": [date(2011, 12, 30)],
    "Asia/Kathmandu": [date(1986, 1, 1)],
}  # fmt: skip
ALL_CHANGES = [(zone, day) for zone, days in CHANGES.items() for day in days]

near_a_change = st.sampled_from(ALL_CHANGES)
minutes = st.integers(-2 * 1440, 3 * 1440)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone


@given(near_a_change, minutes)
def test_a_wall_time_is_reached_the_first_time_the_clock_shows_it_or_later(
    change: tuple[str, date], minute: int
) -> None:
    zone, local = ZoneInfo(change[0]), midnight(change[1]) + minute * MINUTE
    instant = reaches(local, zone)
    assert wall(instant, zone) >= local
    assert wall(instant - SECOND, zone) < local
    exists = any(wall(local.replace(tzinfo=zone, fold=fold).astimezone(UTC), zone) == local for fold in (0, 1))
    assert (wall(instant, zone) == local) is exists


@given(near_a_change, minutes, minutes)
def test_later_wall_times_never_come_before_earlier_ones(change: tuple[str, date], one: int, other: int) -> None:
    zone, start = ZoneInfo(change[0]), midnight(change[1])
    earlier, later = sorted([one, other])
    assert reaches(start + earlier * MINUTE, zone) <= reaches(start + later * MINUTE, zone)


@pytest.mark.parametrize(("name", "day"), ALL_CHANGES)
def test_being_open_all_day_leaves_no_gap_and_no_overlap_on_a_day_of_change(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    always = Timetable(dict.fromkeys(range(1, 8), ((0, 1440),)))
    window = Span(reaches(midnight(day - 2 * DAY), zone), reaches(midnight(day + 3 * DAY), zone))
    (only,) = spans(always, zone, window)
    assert only.contains(window)


@given(near_a_change, st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 600)), max_size=4))
def test_hours_are_sorted_apart_and_in_step_with_the_wall_clock(
    change: tuple[str, date], drawn: list[tuple[int, int]]
) -> None:
    zone = ZoneInfo(change[0])
    hours = tuple((opens, min(opens + length, 1440)) for opens, length in drawn)
    timetable = Timetable(dict.fromkeys(range(1, 8), hours))
    window = Span(reaches(midnight(change[1] - DAY), zone), reaches(midnight(change[1] + 2 * DAY), zone))
    found = spans(timetable, zone, window)
    assert found == joined(found)
    for span in found:
        assert span.starts_at < span.ends_at
        # Where no clock change is near, the wall shows exactly the hours of the timetable.
        shown = wall(span.starts_at, zone)
        exact = {opens for opens, _ in hours}
        skipped = wall(span.starts_at - SECOND, zone) != shown - SECOND
        assert skipped or shown.hour * 60 + shown.minute in exact


def test_shops_in_shanghai_open_by_their_own_clock_in_the_summers_of_the_eighties() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    ten_to_eight = Timetable(dict.fromkeys(range(1, 8), ((600, 1200),)))
    for day, hour in [(date(1986, 5, 3), 2), (date(1986, 5, 5), 1), (date(1991, 9, 14), 1), (date(1991, 9, 16), 2)]:
        noon = reaches(midnight(day) + timedelta(hours=12), zone)
        (found,) = spans(ten_to_eight, zone, Span(noon, noon + MINUTE))
        assert found == Span(
            datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
            datetime(day.year, day.month, day.day, hour + 10, tzinfo=UTC),
        )


def test_a_day_that_a_zone_skipped_has_no_hours() -> None:
    zone = ZoneInfo("Pacific/Apia")
    timetable = Timetable(dated={date(2011, 12, 30): ((600, 1200),)})
    window = Span(datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    assert spans(timetable, zone, window) == []


def test_a_dated_day_replaces_its_weekday_and_an_empty_one_is_a_day_off() -> None:
    day = date(2030, 1, 8)
    timetable = Timetable({2: ((600, 720),)}, {day: ((900, 960),), day + 7 * DAY: ()})
    assert timetable.on(day) == ((900, 960),)
    assert timetable.on(day + 7 * DAY) == ()
    assert timetable.on(day + 14 * DAY) == ((600, 720),)


def test_hours_up_to_midnight_and_from_midnight_are_one_stretch() -> None:
    zone = ZoneInfo("Europe/Paris")
    timetable = Timetable({5: ((1200, 1440),), 6: ((0, 120),)})
    window = Span(datetime(2030, 1, 10, tzinfo=UTC), datetime(2030, 1, 13, tzinfo=UTC))
    assert spans(timetable, zone, window) == [
        Span(datetime(2030, 1, 11, 19, tzinfo=UTC), datetime(2030, 1, 12, 1, tzinfo=UTC))
    ]


@given(near_a_change, minutes, st.sampled_from([5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240]))
def test_the_grid_finds_what_a_clock_watched_minute_by_minute_finds(
    change: tuple[str, date], minute: int, step: int
) -> None:
    zone, granularity = ZoneInfo(change[0]), step * MINUTE
    start = reaches(midnight(change[1]), zone) + minute * MINUTE
    watched = start
    while not on_grid(watched, zone, granularity):
        watched += MINUTE
    assert next_on_grid(start, zone, granularity) == watched


@given(near_a_change, minutes, st.integers(1, 2000), st.sampled_from([15, 30, 60, 90]), st.sampled_from([10, 60, 95]))
def test_the_starts_of_an_opening_are_those_that_a_clock_watched_minute_by_minute_finds(
    change: tuple[str, date], minute: int, length: int, step: int, visit: int
) -> None:
    zone = ZoneInfo(change[0])
    begins = reaches(midnight(change[1]), zone) + minute * MINUTE
    opening, terms = Span(begins, begins + length * MINUTE), _terms(step, visit)
    # A window that ends between two seconds, in the middle of it.
    window = Span(begins - DAY, begins + length * 2 // 3 * MINUTE + timedelta(microseconds=1))
    assert starts([opening], zone, terms, window) == [
        moment
        for moment in (begins + number * MINUTE for number in range(length))
        if on_grid(moment, zone, terms.granularity)
        and moment + terms.duration <= opening.ends_at
        and moment < window.ends_at
    ]


def _terms(step: int, visit: int) -> Terms:
    return Terms(
        duration=visit * MINUTE,
        before=0 * MINUTE,
        after=0 * MINUTE,
        granularity=step * MINUTE,
        notice=0 * MINUTE,
        horizon=60 * DAY,
        needs_room=False,
        skill=None,
    )


def test_the_grid_rounds_up_seconds_and_less() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    start = datetime(2030, 1, 8, 2, 0, 0, 1, tzinfo=UTC)
    assert next_on_grid(start, zone, 30 * MINUTE) == datetime(2030, 1, 8, 2, 30, tzinfo=UTC)
