"""What is told when, without I/O."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.reminders import rules
from services.appointments.reminders.rules import OF_ITS_TIME, STANDS, Kind, LeadsUnfit

START = datetime(2030, 1, 8, 3, tzinfo=UTC)
STATUSES = ("held", "pending", "confirmed", "checked-in", "completed", "cancelled", "refused", "no-show", "expired")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("status", STATUSES)
def test_a_notice_is_true_in_the_states_that_are_drawn_and_in_no_other(kind: Kind, status: str) -> None:
    is_drawn = status in STANDS[kind]
    assert rules.stands(kind, about=START, status=status, starts_at=START) is is_drawn
    other = START + timedelta(minutes=1)
    assert rules.stands(kind, about=START, status=status, starts_at=other) is (is_drawn and kind not in OF_ITS_TIME)


def test_only_an_agreed_visit_reminds() -> None:
    assert STANDS[Kind.REMINDER] == {"confirmed"}
    assert Kind.REMINDER in OF_ITS_TIME


@pytest.mark.parametrize(
    ("before", "told_before", "lead"),
    [
        (24 * 60 + 1, 5000, None),
        (24 * 60, 5000, 1440),
        (121, 5000, 1440),
        (120, 5000, 120),
        (1, 5000, 120),
        (0, 5000, None),
        (-5, 5000, None),
        (100, 1000, 120),  # booked for tomorrow: the day's reminder had come before she booked
        (1000, 1100, None),
        (100, 110, None),  # booked for at once
        (120, 120, None),
    ],
)
def test_which_reminder_is_due(before: int, told_before: int, lead: int | None) -> None:
    now, told = (START - timedelta(minutes=one) for one in (before, told_before))
    assert rules.due_lead(rules.LEADS, starts_at=START, told_at=told, now=now) == lead


def test_a_brand_that_sets_none_reminds_nobody() -> None:
    assert (
        rules.due_lead([], starts_at=START, told_at=START - timedelta(days=9), now=START - timedelta(hours=1)) is None
    )


@given(
    st.lists(st.integers(15, 20160), unique=True, min_size=1, max_size=4),
    st.integers(1, 30000),
    st.integers(0, 60000),
)
def test_a_due_reminder_has_come_and_was_not_known_of(leads: list[int], before: int, told_before: int) -> None:
    now, told = (START - timedelta(minutes=one) for one in (before, told_before))
    lead = rules.due_lead(leads, starts_at=START, told_at=told, now=now)
    if lead is not None:
        assert lead in leads
        assert told < START - timedelta(minutes=lead) <= now < START
        assert not [one for one in leads if before <= one < lead]


@pytest.mark.parametrize("leads", [[], [15], [20160], [120, 1440], [15, 16, 17, 18]])
def test_leads_that_fit_come_the_longest_first(leads: list[int]) -> None:
    assert rules.check_leads(leads) == sorted(leads, reverse=True)


@pytest.mark.parametrize("leads", [[14], [20161], [60, 60], [15, 16, 17, 18, 19], [0]])
def test_leads_that_do_not_fit_are_refused(leads: list[int]) -> None:
    with pytest.raises(LeadsUnfit):
        rules.check_leads(leads)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("is_video", [True, False])
def test_every_sentence_fits_wechats_field(kind: Kind, is_video: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    assert 0 < len(rules.sentence(kind, is_video=is_video)) <= rules.THING


@given(st.text(min_size=1, max_size=60))
def test_a_name_is_cut_where_the_field_ends(name: str) -> None:
    cut = rules.clipped(name)
    assert len(cut) <= rules.THING
    assert cut == name or (cut.endswith("…") and name.startswith(cut[:-1]))


def test_times_are_spelled_as_wechat_wants_them() -> None:
    local = datetime(2030, 1, 8, 9, 5)  # noqa: DTZ001 - a wall clock has no zone
    assert (rules.spelled(local), rules.spelled_en(local)) == ("2030年1月8日 09:05", "8 Jan. 2030, 09:05")
