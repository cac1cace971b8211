"""The rules of work orders."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.workorders import rules
from services.feedback.workorders.rules import (
    DEFAULTS,
    NEXT,
    BandsOutOfOrder,
    DeadlinesOutOfOrder,
    Hand,
    Loop,
    LoopClosed,
    NotYourWorkOrder,
    Policy,
    Severity,
    Status,
    Step,
    StepNotAllowed,
)

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(("status", "step"), list(product(Status, Step)))
def test_every_pair_that_is_not_drawn_is_refused(status: Status, step: Step) -> None:
    if (status, step) in NEXT:
        assert rules.after(status, step) is NEXT[status, step]
    else:
        with pytest.raises(StepNotAllowed):
            rules.after(status, step)


def test_every_status_is_reached_and_none_but_the_last_two_is_done() -> None:
    assert {Status.OPEN, *NEXT.values()} == set(Status)
    assert {status for (status, step) in NEXT if step is Step.REOPEN} == {Status.RESOLVED, Status.CLOSED}


def test_what_the_client_has_answered_about_is_not_reopened() -> None:
    with pytest.raises(LoopClosed):
        rules.after(Status.CLOSED, Step.REOPEN, loop_closed=True)


@pytest.mark.parametrize("step", [*Step, None])
def test_an_advisor_takes_up_resolves_and_notes_what_is_hers_and_a_manager_does_everything(step: Step | None) -> None:
    rules.check_hand(step, leads=True, assigned=False)
    if step in {Step.START, Step.RESOLVE, None}:
        rules.check_hand(step, leads=False, assigned=True)
    else:
        with pytest.raises(NotYourWorkOrder):
            rules.check_hand(step, leads=False, assigned=True)
    with pytest.raises(NotYourWorkOrder):
        rules.check_hand(step, leads=False, assigned=False)


@pytest.mark.parametrize("score", range(11))
def test_three_or_less_is_grave_six_or_less_is_not_well_and_seven_needs_nobody(score: int) -> None:
    policy = rules.policy_for(score, DEFAULTS)
    expected = Severity.HIGH if score <= 3 else Severity.MEDIUM if score <= 6 else None
    assert (policy.severity if policy else None) is expected


@given(st.integers(0, 10), st.integers(0, 10), st.integers(0, 10))
def test_a_score_gets_the_lowest_band_that_holds_it(score: int, high: int, medium: int) -> None:
    hour = timedelta(hours=1)
    bands = [Policy(Severity.HIGH, high, hour, hour), Policy(Severity.MEDIUM, medium, hour, hour)]
    policy = rules.policy_for(score, bands)
    fitting = [band.at_most_score for band in bands if score <= band.at_most_score]
    assert (policy.at_most_score if policy else None) == min(fitting, default=None)


def test_two_equal_bands_count_as_the_graver_one() -> None:
    hour = timedelta(hours=1)
    policy = rules.policy_for(2, [Policy(Severity.MEDIUM, 5, hour, hour), Policy(Severity.HIGH, 5, hour, hour)])
    assert policy is not None
    assert policy.severity is Severity.HIGH


def test_the_policy_of_a_severity_is_found() -> None:
    assert rules.policy_of(Severity.MEDIUM, DEFAULTS) is DEFAULTS[1]


@pytest.mark.parametrize(("high", "medium", "fits"), [(3, 6, True), (5, 5, True), (6, 5, False)])
def test_a_medium_band_does_not_end_below_the_high_one(high: int, medium: int, *, fits: bool) -> None:
    hour = timedelta(hours=1)
    bands = [Policy(Severity.HIGH, high, hour, hour), Policy(Severity.MEDIUM, medium, hour, hour)]
    with nullcontext() if fits else pytest.raises(BandsOutOfOrder):
        rules.check_bands(bands)


def test_nobody_must_put_right_before_answering() -> None:
    rules.check_deadlines(respond_within_minutes=60, resolve_within_minutes=60)
    with pytest.raises(DeadlinesOutOfOrder):
        rules.check_deadlines(respond_within_minutes=61, resolve_within_minutes=60)


def test_the_loop_is_open_then_awaits_her_then_holds_what_she_said() -> None:
    assert rules.loop(Status.RESOLVED, recovered=None) is Loop.OPEN
    assert rules.loop(Status.CLOSED, recovered=None) is Loop.AWAITING
    assert rules.loop(Status.CLOSED, recovered=True) is Loop.RECOVERED
    assert rules.loop(Status.CLOSED, recovered=False) is Loop.NOT_RECOVERED


@pytest.mark.parametrize(
    ("met_after", "asked_after", "hand", "remaining"),
    [
        (None, 20, Hand.RUNNING, 10),
        (None, 30, Hand.RUNNING, 0),
        (None, 45, Hand.OVERDUE, -15),
        (30, 99, Hand.MET, None),
        (31, 99, Hand.MISSED, None),
    ],
)
def test_a_clock_runs_is_overdue_met_or_missed(
    met_after: int | None, asked_after: int, hand: Hand, remaining: int | None
) -> None:
    read = rules.deadline(
        within=timedelta(minutes=30),
        due_at=NOON + timedelta(minutes=30),
        met_at=None if met_after is None else NOON + timedelta(minutes=met_after),
        now=NOON + timedelta(minutes=asked_after),
    )
    assert (read.hand, read.remaining) == (hand, None if remaining is None else timedelta(minutes=remaining))
