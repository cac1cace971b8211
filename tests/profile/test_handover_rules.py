"""Where clients go, what a handover's life is, what WeCom's answers mean, and what a draft says."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.books.rules import drafts, transfers
from services.profile.books.rules.drafts import Kind, Known
from services.profile.books.rules.handovers import (
    NEXT,
    AdvisorAway,
    AdvisorGone,
    HandoverStepNotPossible,
    HandoverToOneself,
    Status,
    Step,
    check_taker,
    step,
)
from services.profile.books.rules.placing import Advisor, Match, Reason, Subject, place
from services.profile.books.rules.policy import BookFull, LimitsOutOfOrder, Load, Policy
from services.profile.books.rules.transfers import Wecom
from services.profile.clients.models import workdays

HERE, THERE = UUID(int=0xB1), UUID(int=0xB2)
ADA, BO, CAI = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)
TODAY = date(2026, 9, 1)


def advisor(advisor_id: UUID = ADA, boutique_id: UUID = HERE, **known: object) -> Advisor:
    return Advisor(advisor_id, boutique_id, **known)  # type: ignore[arg-type]


def subject(
    number: int = 1, *, boutique_id: UUID = HERE, language: str = "zh", buys: str = "", counted: bool = False
) -> Subject:
    return Subject(UUID(int=number), boutique_id, language, frozenset(buys.split()), counted)


def test_what_stands_first_in_the_rule_weighs_most() -> None:
    speaks = advisor(ADA, languages=frozenset({"en"}))
    knows = advisor(BO, languages=frozenset({"zh"}), skills=frozenset({"watches"}))
    her = subject(language="en-GB", buys="watches")
    [by_language] = place([her], [speaks, knows], {}, Policy(), [Match.LANGUAGE, Match.CATEGORY])
    [by_category] = place([her], [speaks, knows], {}, Policy(), [Match.CATEGORY, Match.LANGUAGE])
    assert (by_language.advisor_id, by_language.reasons) == (ADA, (Reason.LANGUAGE, Reason.LOAD))
    assert (by_category.advisor_id, by_category.reasons) == (BO, (Reason.CATEGORY, Reason.LOAD))


def test_her_own_store_goes_before_another_where_the_rule_says_so() -> None:
    [placed] = place([subject(boutique_id=THERE)], [advisor(ADA), advisor(BO, THERE)], {}, Policy(), [Match.STORE])
    assert (placed.advisor_id, placed.boutique_id, placed.reasons[0]) == (BO, THERE, Reason.STORE)


def test_a_full_book_takes_nobody_who_counts_and_everybody_else() -> None:
    loads = {ADA: Load(60, 50)}
    counted, other = place([subject(1, counted=True), subject(2)], [advisor()], loads, Policy(), [])
    assert (counted.advisor_id, counted.reasons) == (None, (Reason.NO_ROOM,))
    assert (other.advisor_id, other.reasons) == (ADA, (Reason.LOAD,))
    [nobody] = place([subject()], [], {}, Policy(), [])
    assert nobody.reasons == (Reason.NOBODY,)


subjects = st.lists(
    st.builds(
        Subject,
        st.uuids(),
        st.sampled_from([HERE, THERE]),
        st.sampled_from(["zh", "en", "zh-Hant"]),
        st.frozensets(st.sampled_from(["watches", "bags"])),
        st.booleans(),
    ),
    unique_by=lambda one: one.client_id,
    max_size=60,
)


@given(subjects, st.integers(1, 12), st.lists(st.sampled_from(Match), max_size=3, unique=True), st.randoms())
def test_everybody_is_placed_once_whatever_the_order_and_no_book_outgrows_its_limit(
    several: list[Subject], hard: int, match: list[Match], chance: object
) -> None:
    candidates = [
        advisor(ADA, languages=frozenset({"zh"})),
        advisor(BO, THERE),
        advisor(CAI, skills=frozenset({"bags"})),
    ]
    placed = place(several, candidates, {}, Policy(soft=1, hard=hard), match)
    shuffled = list(several)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert place(shuffled, candidates[::-1], {}, Policy(soft=1, hard=hard), match) == placed
    assert sorted(one.client_id for one in placed) == sorted(one.client_id for one in several)
    books = Counter(one.advisor_id for one in placed if one.is_counted and one.advisor_id)
    assert max(books.values(), default=0) <= hard
    unplaced = sum(one.advisor_id is None for one in placed)
    assert unplaced == max(0, sum(one.is_counted for one in several) - 3 * hard)


@given(subjects)
def test_by_load_alone_books_differ_by_one_client_at_most(several: list[Subject]) -> None:
    counted = [one for one in several if one.is_counted]
    placed = place(counted, [advisor(ADA), advisor(BO), advisor(CAI)], {}, Policy(), [])
    books = Counter(dict.fromkeys((ADA, BO, CAI), 0)) + Counter(one.advisor_id for one in placed)
    sizes = [books.get(one, 0) for one in (ADA, BO, CAI)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("wanted", Step)
def test_every_step_that_is_not_drawn_is_refused(status: Status, wanted: Step) -> None:
    if (status, wanted) in NEXT:
        assert step(status, wanted) is NEXT[status, wanted]
    else:
        with pytest.raises(HandoverStepNotPossible):
            step(status, wanted)


@pytest.mark.parametrize(
    ("taker", "refusal"),
    [
        (advisor(BO), HandoverToOneself),
        (advisor(has_left=True), AdvisorGone),
        (advisor(absent_from_on=TODAY, absent_until_on=TODAY), AdvisorAway),
        (advisor(absent_from_on=TODAY - timedelta(days=1)), AdvisorAway),
    ],
)
def test_nobody_takes_over_from_herself_away_or_gone(taker: Advisor, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_taker(taker, BO, today=TODAY)


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"absent_from_on": TODAY + timedelta(days=1)},
        {"absent_from_on": TODAY - timedelta(days=9), "absent_until_on": TODAY - timedelta(days=1)},
    ],
)
def test_an_absence_that_is_over_or_to_come_keeps_nobody_from_it(known: dict[str, Any]) -> None:
    check_taker(advisor(**known), BO, today=TODAY)


def test_limits_stand_in_order_and_hold() -> None:
    with pytest.raises(LimitsOutOfOrder):
        Policy(soft=51).check()
    Policy(soft=50).check()
    Policy().check_room(50)
    with pytest.raises(BookFull):
        Policy().check_room(51)


@pytest.mark.parametrize(
    ("errcode", "tries", "is_resigned", "state", "other_way"),
    [
        (0, 0, False, Wecom.WAITING, None),
        (40100, 0, False, Wecom.WAITING, None),
        (40129, 5, True, Wecom.WAITING, None),
        (40099, 0, False, Wecom.QUEUED, None),
        (40099, transfers.MOST_TRIES - 1, False, Wecom.LIMIT_REACHED, None),
        (40097, 0, True, Wecom.QUEUED, False),
        (60111, 0, False, Wecom.QUEUED, True),
        (40097, 0, False, Wecom.FAILED, None),
        (60111, 0, True, Wecom.FAILED, None),
        (40128, 0, False, Wecom.FAILED, None),
        (60111, transfers.MOST_TRIES, False, Wecom.FAILED, None),
        # The application is not let in: nobody's contact is at fault.
        (60020, 0, False, Wecom.QUEUED, None),
        (40001, 5, True, Wecom.QUEUED, None),
        (60020, transfers.MOST_TRIES - 1, False, Wecom.FAILED, None),
    ],
)
def test_what_a_code_means(
    errcode: int, tries: int, state: Wecom, *, is_resigned: bool, other_way: bool | None
) -> None:
    found = transfers.submitted(errcode, tries, is_resigned=is_resigned)
    assert (found.state, found.is_resigned) == (state, other_way)
    assert (found.wait is not None) is (state in transfers.UNDER_WAY)


@pytest.mark.parametrize(
    ("status", "tries", "state"),
    [
        (1, 0, Wecom.DONE),
        (2, 0, Wecom.WAITING),
        (3, 0, Wecom.REFUSED),
        (4, 0, Wecom.QUEUED),
        (4, transfers.MOST_TRIES, Wecom.LIMIT_REACHED),
        (5, 0, None),
    ],
)
def test_what_a_status_means(status: int, tries: int, state: Wecom | None) -> None:
    found = transfers.reported(status, tries)
    assert (found.state if found else None) is state


@pytest.mark.parametrize("kind", Kind)
def test_a_draft_speaks_her_language_and_says_only_what_she_knows(kind: Kind) -> None:
    bought = Known("李女士", "zh-Hans", date(2026, 3, 8))
    assert "李女士" in drafts.write(kind, bought)
    assert "2026年3月" in drafts.write(kind, bought)
    newcomer = drafts.write(kind, Known("Ms Li", "fr", None))
    assert newcomer.startswith("Dear Ms Li")
    assert "{" not in newcomer
    assert "March 2026" in drafts.write(kind, Known("Ms Li", "en", date(2026, 3, 8)))


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (date(2026, 9, 1), 3, date(2026, 9, 4)),
        (date(2026, 9, 4), 1, date(2026, 9, 7)),
        (date(2026, 9, 19), 0, date(2026, 9, 20)),  # a Sunday on which people work for the holiday
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # the national days
        (date(2031, 1, 4), 0, date(2031, 1, 6)),  # not arranged yet: Monday to Friday
    ],
)
def test_working_days_are_those_that_are_arranged(day: date, count: int, found: date) -> None:
    assert workdays.after(day, count) == found
