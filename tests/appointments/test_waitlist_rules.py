"""Who waits, who is asked next, and for what, without any I/O."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.availability.rules import Slot
from services.appointments.directory.rules import Span
from services.appointments.occasions.rules.life import Segment
from services.appointments.waitlist import rules
from services.appointments.waitlist.rules import OfferStatus, Status, Waiting

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2030, 1, 7, 1, tzinfo=UTC)  # nine in the morning
HOUR = timedelta(hours=1)
HERS, ANOTHER = UUID(int=1), UUID(int=2)


def waiting(n: int = 1, segment: Segment | None = None, **given: Any) -> Waiting:
    days: dict[str, Any] = {"advisor_id": None, "from_on": date(2030, 1, 7), "until_on": date(2030, 1, 8)}
    return Waiting(UUID(int=n), segment, NOW + n * HOUR, **{**days, **given})


def slot(hours: int) -> Slot:
    starts_at = NOW + hours * HOUR
    return Slot(starts_at, starts_at + HOUR, (HERS,), ())


@given(st.permutations([waiting(n, segment) for n, segment in enumerate([*Segment, None])]))
def test_without_an_order_time_alone_counts(several: list[Waiting]) -> None:
    assert [one.entry_id.int for one in rules.in_turn(several, ())] == list(range(6))


def test_a_brands_order_comes_before_time() -> None:
    several = [waiting(1), waiting(2, Segment.CORE), waiting(3, Segment.VIC), waiting(4, Segment.CORE)]
    order = (Segment.VIC, Segment.CORE)
    assert [one.entry_id.int for one in rules.in_turn(several, order)] == [3, 2, 4, 1]


@pytest.mark.parametrize(
    ("given", "hours", "suits"),
    [
        ({}, 2, True),
        ({"from_on": date(2030, 1, 8)}, 2, False),
        ({"from_on": date(2030, 1, 8)}, 26, True),
        ({"hours": ((11 * 60, 12 * 60),)}, 2, True),
        ({"hours": ((12 * 60, 13 * 60),)}, 2, False),
        ({"advisor_id": HERS}, 2, True),
        ({"advisor_id": ANOTHER}, 2, False),
        ({"passed": (Span(NOW + 1.5 * HOUR, NOW + 2.5 * HOUR),)}, 2, False),
        ({"passed": (Span(NOW + HOUR, NOW + 2 * HOUR),)}, 2, True),
    ],
)
def test_she_is_offered_what_she_would_have_and_has_not_let_go(
    given: dict[str, Any], hours: int, *, suits: bool
) -> None:
    assert waiting(**given).suits(slot(hours), SHANGHAI) is suits


def test_the_first_times_that_leave_her_time_to_answer_are_tried() -> None:
    free = [slot(hours) for hours in (0, 1, 2, 3)]
    assert rules.suiting(waiting(), free, SHANGHAI, now=NOW, most=2) == free[1:3]
    assert rules.suiting(waiting(), free, SHANGHAI, now=NOW, most=9) == free[1:]


def test_an_offer_is_kept_for_its_minutes_and_never_to_the_last_moment() -> None:
    assert rules.keep_until(NOW, 120, NOW + 24 * HOUR) == NOW + 2 * HOUR
    assert rules.keep_until(NOW, 120, NOW + HOUR) == NOW + HOUR / 2


@pytest.mark.parametrize(("hours", "wakes"), [(0, 0), (-1, 0), (11.9, 11.9), (12, 24), (15, 24)])
def test_nobody_is_woken(hours: float, wakes: float) -> None:
    assert rules.wakes_at(NOW + hours * HOUR, SHANGHAI) == NOW + wakes * HOUR


@pytest.mark.parametrize(
    ("status", "was_agreed", "outcome"),
    [
        ("held", False, None),
        ("expired", False, OfferStatus.EXPIRED),
        ("cancelled", False, OfferStatus.DECLINED),
        ("cancelled", True, OfferStatus.ACCEPTED),
        ("confirmed", True, OfferStatus.ACCEPTED),
        ("pending", False, OfferStatus.ACCEPTED),
        ("no-show", True, OfferStatus.ACCEPTED),
    ],
)
def test_the_appointment_says_how_an_offer_ended(status: str, *, was_agreed: bool, outcome: OfferStatus | None) -> None:
    assert rules.settled(status, was_agreed=was_agreed) is outcome


def test_every_end_of_an_offer_leaves_her_somewhere() -> None:
    assert set(rules.AFTER) == set(OfferStatus) - set(rules.OPEN)
    assert set(rules.AFTER.values()) == {Status.ACCEPTED, Status.WAITING}


@pytest.mark.parametrize(("first", "last"), [(2, 1), (-3, -1), (0, 92)])
def test_days_are_to_come_and_not_too_many(first: int, last: int) -> None:
    today = date(2030, 1, 7)
    with pytest.raises(rules.WaitRangeInvalid):
        rules.check_range(today + timedelta(days=first), today + timedelta(days=last), today=today)
    rules.check_range(today - timedelta(days=2), today, today=today)
