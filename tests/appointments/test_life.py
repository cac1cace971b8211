"""The rules of an appointment's life, as tables."""

from datetime import datetime, timedelta

import pytest

from infra.refusal import Refusal
from services.appointments.availability.rules import Actor
from services.appointments.bookings.rules.life import (
    NEXT,
    CancellationNotice,
    HoldExpired,
    NoticeTooShort,
    RequestUnanswered,
    Status,
    Step,
    StepNotPossible,
    TooEarly,
    TooLate,
    judge_arrival,
    judge_no_show,
    step,
)
from services.appointments.preparation.rules import expected, receives
from tests.appointments.build import at

MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
NOW = at("2030-01-07 09:00")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("wanted", Step)
def test_every_pair_that_is_not_drawn_is_refused(status: Status, wanted: Step) -> None:
    if (status, wanted) in NEXT:
        assert step(status, wanted) is NEXT[status, wanted]
    else:
        with pytest.raises(Refusal) as refused:
            step(status, wanted)
        assert type(refused.value) in {StepNotPossible, HoldExpired, RequestUnanswered}


def test_what_has_ended_stays_ended() -> None:
    assert {status for status, _ in NEXT} == {Status.HELD, Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN}


def test_every_status_can_be_reached() -> None:
    assert {Status.HELD, *NEXT.values()} == set(Status)


def test_confirming_too_late_says_that_the_hold_is_over() -> None:
    for late in (Step.CONFIRM, Step.REQUEST):
        with pytest.raises(HoldExpired):
            step(Status.EXPIRED, late)
    for late in (Step.APPROVE, Step.REFUSE):
        with pytest.raises(RequestUnanswered):
            step(Status.EXPIRED, late)


@pytest.mark.parametrize(
    ("actor", "status", "ahead", "refused"),
    [
        (Actor.CLIENT, Status.CONFIRMED, DAY, False),
        (Actor.CLIENT, Status.CONFIRMED, DAY - timedelta(seconds=1), True),
        (Actor.CLIENT, Status.CONFIRMED, -HOUR, True),
        (Actor.CLIENT, Status.HELD, HOUR, False),
        (Actor.CLIENT, Status.PENDING, HOUR, False),
        (Actor.HOUSE, Status.CONFIRMED, HOUR, False),
        (Actor.HOUSE, Status.CONFIRMED, -HOUR, False),
    ],
)
def test_a_client_owes_a_days_notice_and_an_advisor_none(
    actor: Actor, status: Status, ahead: timedelta, *, refused: bool
) -> None:
    policy = CancellationNotice(DAY)
    if refused:
        with pytest.raises(NoticeTooShort) as said:
            policy.judge(status=status, starts_at=NOW + ahead, now=NOW, actor=actor)
        assert said.value.extra == {"notice_minutes": 1440}
    else:
        policy.judge(status=status, starts_at=NOW + ahead, now=NOW, actor=actor)


def test_she_arrives_at_most_a_day_early_or_late_and_is_missed_only_after_the_start() -> None:
    judge_arrival(starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR, now=NOW)
    judge_arrival(starts_at=NOW - DAY - HOUR, ends_at=NOW - DAY + MOMENT, now=NOW)
    judge_no_show(starts_at=NOW, now=NOW)
    with pytest.raises(TooEarly):
        judge_arrival(starts_at=NOW + DAY + MOMENT, ends_at=NOW + DAY + HOUR, now=NOW)
    with pytest.raises(TooLate):
        judge_arrival(starts_at=NOW - DAY - HOUR, ends_at=NOW - DAY, now=NOW)
    with pytest.raises(TooEarly):
        judge_no_show(starts_at=NOW + HOUR, now=NOW)


@pytest.mark.parametrize(
    ("status", "starts", "arrived", "completed", "shown"),
    [
        (Status.HELD, HOUR, None, None, False),
        (Status.CONFIRMED, DAY, None, None, True),
        (Status.CONFIRMED, DAY + MOMENT, None, None, False),
        (Status.CONFIRMED, -DAY - HOUR + MOMENT, None, None, True),
        (Status.CONFIRMED, -DAY - HOUR, None, None, False),
        # She may come early, and late.
        (Status.CHECKED_IN, DAY + HOUR, -MOMENT, None, True),
        (Status.CHECKED_IN, -DAY - HOUR, -HOUR, None, True),
        (Status.CHECKED_IN, -DAY - DAY, -DAY, None, False),
        (Status.COMPLETED, -HOUR, -HOUR, -MOMENT, True),
        (Status.COMPLETED, -DAY, -DAY, MOMENT - DAY, True),
        (Status.COMPLETED, -DAY, -DAY, -DAY, False),
        (Status.PENDING, HOUR, None, None, False),
        (Status.REFUSED, HOUR, None, None, False),
        (Status.CANCELLED, HOUR, None, None, False),
        (Status.NO_SHOW, -HOUR, None, None, False),
        (Status.EXPIRED, HOUR, None, None, False),
    ],
)
def test_a_client_is_shown_from_a_day_before_her_visit_until_a_day_after_it(
    *, status: Status, starts: timedelta, arrived: timedelta | None, completed: timedelta | None, shown: bool
) -> None:
    def moment(since: timedelta | None) -> datetime | None:
        return None if since is None else NOW + since

    found = expected(
        status,
        starts_at=NOW + starts,
        ends_at=NOW + starts + HOUR,
        arrived_at=moment(arrived),
        completed_at=moment(completed),
        now=NOW,
    )
    assert found is shown


@pytest.mark.parametrize("status", Status)
def test_pieces_are_laid_out_unseen_only_where_she_comes_and_while_she_does(status: Status) -> None:
    assert receives(status, here=True) is (status in {Status.CONFIRMED, Status.CHECKED_IN})
    assert not receives(status, here=False)
