"""The rules of bookings besides the life of an appointment, as tables and properties."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.refusal import Refusal
from services.appointments.availability.rules import Actor, AdvisorTime, Claim, Outlook, RoomTime, Slot, Terms
from services.appointments.bookings.rules.assigning import AssignedFor, Candidate, Reason, ranked
from services.appointments.bookings.rules.disruptions import Away, Trouble, shut
from services.appointments.bookings.rules.placing import Place, able, holding, lenient, placed, set_aside, why_not
from services.appointments.bookings.rules.policy import (
    ApprovalFor,
    BookThroughBoutique,
    Consequence,
    Policy,
    TooManyBookings,
    TooManyHolds,
    TooSoonToApprove,
    approve_until,
)
from services.appointments.bookings.rules.proposals import beyond
from services.appointments.directory.rules import Span
from tests.appointments.build import SHANGHAI, at

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))
NOW = at("2030-01-07 09:00")
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
CALM = Policy()

IDS = st.sampled_from([ONE, TWO, THREE, FOUR])


@pytest.mark.parametrize(
    ("free", "reason", "order"),
    [
        ([ONE, TWO], Reason(requested=TWO, own=ONE), [(TWO, AssignedFor.REQUESTED)]),
        ([ONE], Reason(requested=TWO, own=ONE), []),
        ([ONE, TWO], Reason(own=TWO), [(TWO, AssignedFor.OWN_ADVISOR), (ONE, AssignedFor.ROTATION)]),
        ([ONE, TWO], Reason(kept=ONE, own=TWO), [(ONE, AssignedFor.KEPT), (TWO, AssignedFor.OWN_ADVISOR)]),
        ([ONE, TWO], Reason(kept=TWO, own=TWO), [(TWO, AssignedFor.KEPT), (ONE, AssignedFor.ROTATION)]),
        ([ONE, TWO], Reason(own=THREE, deputies=(TWO,)), [(TWO, AssignedFor.DEPUTY), (ONE, AssignedFor.ROTATION)]),
        ([ONE, TWO], Reason(own=TWO, deputies=(TWO,)), [(TWO, AssignedFor.OWN_ADVISOR), (ONE, AssignedFor.ROTATION)]),
        ([ONE], Reason(kept=TWO, own=THREE, deputies=(FOUR,)), [(ONE, AssignedFor.ROTATION)]),
        ([], Reason(), []),
    ],
)
def test_the_requested_advisor_is_asked_else_the_kept_one_else_her_own_else_her_deputy(
    free: list[UUID], reason: Reason, order: list[tuple[UUID, AssignedFor]]
) -> None:
    assert ranked(free, reason, {}) == order


def test_the_turn_goes_by_weight_then_priority_then_who_was_booked_longest_ago() -> None:
    known = {
        ONE: Candidate(weight=1, bookings=2),
        TWO: Candidate(weight=4, bookings=4, booked_at=NOW),
        THREE: Candidate(weight=2, bookings=2, booked_at=NOW - HOUR),
        FOUR: Candidate(weight=1, priority=1, bookings=1, booked_at=NOW),
    }
    assert [one for one, _ in ranked([ONE, TWO, THREE, FOUR], Reason(), known)] == [FOUR, THREE, TWO, ONE]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 60))
def test_over_time_everybody_is_asked_in_proportion_to_her_weight(weights: list[int], rounds: int) -> None:
    people = [UUID(int=number) for number in range(1, len(weights) + 1)]
    counts: Counter[UUID] = Counter()
    for turn in range(rounds):
        known = {
            one: Candidate(weight=weight, bookings=counts[one], booked_at=NOW + turn * MINUTE if counts[one] else None)
            for one, weight in zip(people, weights, strict=True)
        }
        counts[ranked(people, Reason(), known)[0][0]] += 1
    shares = [counts[one] / weight for one, weight in zip(people, weights, strict=True)]
    # Nobody is ahead of anybody by more than one visit of hers.
    assert max(shares) - min(shares) <= 1


def test_who_has_just_joined_begins_level_and_is_not_flooded() -> None:
    others = {ONE: Candidate(bookings=20), TWO: Candidate(bookings=20)}
    flooded = Candidate(bookings=0)
    level = Candidate(bookings=0, missed=40, met=2)
    assert ranked([ONE, TWO, THREE], Reason(), {**others, THREE: flooded})[0][0] == THREE
    asked: list[UUID] = []
    counts = {ONE: 20, TWO: 20, THREE: 0}
    for _ in range(6):
        known = {
            ONE: Candidate(bookings=counts[ONE]),
            TWO: Candidate(bookings=counts[TWO]),
            THREE: Candidate(bookings=counts[THREE], missed=level.missed, met=level.met),
        }
        asked.append(ranked([ONE, TWO, THREE], Reason(), known)[0][0])
        counts[asked[-1]] += 1
    assert Counter(asked) == {ONE: 2, TWO: 2, THREE: 2}


@given(st.lists(IDS, unique=True), IDS | st.none(), IDS | st.none(), st.lists(IDS, unique=True))
def test_everybody_who_is_free_is_asked_once_and_nobody_else(
    free: list[UUID], kept: UUID | None, own: UUID | None, deputies: list[UUID]
) -> None:
    order = ranked(free, Reason(kept=kept, own=own, deputies=deputies), {})
    assert sorted(one for one, _ in order) == sorted(free)


@pytest.mark.parametrize(
    ("holds", "visits", "no_shows", "refusal"),
    [
        (2, 7, 0, None),
        (3, 0, 0, TooManyHolds),
        (2, 8, 0, TooManyBookings),
        (0, 10, 0, TooManyBookings),
        (0, 0, 3, None),
    ],
)
def test_a_client_books_so_much_and_the_house_what_it_likes(
    holds: int, visits: int, no_shows: int, refusal: type[Refusal] | None
) -> None:
    CALM.judge(actor=Actor.HOUSE, holds=holds, open_visits=visits, no_shows=no_shows)
    if refusal is None:
        CALM.judge(actor=Actor.CLIENT, holds=holds, open_visits=visits, no_shows=no_shows)
    else:
        with pytest.raises(refusal):
            CALM.judge(actor=Actor.CLIENT, holds=holds, open_visits=visits, no_shows=no_shows)


def test_who_did_not_come_books_through_the_boutique_where_the_brand_says_so() -> None:
    stern = Policy(no_show_consequence=Consequence.BOUTIQUE)
    stern.judge(actor=Actor.CLIENT, holds=0, open_visits=0, no_shows=2)
    with pytest.raises(BookThroughBoutique):
        stern.judge(actor=Actor.CLIENT, holds=0, open_visits=0, no_shows=3)


@pytest.mark.parametrize(
    ("policy", "by_experience", "actor", "no_shows", "because"),
    [
        (CALM, True, Actor.HOUSE, 0, ApprovalFor.EXPERIENCE),
        (CALM, False, Actor.CLIENT, 2, None),
        (CALM, False, Actor.CLIENT, 3, ApprovalFor.NO_SHOWS),
        (CALM, False, Actor.HOUSE, 3, None),
        (Policy(no_show_consequence=Consequence.NONE), False, Actor.CLIENT, 9, None),
    ],
)
def test_what_has_to_be_approved(
    policy: Policy, actor: Actor, no_shows: int, because: ApprovalFor | None, *, by_experience: bool
) -> None:
    assert policy.needs_approval(by_experience=by_experience, actor=actor, no_shows=no_shows) is because


def test_an_approval_is_due_in_the_experiences_time_or_two_hours_before_the_start() -> None:
    assert approve_until(DAY, now=NOW, starts_at=NOW + 7 * DAY) == NOW + DAY
    assert approve_until(DAY, now=NOW, starts_at=NOW + 5 * HOUR) == NOW + 3 * HOUR
    assert approve_until(None, now=NOW, starts_at=NOW + 5 * DAY) == NOW + 5 * DAY - 2 * HOUR
    with pytest.raises(TooSoonToApprove):
        approve_until(DAY, now=NOW, starts_at=NOW + 2 * HOUR)


def test_a_proposal_stands_no_longer_than_both_times_are_to_come() -> None:
    assert CALM.answer_until(now=NOW, starts_at=NOW + 5 * DAY, visit_at=NOW + 4 * DAY) == NOW + DAY
    assert CALM.answer_until(now=NOW, starts_at=NOW + 5 * HOUR, visit_at=NOW + 4 * DAY) == NOW + 5 * HOUR
    assert CALM.answer_until(now=NOW, starts_at=NOW + 5 * DAY, visit_at=NOW + HOUR) == NOW + HOUR
    # She is late: what is proposed now is not over at once.
    for late in (NOW, NOW - HOUR):
        assert CALM.answer_until(now=NOW, starts_at=NOW + HOUR, visit_at=late) == NOW + HOUR


SPANS = st.builds(
    lambda start, length: Span(NOW + start * MINUTE, NOW + (start + length) * MINUTE),
    st.integers(0, 20),
    st.integers(1, 10),
)


@given(SPANS, st.lists(SPANS, max_size=3))
def test_what_a_proposal_takes_and_what_its_visit_has_are_all_it_needs_and_never_the_same(
    wanted: Span, own: list[Span]
) -> None:
    def minutes(span: Span) -> set[int]:
        return {int((span.starts_at - NOW) / MINUTE) + i for i in range(int((span.ends_at - span.starts_at) / MINUTE))}

    taken = [claim.during for claim in beyond([Claim(ONE, wanted)], {ONE: own, TWO: [wanted]})]
    covered = [minute for span in taken for minute in minutes(span)]
    had = set().union(*(minutes(span) for span in own)) if own else set()
    assert sorted(covered) == sorted(minutes(wanted) - had)
    assert beyond([Claim(ONE, wanted)], {}) == [Claim(ONE, wanted)]


START = at("2030-01-08 11:00")
VISIT = Span(START, START + HOUR)
TERMS = Terms(HOUR, timedelta(0), 15 * MINUTE, 30 * MINUTE, 2 * HOUR, 60 * DAY, needs_room=True, skill=None)
OPEN = Span(at("2030-01-08 10:00"), at("2030-01-08 20:00"))


def outlook(*advisors: AdvisorTime, rooms: tuple[RoomTime, ...] = (RoomTime(FOUR, 2, ()),)) -> Outlook:
    return Outlook(SHANGHAI, TERMS, (OPEN,), advisors, rooms, (), None, seconds=advisors)


def test_two_receive_her_where_two_are_needed_and_never_the_same_one_twice() -> None:
    slot = Slot(START, START + HOUR, (ONE, TWO), (FOUR,), (ONE, TWO))
    asked = [(ONE, AssignedFor.OWN_ADVISOR), (TWO, AssignedFor.ROTATION)]

    def chosen(seconds: list[UUID], *, needs_second: bool, rooms: list[UUID] | None = None) -> Place | None:
        return placed(
            slot,
            asked,
            seconds=seconds,
            rooms=[FOUR] if rooms is None else rooms,
            needs_second=needs_second,
            needs_room=rooms is None,
        )

    assert chosen([], needs_second=False) == Place(ONE, FOUR, AssignedFor.OWN_ADVISOR)
    assert chosen([ONE, TWO], needs_second=True) == Place(ONE, FOUR, AssignedFor.OWN_ADVISOR, TWO)
    assert chosen([ONE], needs_second=True) == Place(TWO, FOUR, AssignedFor.ROTATION, ONE)
    assert chosen([THREE], needs_second=True) is None
    assert chosen([], needs_second=False, rooms=[]) == Place(ONE, None, AssignedFor.OWN_ADVISOR)
    no_room = placed(slot, asked, seconds=[], rooms=[THREE], needs_second=False, needs_room=True)
    assert no_room is None


def test_a_manager_sets_aside_shift_party_and_horizon_and_it_is_written_down_which() -> None:
    working, off = AdvisorTime(ONE, (OPEN,), ()), AdvisorTime(TWO, (), ())
    strict = outlook(working, off)
    by_rules = Place(ONE, FOUR, AssignedFor.ROTATION)
    assert set_aside(strict, by_rules, START, now=NOW) == ()
    assert set_aside(strict, Place(TWO, THREE, AssignedFor.REQUESTED), START, now=START - 61 * DAY) == (
        "beyond-horizon",
        "outside-shift",
        "no-room-for-party",
    )
    assert set_aside(strict, Place(ONE, None, AssignedFor.ROTATION, TWO), START, now=NOW) == ("outside-shift",)
    loose = lenient(strict)
    assert [one.shifts for one in (*loose.advisors, *loose.seconds)] == [(OPEN,)] * 4
    assert loose.terms.notice == timedelta(0)
    assert holding([RoomTime(ONE, 2, ()), RoomTime(TWO, 4, ())], 3) == (RoomTime(TWO, 4, ()),)


@pytest.mark.parametrize(
    ("advisor", "why"),
    [
        (AdvisorTime(ONE, (OPEN,), ()), None),
        (AdvisorTime(TWO, (OPEN,), ()), "not-there"),
        (AdvisorTime(ONE, (), ()), "off-shift"),
        (AdvisorTime(ONE, (OPEN,), (VISIT,)), "taken"),
        # Her next visit begins when this one ends, and leaves no time to put things in order.
        (AdvisorTime(ONE, (OPEN,), (Span(START + HOUR, START + 2 * HOUR),)), "taken"),
    ],
)
def test_why_an_advisor_cannot_take_a_visit_over(advisor: AdvisorTime, why: str | None) -> None:
    assert why_not(outlook(advisor), ONE, VISIT) == why


def test_a_boutique_that_is_closed_takes_everybody_away_and_an_ill_advisor_herself() -> None:
    assert Trouble(FOUR, ONE, VISIT, "sick").away == Away(VISIT, frozenset({ONE}))
    assert Trouble(FOUR, None, VISIT, "emergency").away == Away(VISIT, None)


@pytest.mark.parametrize(("away", "left"), [(frozenset({ONE}), [TWO]), (None, [])])
def test_who_is_away_is_not_asked(away: frozenset[UUID] | None, left: list[UUID]) -> None:
    both = outlook(AdvisorTime(ONE, (OPEN,), ()), AdvisorTime(TWO, (OPEN,), ()))
    seen = shut(both, Away(VISIT, away))
    look: Callable[[Outlook], list[UUID]] = lambda one: able(one.advisors, VISIT, one.terms)  # noqa: E731
    assert look(seen) == left
    assert able(seen.seconds, VISIT, seen.terms) == left
    assert look(shut(both, Away(Span(START + 3 * HOUR, START + 4 * HOUR), away))) == [ONE, TWO]
