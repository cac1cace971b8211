"""The rules of the door, without a door: steps, turns, closing time, stretches of the day."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.directory.rules import Span, Timetable, spans
from services.appointments.visits.rules import stays, tally
from services.appointments.visits.rules.stays import NEXT, OutOfTurn, Status, Step, VisitStepNotPossible
from services.appointments.visits.rules.tally import BucketNotOver, Coverage, NoSuchBucket
from tests.appointments.build import SHANGHAI, at

DAILY = Timetable(dict.fromkeys(range(1, 8), ((600, 1200),)))
MONDAY = date(2030, 1, 7)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("wanted", Step)
def test_every_step_that_is_not_drawn_is_refused(status: Status, wanted: Step) -> None:
    if (status, wanted) in NEXT:
        assert stays.step(status, wanted) is NEXT[status, wanted]
    else:
        with pytest.raises(VisitStepNotPossible):
            stays.step(status, wanted)


@given(turn=st.integers(1, 99), booked=st.booleans(), first=st.none() | st.integers(1, 99))
def test_nobody_is_called_before_somebody_who_came_earlier(turn: int, booked: bool, first: int | None) -> None:  # noqa: FBT001
    passed_over = not booked and first is not None and first < turn
    if passed_over:
        with pytest.raises(OutOfTurn):
            stays.judge_turn(turn, booked=booked, first=first)
    else:
        stays.judge_turn(turn, booked=booked, first=first)


@pytest.mark.parametrize(
    ("hours", "came", "closed"),
    [
        (DAILY, "2030-01-07 18:00", "2030-01-07 20:00"),
        (DAILY, "2030-01-07 09:00", "2030-01-07 20:00"),
        (DAILY, "2030-01-07 20:30", "2030-01-07 20:30"),
        (Timetable(), "2030-01-07 12:00", "2030-01-07 12:00"),
        (Timetable({1: ((600, 780), (900, 1200))}), "2030-01-07 11:00", "2030-01-07 20:00"),
        # Open past midnight: two stretches on two days are one evening.
        (Timetable({1: ((1080, 1440),), 2: ((0, 120),)}), "2030-01-07 23:00", "2030-01-08 02:00"),
    ],
)
def test_a_forgotten_stay_ends_when_the_boutique_closed(hours: Timetable, came: str, closed: str) -> None:
    assert stays.closing(hours, SHANGHAI, MONDAY, at(came)) == at(closed)


def test_whoever_is_said_to_have_come_after_her_day_left_at_once() -> None:
    assert stays.closing(DAILY, SHANGHAI, MONDAY, at("2030-01-08 00:30")) == at("2030-01-08 00:30")


def test_the_time_in_store_is_in_whole_minutes() -> None:
    came = at("2030-01-07 11:00")
    assert stays.minutes(came, came + timedelta(minutes=29, seconds=59)) == 29


HOURS = st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@given(hours=HOURS, day=st.sampled_from([date(2030, 3, 31), date(2030, 10, 27), MONDAY]))
def test_the_stretches_of_a_day_are_exactly_its_open_hours(hours: tuple[tuple[int, int], ...], day: date) -> None:
    table = Timetable(dated={day: hours})
    found = tally.buckets(table, day, PARIS)
    assert all(0 < one.ends - one.starts <= tally.EVERY for one in found)
    assert all(one.during.ends_at <= other.during.starts_at for one, other in pairwise(found))
    if found:
        whole = spans(table, PARIS, Span(found[0].during.starts_at, found[-1].during.ends_at))
        open_for = sum((one.ends_at - one.starts_at for one in whole), timedelta(0))
        assert sum((one.during.ends_at - one.during.starts_at for one in found), timedelta(0)) == open_for


def test_hours_that_a_clock_change_skips_are_no_stretch() -> None:
    skipped = date(2030, 3, 31)
    assert tally.buckets(Timetable(dated={skipped: ((120, 180),)}), skipped, PARIS) == []


def test_a_stretch_is_named_by_its_beginning_and_takes_a_number_when_it_is_over() -> None:
    several = tally.buckets(DAILY, MONDAY, SHANGHAI)
    bucket = tally.bucket_at(several, 720)
    with pytest.raises(NoSuchBucket):
        tally.bucket_at(several, 721)
    with pytest.raises(BucketNotOver):
        tally.judge_entry(bucket, at("2030-01-07 13:59"))
    tally.judge_entry(bucket, at("2030-01-07 14:00"))


@pytest.mark.parametrize(
    ("counted", "entered", "now", "coverage"),
    [
        (0, None, "11:59", Coverage.AHEAD),
        (0, None, "12:00", Coverage.GOING_ON),
        (3, None, "12:30", Coverage.COUNTED),
        (0, None, "14:00", Coverage.GAP),
        (0, 0, "14:00", Coverage.BY_HAND),
        (3, 5, "14:00", Coverage.BY_HAND),
    ],
)
def test_what_is_known_of_a_stretch(counted: int, entered: int | None, now: str, coverage: Coverage) -> None:
    bucket = tally.bucket_at(tally.buckets(DAILY, MONDAY, SHANGHAI), 720)
    assert tally.coverage(bucket, counted=counted, entered=entered, now=at(f"2030-01-07 {now}")) is coverage
