"""The days a client keeps: which there are, and when each comes next."""

from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LunarDate
from hypothesis import given
from hypothesis import strategies as st

from services.profile.clients.models.days import Day, age, check, next_on, read, written
from services.profile.clients.rules import Calendar, DayAhead, NoSuchDay

TODAY = date(2026, 3, 1)
SUN, MOON = Calendar.SOLAR, Calendar.LUNAR


@pytest.mark.parametrize(
    ("day", "today", "comes"),
    [
        (Day(SUN, 5, 20), date(2026, 3, 1), date(2026, 5, 20)),
        (Day(SUN, 5, 20), date(2026, 5, 20), date(2026, 5, 20)),
        (Day(SUN, 5, 20), date(2026, 5, 21), date(2027, 5, 20)),
        (Day(SUN, 2, 29, 2000), date(2026, 1, 1), date(2026, 2, 28)),
        (Day(SUN, 2, 29, 2000), date(2028, 1, 1), date(2028, 2, 29)),
        # Mid-Autumn, and the New Year that a solar year may begin without.
        (Day(MOON, 8, 15), date(2026, 1, 1), date(2026, 9, 25)),
        (Day(MOON, 1, 1), date(2026, 1, 1), date(2026, 2, 17)),
        (Day(MOON, 12, 8), date(2026, 1, 1), date(2026, 1, 26)),
        # The leap sixth month of 2025 comes again in 2036; meanwhile the ordinary one counts.
        (Day(MOON, 6, 1, 1987, leap=True), date(2025, 7, 1), date(2025, 7, 25)),
        (Day(MOON, 6, 1, 1987, leap=True), date(2026, 1, 1), date(2026, 7, 14)),
        (Day(MOON, 6, 1, 1987), date(2025, 6, 1), date(2025, 6, 25)),
        # The last month of 2025 has 29 days, that of 2026 has 30.
        (Day(MOON, 12, 30), date(2026, 1, 1), date(2026, 2, 16)),
        (Day(MOON, 12, 30), date(2026, 3, 1), date(2027, 2, 5)),
        (Day(MOON, 1, 15), date(2099, 12, 31), None),
    ],
)
def test_a_day_comes_next(day: Day, today: date, comes: date | None) -> None:
    assert next_on(day, today) == comes


@pytest.mark.parametrize(
    "day",
    [
        Day(SUN, 2, 30),
        Day(SUN, 2, 29, 2001),
        Day(SUN, 4, 31),
        Day(SUN, 13, 1),
        Day(SUN, 5, 20, leap=True),
        Day(MOON, 12, 30, 2025),  # that month has 29 days
        Day(MOON, 6, 1, 2024, leap=True),  # that year doubles no month
        Day(MOON, 5, 1, 2025, leap=True),  # that year doubles the sixth
        Day(MOON, 1, 1, leap=True),  # no year doubles the first
        Day(MOON, 1, 31),
        Day(MOON, 13, 1),
        Day(MOON, 1, 0),
    ],
)
def test_a_day_that_no_calendar_has_is_refused(day: Day) -> None:
    with pytest.raises(NoSuchDay):
        check(day, today=TODAY)


def test_what_is_first_kept_tomorrow_is_refused_and_today_is_not() -> None:
    check(Day(SUN, TODAY.month, TODAY.day, TODAY.year), today=TODAY)
    tomorrow = LunarDate.from_solar(TODAY + timedelta(days=1))
    with pytest.raises(DayAhead):
        check(Day(MOON, tomorrow.month, tomorrow.day, tomorrow.year), today=TODAY)


@pytest.mark.parametrize(
    ("day", "years"),
    [
        (Day(SUN, 3, 1, 2012), 14),
        (Day(SUN, 3, 2, 2012), 13),
        (Day(MOON, 1, 13, 2026), 0),
        (Day(MOON, 12, 29, 2011), 14),
        (Day(SUN, 3, 1), None),
    ],
)
def test_an_age_is_counted_in_full_solar_years(day: Day, years: int | None) -> None:
    assert age(day, TODAY) == years


SOLAR_DAYS = st.dates(date(1900, 2, 1), date(2026, 2, 28))


@given(born=SOLAR_DAYS, lunar=st.booleans(), ahead=st.integers(0, 20_000))
def test_every_day_that_was_is_kept_again_within_a_year_and_a_month(born: date, *, lunar: bool, ahead: int) -> None:
    if lunar:
        moon = LunarDate.from_solar(born)
        day = Day(MOON, moon.month, moon.day, moon.year, bool(moon.leap))
    else:
        day = Day(SUN, born.month, born.day, born.year)
    check(day, today=TODAY)
    assert read(written(day)) == day
    today = TODAY + timedelta(days=ahead)
    comes = next_on(day, today)
    assert comes is not None
    assert today <= comes <= today + timedelta(days=385)
    assert next_on(day, comes) == comes


@given(month=st.integers(-1, 14), day=st.integers(-1, 33), year=st.none() | st.integers(1900, 2099), leap=st.booleans())
def test_whatever_is_asked_is_a_day_or_refused(month: int, day: int, year: int | None, *, leap: bool) -> None:
    for calendar in Calendar:
        asked = Day(calendar, month, day, year, leap)
        try:
            check(asked, today=TODAY)
        except (NoSuchDay, DayAhead):
            continue
        assert next_on(asked, TODAY) is not None
