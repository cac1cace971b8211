"""What decides about occasions, without any I/O."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.occasions.rules import fatigue, life, passes, seats, words
from services.appointments.occasions.rules.fatigue import Answer, FatiguePolicy, Past, Rule
from services.appointments.occasions.rules.life import NEXT, OccasionKind, Segment, Standing, Status, Step
from services.appointments.occasions.rules.passes import Pass, PassNotValid
from services.appointments.occasions.rules.seats import Reserve, Seating

NOW = datetime(2030, 1, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ID = UUID(int=7)


@pytest.mark.parametrize(("status", "step"), [pair for pair in product(Status, Step) if pair not in NEXT])
def test_every_pair_that_is_not_drawn_is_refused(status: Status, step: Step) -> None:
    with pytest.raises(life.InvitationStepNotPossible):
        life.step(status, step)


def test_seats_are_held_by_nobody_who_only_was_invited() -> None:
    taking = {after for (_, step), after in NEXT.items() if step in {Step.ACCEPT, Step.OFFER}}
    assert taking == {Status.ACCEPTED, Status.OFFERED}
    assert life.step(Status.DUE, Step.SEND) is Status.INVITED


def test_guests_reply_while_it_is_open_and_the_house_a_little_longer() -> None:
    by = {"reply_by_at": NOW, "now": NOW}
    for standing in (Standing.DRAFT, Standing.CANCELLED):
        with pytest.raises(life.OccasionNotOpen):
            life.judge_reply(standing=standing, by_client=False, **by)
    with pytest.raises(life.ReplyTooLate):
        life.judge_reply(standing=Standing.PUBLISHED, by_client=True, **by)
    life.judge_reply(standing=Standing.PUBLISHED, by_client=False, **by)
    life.judge_reply(standing=Standing.PUBLISHED, by_client=True, reply_by_at=None, now=NOW)
    session = {"starts_at": NOW, "ends_at": NOW + DAY}
    life.judge_session(**session, now=NOW, by_client=False)
    for now, by_client in ((NOW, True), (NOW + DAY, False)):
        with pytest.raises(life.ReplyTooLate):
            life.judge_session(**session, now=now, by_client=by_client)
    life.judge_session(**session, now=NOW - DAY, by_client=True)


def test_an_offer_ends_on_the_instant_and_companions_are_bounded() -> None:
    life.judge_offer(expires_at=NOW, now=NOW - timedelta(microseconds=1))
    with pytest.raises(life.SeatOfferExpired):
        life.judge_offer(expires_at=NOW, now=NOW)
    life.judge_plus_ones(2, 2)
    with pytest.raises(life.TooManyPlusOnes):
        life.judge_plus_ones(3, 2)


@pytest.mark.parametrize(
    ("segment", "others", "opens_at"),
    [
        (Segment.VIC, None, NOW + DAY),
        (Segment.CORE, None, NOW),
        (Segment.CORE, NOW + 2 * DAY, NOW + 2 * DAY),
        (None, NOW - DAY, NOW),
    ],
)
def test_her_segments_window_opens_hers(segment: Segment | None, others: datetime | None, opens_at: datetime) -> None:
    assert life.opening(segment, {Segment.VIC: NOW + DAY}, others=others, now=NOW) == opens_at


def test_tries_become_rarer() -> None:
    assert [life.wait_after(one).total_seconds() for one in (1, 2, 5, 9, 10, 100)] == [1, 2, 16, 256, 300, 300]


amounts = st.integers(0, 30)


@given(
    total=st.integers(1, 30),
    kept=st.dictionaries(st.sampled_from(Segment), amounts, max_size=3),
    guests=st.lists(st.tuples(st.sampled_from([*Segment, None]), st.integers(1, 4)), max_size=60),
    hold=st.booleans(),
)
def test_no_order_of_guests_takes_a_seat_too_many_or_one_that_is_kept(
    total: int, kept: dict[Segment, int], guests: list[tuple[Segment | None, int]], *, hold: bool
) -> None:
    if sum(kept.values()) > total:
        with pytest.raises(seats.MoreReservedThanSeats):
            seats.check_reserves(total, kept.values())
        return
    seats.check_reserves(total, kept.values())
    taken: dict[Segment | None, int] = {}
    for segment, party in guests:
        reserves = {one: Reserve(number, taken.get(one, 0)) for one, number in kept.items()}
        seating = Seating(total, sum(taken.values()), reserves, hold)
        try:
            seating.judge(segment, party)
        except seats.SessionFull:
            continue
        taken[segment] = taken.get(segment, 0) + party
    assert sum(taken.values()) <= total
    if hold:
        # Whoever has seats reserved could still come: nobody else took them.
        unfilled = sum(max(0, number - taken.get(one, 0)) for one, number in kept.items())
        assert sum(taken.values()) + unfilled <= total


def test_an_occasion_has_so_many_sessions_and_no_more() -> None:
    seats.judge_sessions(seats.MOST_SESSIONS - 1)
    with pytest.raises(seats.TooManySessions):
        seats.judge_sessions(seats.MOST_SESSIONS)


def test_reserves_hold_until_their_day_and_for_good_without_one() -> None:
    assert seats.reserves_hold(None, now=NOW)
    assert seats.reserves_hold(NOW + DAY, now=NOW)
    assert not seats.reserves_hold(NOW, now=NOW)


def test_without_an_order_everybody_who_waits_is_alike() -> None:
    assert {seats.rank(one, ()) for one in (*Segment, None)} == {0}
    order = (Segment.VIC, Segment.CORE)
    assert [seats.rank(one, order) for one in (Segment.VIC, Segment.CORE, Segment.NEWCOMER, None)] == [0, 1, 2, 2]


def past(kind: OccasionKind, days: int, answer: Answer = Answer.NONE) -> Past:
    at = NOW - days * DAY
    return Past(kind, at, answer, at if answer is not Answer.NONE else None)


LAUNCH, WORKSHOP = OccasionKind.LAUNCH, OccasionKind.WORKSHOP


@pytest.mark.parametrize(
    ("before", "segment", "rule"),
    [
        ([], Segment.VIC, None),
        ([past(WORKSHOP, 1)], Segment.VIC, None),
        ([past(LAUNCH, 40)], Segment.VIC, Rule.SAME_KIND),
        ([past(LAUNCH, 40), past(WORKSHOP, 35)], Segment.VIC, None),
        # Nor before one that is planned.
        ([past(LAUNCH, -2)], Segment.CORE, Rule.SAME_KIND),
        ([past(LAUNCH, -9), past(WORKSHOP, -2)], Segment.CORE, None),
        ([past(WORKSHOP, days) for days in (1, 2, 29)], Segment.CORE, Rule.TOO_MANY),
        ([past(WORKSHOP, days) for days in (1, 2, 30)], Segment.CORE, None),
        # What is planned counts too.
        ([past(WORKSHOP, -days) for days in (1, 2, 3)], Segment.CORE, Rule.TOO_MANY),
        ([past(LAUNCH, 90, Answer.NO), past(LAUNCH, 80, Answer.NO), past(WORKSHOP, 50)], Segment.VIC, Rule.DECLINED),
        ([past(LAUNCH, 90, Answer.NO), past(LAUNCH, 80, Answer.NO), past(WORKSHOP, 50)], Segment.CORE, None),
        ([past(LAUNCH, 90, Answer.NO), past(LAUNCH, 85, Answer.YES), past(WORKSHOP, 50)], Segment.VIC, None),
        (
            [
                past(LAUNCH, 90, Answer.NO),
                past(LAUNCH, 85, Answer.YES),
                past(LAUNCH, 84, Answer.NO),
                past(WORKSHOP, 50),
            ],
            Segment.VIC,
            None,
        ),
        ([past(LAUNCH, 190, Answer.NO), past(LAUNCH, 180, Answer.NO), past(WORKSHOP, 50)], Segment.VIC, None),
    ],
)
def test_fatigue_names_its_rule(before: list[Past], segment: Segment, rule: Rule | None) -> None:
    assert FatiguePolicy().judge(before, kind=LAUNCH, segment=segment, at=NOW) is rule


def test_a_brand_may_repeat_a_kind() -> None:
    assert FatiguePolicy(alternates=False).judge([past(LAUNCH, 2)], kind=LAUNCH, segment=None, at=NOW) is None
    assert fatigue.Rule.NOT_FOUND.value == "not-found"


@given(st.uuids(), st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_a_pass_reads_as_it_was_written(invitation_id: UUID, number: int, seal: bytes) -> None:
    shown = Pass(invitation_id, number, seal)
    assert passes.read(shown.written()) == shown


@given(st.text(max_size=60))
def test_what_is_no_pass_is_refused(text: str) -> None:
    try:
        assert len(passes.read(text).seal) == 16
    except PassNotValid:
        return


def test_a_seal_is_of_one_brand_one_guest_and_one_number() -> None:
    assert len({passes.signed(*one) for one in product(("a", "b"), (ID, UUID(int=8)), (1, 2))}) == 8


def test_words_fit_into_wechats_templates() -> None:
    assert words.cut("短") == "短"
    assert len(words.cut("很" * 40)) == words.THING
    assert words.spelled(NOW, ZoneInfo("Asia/Shanghai")) == "2030年1月7日 09:00"
    assert words.until(None) is None
    assert words.until(NOW, None, NOW - DAY) == NOW - DAY
    assert words.offer_until(NOW, 60, NOW + DAY) == NOW + timedelta(hours=1)
    assert words.offer_until(NOW, 60, NOW) == NOW
    said = {"occasion": "发布", "experience": "预约", "date": "今天", "place": "恒隆", "until": "明天"}
    assert all("{" not in words.sentence(one, **said) for one in words.PURPOSES)
