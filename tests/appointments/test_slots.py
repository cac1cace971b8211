"""Free times: the fast arithmetic against the plain definition."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.refusal import Refusal
from services.appointments.availability.rules import (
    Actor,
    AdvisorTime,
    Lack,
    Outlook,
    RoomTime,
    Slot,
    Terms,
    alternatives,
    on_grid,
    only,
    slots,
)
from services.appointments.availability.rules.judging import (
    AdvisorCannot,
    AdvisorOnLeave,
    BeyondHorizon,
    BookingNoticeTooShort,
    BoutiqueClosed,
    ExperienceInactive,
    LanguageNotOffered,
    ModeNotOffered,
    NobodyOffers,
    NobodySpeaks,
    NoRoomForParty,
    NoRoomOfKind,
    NoSecondAdvisor,
    NotOpenToHer,
    Offer,
    OffGrid,
    OutsideOpeningHours,
    OutsideShift,
    TimePassed,
    judge_time,
)
from services.appointments.directory.rules import Audience, Mode, Span, joined
from tests.appointments.build import SHANGHAI, at

MINUTE = timedelta(minutes=1)
START = at("2030-01-08 00:00")
WINDOW = Span(START, START + timedelta(days=1))
A, B, ROOM = UUID(int=1), UUID(int=2), UUID(int=9)


def span(first: int, length: int) -> Span:
    return Span(START + first * MINUTE, START + (first + length) * MINUTE)


some_spans = st.lists(st.builds(span, st.integers(0, 1400), st.integers(1, 500)), max_size=5).map(tuple)
some_terms = st.builds(
    Terms,
    duration=st.sampled_from([15 * MINUTE, 60 * MINUTE, 95 * MINUTE]),
    before=st.sampled_from([0 * MINUTE, 10 * MINUTE]),
    after=st.sampled_from([0 * MINUTE, 15 * MINUTE, 45 * MINUTE]),
    granularity=st.sampled_from([15 * MINUTE, 30 * MINUTE, 60 * MINUTE]),
    notice=st.just(0 * MINUTE),
    horizon=st.just(timedelta(days=60)),
    needs_room=st.booleans(),
    skill=st.none(),
)


def plainly_free(outlook: Outlook, start: datetime) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """The definition, one start at a time."""
    visit, upkeep = outlook.terms.visit(start), outlook.terms.upkeep(start)
    if not on_grid(start, outlook.zone, outlook.terms.granularity):
        return (), ()
    if not any(one.contains(visit) for one in outlook.opening) or any(
        one.overlaps(visit) for one in outlook.client_busy
    ):
        return (), ()
    advisors = tuple(
        one.advisor_id
        for one in outlook.advisors
        if any(shift.contains(visit) for shift in one.shifts) and not any(busy.overlaps(upkeep) for busy in one.busy)
    )
    rooms = tuple(one.room_id for one in outlook.rooms if not any(busy.overlaps(upkeep) for busy in one.busy))
    return advisors, rooms if outlook.terms.needs_room else ()


@given(some_terms, some_spans, st.tuples(some_spans, some_spans, some_spans, some_spans), some_spans, some_spans)
def test_a_slot_is_free_exactly_when_nobody_needed_is_taken_or_off(
    terms: Terms,
    opening: tuple[Span, ...],
    advisors: tuple[tuple[Span, ...], ...],
    room: tuple[Span, ...],
    client: tuple[Span, ...],
) -> None:
    shifts_a, busy_a, shifts_b, busy_b = advisors
    outlook = Outlook(
        zone=SHANGHAI,
        terms=terms,
        # As the query gives them: joined.
        opening=tuple(joined(opening)),
        advisors=(
            AdvisorTime(A, tuple(joined(shifts_a)), busy_a),
            AdvisorTime(B, tuple(joined(shifts_b)), busy_b),
        ),
        rooms=(RoomTime(ROOM, 4, room),),
        client_busy=client,
        own_advisor_id=None,
    )
    expected = []
    for minute in range(0, 1440, 5):
        start = START + minute * MINUTE
        free_advisors, free_rooms = plainly_free(outlook, start)
        if free_advisors and (free_rooms or not terms.needs_room):
            expected.append(Slot(start, start + terms.duration, free_advisors, free_rooms))
    assert slots(outlook, WINDOW) == expected


TERMS = Terms(
    duration=60 * MINUTE,
    before=0 * MINUTE,
    after=15 * MINUTE,
    granularity=30 * MINUTE,
    notice=120 * MINUTE,
    horizon=timedelta(days=30),
    needs_room=True,
    skill=None,
)
OPEN = Outlook(
    zone=SHANGHAI,
    terms=TERMS,
    opening=(span(600, 600),),
    advisors=(AdvisorTime(A, (span(600, 300),), ()),),
    rooms=(RoomTime(ROOM, 4, ()),),
    client_busy=(),
    own_advisor_id=None,
)


AWAY = replace(OPEN, advisors=(AdvisorTime(A, (span(600, 300),), (span(660, 60),), (span(660, 60),)),))
PAIR = replace(
    OPEN, terms=replace(TERMS, needs_second=True), seconds=(AdvisorTime(B, (span(600, 300),), (span(720, 60),)),)
)


@pytest.mark.parametrize(
    ("outlook", "minute", "now", "actor", "advisor_id", "refusal"),
    [
        (OPEN, 660, START, Actor.CLIENT, None, None),
        (OPEN, 660, START + 661 * MINUTE, Actor.HOUSE, None, TimePassed),
        (OPEN, 660, START + 600 * MINUTE, Actor.CLIENT, None, BookingNoticeTooShort),
        (OPEN, 660, START + 600 * MINUTE, Actor.HOUSE, None, None),
        (OPEN, 660, START - timedelta(days=30), Actor.HOUSE, None, BeyondHorizon),
        (OPEN, 661, START, Actor.CLIENT, None, OffGrid),
        (OPEN, 570, START, Actor.CLIENT, None, OutsideOpeningHours),
        (OPEN, 1170, START, Actor.CLIENT, None, OutsideOpeningHours),
        (OPEN, 660, START, Actor.CLIENT, B, AdvisorCannot),
        (OPEN, 870, START, Actor.CLIENT, None, OutsideShift),
        (OPEN, 870, START, Actor.CLIENT, A, OutsideShift),
        (replace(OPEN, rooms=()), 660, START, Actor.CLIENT, None, NoRoomForParty),
        (replace(OPEN, rooms=(), lacks=frozenset({Lack.ROOM_KIND})), 660, START, Actor.CLIENT, None, NoRoomOfKind),
        (replace(OPEN, advisors=()), 660, START, Actor.CLIENT, None, NobodyOffers),
        (replace(OPEN, advisors=(), lacks=frozenset({Lack.LANGUAGE})), 660, START, Actor.HOUSE, None, NobodySpeaks),
        (replace(OPEN, closures=(span(700, 10),)), 660, START, Actor.HOUSE, None, BoutiqueClosed),
        (replace(OPEN, closures=(span(720, 10),)), 660, START, Actor.HOUSE, None, None),
        (AWAY, 660, START, Actor.CLIENT, None, AdvisorOnLeave),
        (AWAY, 660, START, Actor.CLIENT, A, AdvisorOnLeave),
        (AWAY, 720, START, Actor.CLIENT, A, None),
        (
            replace(AWAY, advisors=(*AWAY.advisors, AdvisorTime(B, (span(600, 300),), ()))),
            660,
            START,
            Actor.CLIENT,
            None,
            None,
        ),
        (PAIR, 660, START, Actor.CLIENT, None, None),
        (replace(PAIR, seconds=()), 660, START, Actor.CLIENT, None, NoSecondAdvisor),
        (replace(PAIR, seconds=OPEN.advisors), 660, START, Actor.CLIENT, A, NoSecondAdvisor),
        (replace(PAIR, seconds=(AdvisorTime(B, (span(600, 60),), ()),)), 660, START, Actor.CLIENT, A, NoSecondAdvisor),
    ],
)
def test_a_time_nobody_could_have_is_refused_by_the_name_of_the_reason(
    *,
    outlook: Outlook,
    minute: int,
    now: datetime,
    actor: Actor,
    advisor_id: UUID | None,
    refusal: type[Refusal] | None,
) -> None:
    starts_at = START + minute * MINUTE
    if refusal is None:
        judge_time(outlook, starts_at, actor=actor, now=now, advisor_id=advisor_id)
    else:
        with pytest.raises(refusal):
            judge_time(outlook, starts_at, actor=actor, now=now, advisor_id=advisor_id)


def test_two_who_receive_her_are_two_and_both_are_free() -> None:
    found = slots(PAIR, WINDOW)
    starts = [(slot.starts_at - START) // MINUTE for slot in found]
    assert starts == [600, 630, 780, 810, 840]  # the second is taken from noon to one, and there is a buffer
    assert {(slot.advisor_ids, slot.second_ids) for slot in found} == {((A,), (B,))}
    alone = replace(PAIR, seconds=OPEN.advisors)
    assert slots(alone, WINDOW) == []
    both = (AdvisorTime(A, (span(600, 300),), ()), AdvisorTime(B, (span(600, 60),), ()))
    found = slots(replace(PAIR, advisors=both, seconds=both), WINDOW)
    assert [(slot.advisor_ids, slot.second_ids) for slot in found] == [((A, B), (A, B))]
    assert slots(only(replace(PAIR, advisors=both, seconds=both), A), WINDOW)[0].second_ids == (A, B)


PLAIN = Offer(active=True, audience=Audience.EVERYONE, segments=(), modes=(Mode.IN_PERSON,), languages=())
FOR_VIC = replace(PLAIN, audience=Audience.SEGMENT, segments=("vic", "core"))
FOR_GUESTS = replace(PLAIN, audience=Audience.INVITATION)


@pytest.mark.parametrize(
    ("offer", "given", "refusal"),
    [
        (PLAIN, {}, None),
        (replace(PLAIN, active=False), {}, ExperienceInactive),
        (replace(PLAIN, active=False), {"actor": Actor.HOUSE}, ExperienceInactive),
        (FOR_VIC, {}, NotOpenToHer),
        (FOR_VIC, {"segment": "potential"}, NotOpenToHer),
        (FOR_VIC, {"segment": "core"}, None),
        (FOR_VIC, {"actor": Actor.HOUSE}, None),
        (FOR_VIC, {"invited": True}, NotOpenToHer),
        (FOR_GUESTS, {"segment": "vic"}, NotOpenToHer),
        (FOR_GUESTS, {"invited": True}, None),
        (PLAIN, {"mode": Mode.IN_PERSON}, None),
        (PLAIN, {"mode": Mode.VIDEO}, ModeNotOffered),
        (PLAIN, {"language": "fr"}, None),
        (replace(PLAIN, languages=("zh", "en")), {"language": "en"}, None),
        (replace(PLAIN, languages=("zh", "en")), {"language": "fr"}, LanguageNotOffered),
    ],
)
def test_what_is_not_offered_to_her_or_in_this_way_is_refused_by_name(
    offer: Offer, given: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    asked = {"actor": Actor.CLIENT, "segment": None, "invited": False, "mode": None, "language": None, **given}
    if refusal is None:
        offer.judge(**asked)
    else:
        with pytest.raises(refusal):
            offer.judge(**asked)


def test_buffers_keep_others_away_but_may_reach_out_of_hours() -> None:
    late = replace(OPEN, advisors=(AdvisorTime(A, (span(600, 600),), ()),))
    assert slots(late, WINDOW)[-1].starts_at == START + 1140 * MINUTE


def test_visits_that_only_touch_do_not_collide() -> None:
    taken = replace(
        OPEN, advisors=(AdvisorTime(A, (span(600, 300),), (span(675, 45),)),), rooms=(RoomTime(ROOM, 1, ()),)
    )
    starts = [(slot.starts_at - START) // MINUTE for slot in slots(taken, WINDOW)]
    assert starts == [600, 720, 750, 780, 810, 840]
    earlier = replace(taken, terms=replace(TERMS, after=0 * MINUTE, duration=30 * MINUTE))
    assert [(slot.starts_at - START) // MINUTE for slot in slots(earlier, WINDOW)][:4] == [600, 630, 720, 750]


def test_asking_for_one_advisor_leaves_out_the_others() -> None:
    assert slots(only(OPEN, B), WINDOW) == []
    assert slots(only(OPEN, A), WINDOW) == slots(OPEN, WINDOW)


def test_alternatives_are_the_nearest_with_the_wanted_advisor_where_she_is_free() -> None:
    def slot(minute: int, *advisor_ids: UUID) -> Slot:
        return Slot(START + minute * MINUTE, START + (minute + 60) * MINUTE, advisor_ids, (ROOM,))

    offers = alternatives(
        [slot(600, A), slot(660, A, B), slot(750, A, B), slot(840, B)], START + 690 * MINUTE, advisor_id=B
    )
    assert [((offer.starts_at - START) // MINUTE, offer.advisor_id) for offer in offers] == [
        (660, B),
        (750, B),
        (600, A),
    ]


def test_zones_with_a_change_at_night_offer_each_shown_hour_once_it_exists() -> None:
    paris = ZoneInfo("Europe/Paris")
    night = Span(at("2026-10-25 00:00", paris), at("2026-10-25 06:00", paris))
    whole = replace(OPEN, zone=paris, opening=(night,), advisors=(AdvisorTime(A, (night,), ()),))
    hourly = replace(whole, terms=replace(TERMS, granularity=60 * MINUTE))
    # From midnight to six there are seven hours that night.
    assert len(slots(hourly, night)) == 7
