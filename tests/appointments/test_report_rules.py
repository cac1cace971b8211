"""What reports reckon: days, minutes offered, and how many will not come."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.directory.rules import Span, Timetable
from services.appointments.reports.rules import figures, showing
from services.appointments.reports.rules.figures import Away, Interval, ReportTooWide
from services.appointments.reports.rules.showing import LEAST_RATE, LEAST_VISITS, Basis, Case, Model
from tests.appointments.build import at

MONDAY = date(2030, 1, 7)
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
    assert figures.offered(shifts, days, Away()) == 1200
    assert figures.offered(shifts, days, Away(((MONDAY, MONDAY),), 60)) == 540
    assert figures.offered(shifts, days, Away(((date(2030, 1, 8), None),))) == 600
    assert figures.offered(shifts, days, Away(minutes=9999)) == 0


def test_what_others_take_of_a_stretch_is_counted_in_minutes() -> None:
    within = Span(at("2030-01-07 10:00"), at("2030-01-07 12:00"))
    before = Span(at("2030-01-07 08:00"), at("2030-01-07 10:30"))
    elsewhere = Span(at("2030-01-08 08:00"), at("2030-01-08 10:30"))
    assert figures.shared([before, elsewhere], within) == 30


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
