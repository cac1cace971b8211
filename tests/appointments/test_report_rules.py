"""What reports reckon: days, minutes offered, and how many will not come."""

import math
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.directory.rules import Span, Timetable
from services.appointments.reports.rules import figures, showing
from services.appointments.reports.rules.figures import Interval, ReportTooWide
from services.appointments.reports.rules.offering import Away, offered, shared
from services.appointments.reports.rules.showing import LEAST_RATE, LEAST_VISITS, Basis, Case, Model
from tests.appointments.build import at

MONDAY, SHANGHAI = date(2030, 1, 7), ZoneInfo("Asia/Shanghai")
CASES = st.builds(
    Case,
    lead_days=st.floats(0, 400),
    weekday=st.integers(1, 7),
    hour=st.floats(0, 24, exclude_max=True),
    visits=st.integers(0, 300),
    no_shows=st.integers(0, 300),
    others=st.integers(0, 5),
    accompanied=st.booleans(),
)
SIZE = len(showing.features(Case(1.0, 1, 11.0, 0, 0, 0, accompanied=False)))


def model(weight: float = 0.1, slope: float = 1.0) -> Model:
    return Model([0.0] * SIZE, [1.0] * SIZE, [weight] * SIZE, -1.0, slope, 0.0)


@pytest.mark.parametrize(("days", "fits"), [(0, False), (-1, False), (1, True), (400, True), (401, False)])
def test_a_report_is_of_some_days_and_not_too_many(days: int, fits: bool) -> None:  # noqa: FBT001
    if fits:
        figures.judge_days(MONDAY, MONDAY + timedelta(days=days))
    else:
        with pytest.raises(ReportTooWide):
            figures.judge_days(MONDAY, MONDAY + timedelta(days=days))


def test_days_belong_to_the_week_of_their_monday_or_the_month_of_their_first() -> None:
    sunday = date(2030, 1, 13)
    assert (Interval.WEEK.of(sunday), Interval.MONTH.of(sunday)) == (MONDAY, date(2030, 1, 1))
    assert figures.days_between(MONDAY, date(2030, 1, 9)) == [MONDAY, date(2030, 1, 8)]


def test_a_share_of_nothing_is_none() -> None:
    assert (figures.share(1, 3), figures.share(0, 0)) == (0.3333, None)


def test_whoever_is_away_offers_nothing_then() -> None:
    shifts = Timetable({1: ((600, 1200),), 2: ((600, 1200),)})
    days = figures.days_between(MONDAY, date(2030, 1, 14))
    tuesday, week = date(2030, 1, 8), Span(at("2030-01-06 00:00"), at("2030-01-20 00:00"))
    hour = Span(at("2030-01-08 09:30"), at("2030-01-08 11:00"))
    for away, minutes in (
        (Away(), 1200),
        (Away(((MONDAY, MONDAY),), (hour,)), 540),
        (Away(((tuesday, None),)), 600),
        # What is away already is not taken off twice.
        (Away(((tuesday, None),), (hour,)), 600),
        (Away(stretches=(week,)), 0),
    ):
        assert offered(shifts, SHANGHAI, {MONDAY: days}, away) == {MONDAY: minutes}


HOURS = st.lists(st.integers(0, 24).map(lambda hour: hour * 60), max_size=4, unique=True).map(
    lambda ends: tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)
DAYS = st.integers(0, 20).map(lambda n: MONDAY + timedelta(days=n))
STRETCHES = st.lists(st.integers(0, 20 * 24 * 4), max_size=8, unique=True).map(
    lambda quarters: tuple(
        Span(
            at("2030-01-07 00:00") + timedelta(minutes=15 * begin), at("2030-01-07 00:00") + timedelta(minutes=15 * end)
        )
        for begin, end in zip(sorted(quarters)[::2], sorted(quarters)[1::2], strict=False)
    )
)


@given(
    timetable=st.builds(
        Timetable,
        weekly=st.dictionaries(st.integers(1, 7), HOURS),
        dated=st.dictionaries(DAYS, HOURS, max_size=3),
        breaks=st.dictionaries(st.one_of(st.integers(1, 7), DAYS), HOURS, max_size=3),
    ),
    absences=st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=2),
    stretches=STRETCHES,
)
def test_what_is_offered_is_what_a_clock_counts_quarter_by_quarter(
    timetable: Timetable, absences: list[tuple[date, date | None]], stretches: tuple[Span, ...]
) -> None:
    periods = {MONDAY: figures.days_between(MONDAY, MONDAY + timedelta(days=10))}
    periods[MONDAY + timedelta(days=10)] = figures.days_between(*(MONDAY + timedelta(days=n) for n in (10, 20)))
    away = Away(tuple(absences), stretches)
    counted = {
        period: sum(
            15
            for day in days
            if not away.holds(day)
            for opens, closes in timetable.on(day)
            for minute in range(opens, closes, 15)
            if not _within(stretches, day, minute)
        )
        for period, days in periods.items()
    }
    assert offered(timetable, SHANGHAI, periods, away) == counted


def _within(stretches: tuple[Span, ...], day: date, minute: int) -> bool:
    moment = at(f"{day} 00:00") + timedelta(minutes=minute)
    return any(one.starts_at <= moment < one.ends_at for one in stretches)


def test_what_others_take_of_a_stretch_is_counted_in_minutes() -> None:
    within = Span(at("2030-01-07 10:00"), at("2030-01-07 12:00"))
    before = Span(at("2030-01-07 08:00"), at("2030-01-07 10:30"))
    elsewhere = Span(at("2030-01-08 08:00"), at("2030-01-08 10:30"))
    assert shared([before, elsewhere], within) == 30


@given(case=CASES)
def test_a_chance_is_a_chance_and_every_feature_a_number(case: Case) -> None:
    seen = showing.features(case)
    assert len(seen) == SIZE
    assert all(math.isfinite(one) for one in seen)
    assert 0 <= model().chance(seen) <= 1
    assert 0 <= model(1e6).chance(seen) <= 1


def test_a_model_is_read_from_the_numbers_that_were_kept() -> None:
    kept = {"means": [0.0], "deviations": [2.0], "weights": [1.0], "intercept": 0.5, "slope": 2.0, "offset": -1.0}
    assert Model.of({**kept, "auc": 0.7}).chance([3.0]) == pytest.approx(1 / (1 + math.exp(-3)))


@given(cases=st.lists(CASES, max_size=12))
def test_a_day_is_foretold_as_a_sum_in_halves_and_never_for_a_few(cases: list[Case]) -> None:
    found = showing.forecast(cases, model(), no_shows=0, out_of=0)
    assert (found.agreed, found.basis) == (len(cases), Basis.MODEL)
    if len(cases) < LEAST_VISITS:
        assert found.expected is None
    else:
        whole = sum(model().chance(showing.features(case)) for case in cases)
        assert found.expected is not None
        assert found.expected * 2 == int(found.expected * 2)
        assert abs(found.expected - whole) <= 0.25 + 1e-9


@pytest.mark.parametrize(
    ("out_of", "basis", "expected"), [(LEAST_RATE, Basis.RATE, 1.0), (LEAST_RATE - 1, Basis.NONE, None)]
)
def test_without_a_model_the_share_counts_once_there_is_one(out_of: int, basis: Basis, expected: float | None) -> None:
    cases = [Case(1.0, 1, 11.0, 0, 0, 0, accompanied=False)] * 10
    found = showing.forecast(cases, None, no_shows=5, out_of=out_of)
    assert (found.basis, found.expected) == (basis, expected)
