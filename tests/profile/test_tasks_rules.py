"""Tasks without a database: working days, festivals, the life of a task, a thank-you before any offer."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.clients.models import workdays
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.tasks.models import occasions
from services.profile.tasks.rules import Kind, steps
from services.profile.tasks.rules.order import Thanks, offer_due_on
from services.profile.tasks.rules.policy import OPEN_DAYS, RULES, Festival, Policy
from services.profile.tasks.rules.rates import Share, month_of
from services.profile.tasks.rules.steps import NEXT, DayNotOpen, Outcome, Status, Step, TaskStepNotOpen, Trying

DAYS = st.dates(date(2004, 1, 1), date(2040, 12, 31))
SPRING_2026 = [date(2026, 2, 15) + timedelta(days=n) for n in range(9)]  # the days off around the 17th of February


@pytest.mark.parametrize("day", SPRING_2026)
def test_nobody_works_in_the_spring_festival(day: date) -> None:
    assert not workdays.is_workday(day)


# Saturdays and Sundays that are worked, to make up for the festivals of 2026.
@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_make_up_days_are_working_days(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert workdays.is_workday(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("day", "count", "due"),
    [
        ("2026-02-13", 0, "2026-02-13"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is worked
        ("2026-02-14", 1, "2026-02-24"),  # behind the festival
        ("2026-02-15", 0, "2026-02-24"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-13", 6, "2026-02-28"),  # a Saturday that is worked
        ("2026-02-13", 7, "2026-03-02"),
        ("2026-09-30", 1, "2026-10-08"),  # behind the National Day
        ("2026-10-09", 1, "2026-10-10"),  # a Saturday that is worked
        ("2026-03-06", 1, "2026-03-09"),  # an ordinary week-end
    ],
)
def test_working_days_are_counted_by_the_calendar_of_the_state_council(day: str, count: int, due: str) -> None:
    assert workdays.after(date.fromisoformat(day), count) == date.fromisoformat(due)


def test_behind_the_last_arrangement_monday_to_friday_is_assumed() -> None:
    assert workdays.arranged_until() >= date(2026, 12, 31)
    beyond = workdays.arranged_until() + timedelta(days=400)
    week = [beyond + timedelta(days=n) for n in range(7)]
    assert [workdays.is_workday(day) for day in week] == [day.weekday() < 5 for day in week]
    assert workdays.after(date(2003, 5, 1), 1) == date(2003, 5, 2)


@given(DAYS, st.integers(0, 30))
def test_so_many_working_days_lie_between(day: date, count: int) -> None:
    found = workdays.after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert workdays.is_workday(found)
    assert sum(map(workdays.is_workday, between)) == (count or min(len(between), 1))


@pytest.mark.parametrize(
    ("festival", "year", "day"),
    [
        (Festival.SPRING_FESTIVAL, 2026, "2026-02-17"),
        (Festival.SPRING_FESTIVAL, 2033, "2033-01-31"),
        (Festival.LANTERN_FESTIVAL, 2026, "2026-03-03"),
        (Festival.DRAGON_BOAT, 2026, "2026-06-19"),
        (Festival.DRAGON_BOAT, 2028, "2028-05-28"),  # the fifth month is doubled: the ordinary one counts
        (Festival.QIXI, 2025, "2025-08-29"),  # behind a doubled sixth month
        (Festival.QIXI, 2026, "2026-08-19"),
        (Festival.MID_AUTUMN, 2026, "2026-09-25"),
        (Festival.MID_AUTUMN, 2025, "2025-10-06"),
        (Festival.MAY_20, 2026, "2026-05-20"),
        (Festival.WOMENS_DAY, 2026, "2026-03-08"),
        (Festival.NATIONAL_DAY, 2026, "2026-10-01"),
        (Festival.CHRISTMAS, 2026, "2026-12-25"),
    ],
)
def test_festivals_are_kept_by_their_calendar(festival: Festival, year: int, day: str) -> None:
    asked = occasions.FESTIVALS[festival]
    assert occasions.due_on(asked, date(year, 1, 1), ahead=366, behind=0) == date.fromisoformat(day)


def test_every_festival_has_its_day() -> None:
    assert set(occasions.FESTIVALS) == set(Festival)


@pytest.mark.parametrize(
    ("day", "today", "due"),
    [
        # The 29th of February is kept on the 28th in a common year.
        (Day(Calendar.SOLAR, 2, 29), "2026-02-20", "2026-02-28"),
        (Day(Calendar.SOLAR, 2, 29), "2028-02-20", "2028-02-29"),
        # A birthday in a doubled sixth month: in 2025 it is doubled, in 2026 it is not.
        (Day(Calendar.LUNAR, 6, 10, leap=True), "2025-07-25", "2025-08-03"),
        (Day(Calendar.LUNAR, 6, 10, leap=True), "2026-07-15", "2026-07-23"),
        # New Year's Eve: the 30th of a twelfth month that has 29 days.
        (Day(Calendar.LUNAR, 12, 30), "2026-02-10", "2026-02-16"),
        # Over the turn of the solar year.
        (Day(Calendar.SOLAR, 1, 3), "2025-12-25", "2026-01-03"),
    ],
)
def test_birthdays_are_kept_where_the_calendar_has_no_such_day(day: Day, today: str, due: str) -> None:
    assert occasions.due_on(day, date.fromisoformat(today), ahead=14, behind=3) == date.fromisoformat(due)


@given(DAYS, st.integers(1, 12), st.integers(1, 28), st.integers(0, 60), st.integers(0, 30))
def test_a_day_is_due_exactly_within_its_window(today: date, month: int, day: int, ahead: int, behind: int) -> None:
    found = occasions.due_on(Day(Calendar.SOLAR, month, day), today, ahead=ahead, behind=behind)
    window = [today + timedelta(days=n) for n in range(-behind, ahead + 1)]
    assert found == next((one for one in window if (one.month, one.day) == (month, day)), None)


@pytest.mark.parametrize(
    ("begins", "weeks", "days"),
    [
        ("2026-03-10", 4, ["2026-03-10"]),
        ("2026-03-17", 4, []),  # too far ahead
        ("2026-03-01", 1, ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("2026-02-01", 1, ["2026-03-01", "2026-03-08", "2026-03-15"]),
        ("2026-02-10", 4, ["2026-02-10", "2026-03-10"]),
        ("2026-01-05", 26, []),  # gone too long
    ],
)
def test_a_contact_plan_goes_on_in_its_rhythm(begins: str, weeks: int, days: list[str]) -> None:
    found = occasions.rhythm(date.fromisoformat(begins), weeks, date(2026, 3, 2), ahead=14, behind=30)
    assert [day.isoformat() for day in found] == days


def test_every_step_that_is_not_drawn_is_refused() -> None:
    for status, step in product(Status, Step):
        if (status, step) in NEXT:
            assert steps.after(status, step) is NEXT[status, step]
        else:
            with pytest.raises(TaskStepNotOpen):
                steps.after(status, step)


NOW, LATER = date(2026, 3, 2), date(2026, 3, 4)


def trying(attempts: int = 1, most: int = 3, over_on: date = date(2026, 4, 1)) -> Trying:
    return Trying(attempts, most, LATER, over_on)


@pytest.mark.parametrize(
    ("status", "outcome", "was", "attempt", "step"),
    [
        (Status.OPEN, Outcome.REACHED, None, trying(), Step.FINISH),
        (Status.OPEN, Outcome.LEFT_WORD, None, trying(), Step.FINISH),
        (Status.OPEN, Outcome.REPLIED, None, trying(), Step.FINISH),
        (Status.OPEN, Outcome.NOT_WANTED, None, trying(), Step.FINISH),
        (Status.OPEN, Outcome.NOT_REACHED, None, trying(), Step.TRY_AGAIN),
        (Status.OPEN, Outcome.NOT_REACHED, Outcome.NOT_REACHED, trying(2), Step.TRY_AGAIN),
        (Status.OPEN, Outcome.NOT_REACHED, Outcome.NOT_REACHED, trying(3), Step.GIVE_UP),
        (Status.OPEN, Outcome.NOT_REACHED, None, trying(over_on=LATER), Step.TRY_AGAIN),
        (Status.OPEN, Outcome.NOT_REACHED, None, trying(over_on=date(2026, 3, 3)), Step.GIVE_UP),
        (Status.DONE, Outcome.REPLIED, Outcome.LEFT_WORD, trying(), Step.ADD_REPLY),
        # Done is done: said again, it is refused.
        (Status.DONE, Outcome.REPLIED, Outcome.REACHED, trying(), Step.FINISH),
        (Status.DONE, Outcome.REPLIED, Outcome.REPLIED, trying(), Step.FINISH),
        (Status.DONE, Outcome.REACHED, Outcome.LEFT_WORD, trying(), Step.FINISH),
    ],
)
def test_the_outcome_decides_what_follows(
    status: Status, outcome: Outcome, was: Outcome | None, attempt: Trying, step: Step
) -> None:
    assert steps.step_of(status, outcome, was=was, trying=attempt) is step


@pytest.mark.parametrize(("until_on", "fits"), [(NOW, False), (LATER, True), (date(2026, 3, 5), False)])
def test_a_task_is_put_off_to_a_day_on_which_it_is_of_use(until_on: date, *, fits: bool) -> None:
    if fits:
        steps.check_day(until_on, today=NOW, over_on=LATER)
    else:
        with pytest.raises(DayNotOpen):
            steps.check_day(until_on, today=NOW, over_on=LATER)


@pytest.mark.parametrize(("ahead", "fits"), [(-1, False), (0, True), (731, True), (732, False)])
def test_a_task_by_hand_is_for_a_day_to_come(ahead: int, *, fits: bool) -> None:
    due_on = NOW + timedelta(days=ahead)
    if fits:
        steps.check_first_day(due_on, today=NOW)
    else:
        with pytest.raises(DayNotOpen):
            steps.check_first_day(due_on, today=NOW)


@given(DAYS, st.lists(DAYS, max_size=5))
def test_no_offer_is_due_within_the_time_of_a_thank_you_that_is_owed(wanted_on: date, over: list[date]) -> None:
    due_on = offer_due_on(wanted_on, map(Thanks, over))
    assert due_on >= wanted_on
    assert all(due_on > one for one in over)
    # And no later than that.
    assert due_on == wanted_on or due_on - timedelta(days=1) in over


def test_what_a_house_does_not_say_stays_as_it_is_built_in() -> None:
    policy = Policy(at_work=frozenset({Kind.THANK_YOU}))
    assert [kind for kind in RULES if policy.opens(kind)] == [Kind.THANK_YOU]
    assert all(policy.opens(kind) for kind in Kind if kind not in RULES)
    assert set(OPEN_DAYS) == set(Kind)


@pytest.mark.parametrize(
    ("written", "begins", "ends"),
    [("2026-01", "2026-01-01", "2026-02-01"), ("2026-12", "2026-12-01", "2027-01-01")],
)
def test_a_month_ends_where_the_next_begins(written: str, begins: str, ends: str) -> None:
    assert month_of(written) == (date.fromisoformat(begins), date.fromisoformat(ends))


def test_a_share_of_nothing_is_none() -> None:
    assert (Share().share, Share(2, 3).share) == (None, 0.6667)
