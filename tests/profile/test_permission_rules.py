"""May it be sent, by which channel and when: the rules by tables, and that no sequence of events gets around them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.profile.messages.rules import Asked, Channel, Purpose, Reason
from services.profile.messages.rules.decisions import Decision, choose, is_for_a_call, order
from services.profile.messages.rules.permission import MAINLAND, Verdict, verdict
from services.profile.messages.rules.policy import Hours, Policy, ZoneUnknown

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 3, 3, 9, tzinfo=SHANGHAI)
TIGHT = Policy(budget=2, days=7)


def asked(purpose: Purpose = Purpose.SURVEY, channel: Channel = Channel.SUBSCRIBE, **changed: object) -> Asked:
    given = {"consent": True, "credits": 1 if channel is Channel.SUBSCRIBE else None, "policy": TIGHT} | changed
    return Asked(purpose, channel, **given)  # type: ignore[arg-type]


def days(*ago: float) -> tuple[datetime, ...]:
    return tuple(NOON - timedelta(days=one) for one in ago)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (asked(), None),
        (asked(consent=False), Reason.NO_CONSENT),
        (asked(Purpose.MARKETING, consent=False), Reason.NO_CONSENT),
        (asked(Purpose.SERVICE, consent=False), None),
        (asked(declined=True), Reason.CHANNEL_DECLINED),
        (asked(Purpose.SERVICE, declined=True), Reason.CHANNEL_DECLINED),
        (asked(counted=days(1)), None),
        (asked(counted=days(1, 2)), Reason.FATIGUE),
        (asked(counted=days(1, 7)), None),
        (asked(Purpose.SERVICE, counted=days(1, 2, 3)), None),
        (asked(policy=Policy(budget=0)), Reason.FATIGUE),
        (asked(set_up=False), Reason.NOT_SET_UP),
        (asked(ways=0), Reason.NO_CHANNEL),
        (asked(fits=False), Reason.NOTHING_TO_SAY),
        (asked(credits=0), Reason.NO_CREDIT),
        (asked(channel=Channel.EMAIL), None),
        # The first reason in the list of rules is the one said.
        (asked(restricted=True, consent=False), Reason.RESTRICTED),
        (asked(Purpose.SERVICE, restricted=True), Reason.RESTRICTED),
        (asked(consent=False, declined=True, counted=days(1, 2), ways=0, credits=0), Reason.NO_CONSENT),
        (asked(declined=True, counted=days(1, 2), ways=0), Reason.CHANNEL_DECLINED),
        (asked(counted=days(1, 2), ways=0, credits=0), Reason.FATIGUE),
        (asked(ways=0, fits=False, credits=0), Reason.NO_CHANNEL),
    ],
)
def test_the_first_reason_against_a_message_is_the_one_said(message: Asked, reason: Reason | None) -> None:
    assert verdict(message, now=NOON).reason == reason


def test_at_night_a_message_waits_for_the_morning_and_what_expires_before_is_refused() -> None:
    assert verdict(asked(), now=NIGHT) == Verdict(None, due_at=MORNING)
    late = verdict(asked(), now=NIGHT, expires_at=MORNING - timedelta(minutes=1))
    assert late == Verdict(Reason.QUIET_HOURS, opens_at=MORNING)
    assert verdict(asked(), now=NIGHT, expires_at=MORNING + timedelta(minutes=1)).permitted
    assert verdict(asked(Purpose.SERVICE), now=NIGHT) == Verdict(None, due_at=NIGHT)
    assert verdict(asked(), now=NOON, expires_at=NOON).reason == Reason.TOO_LATE


@pytest.mark.parametrize(
    ("hour", "purpose", "waits_until"),
    [
        (21, Purpose.MARKETING, None),
        (22, Purpose.MARKETING, 8),
        (7, Purpose.MARKETING, 8),
        (8, Purpose.MARKETING, None),
        (23, Purpose.SERVICE, None),
        (23, Purpose.SURVEY, None),
    ],
)
def test_marketing_by_sms_keeps_the_carriers_hours_whatever_the_brands(
    hour: int, purpose: Purpose, waits_until: int | None
) -> None:
    sleepless = Policy(quiet_from=time(0), quiet_until=time(0))
    now = NOON.replace(hour=hour)
    found = verdict(asked(purpose, Channel.SMS, policy=sleepless), now=now)
    due_at = found.due_at.astimezone(SHANGHAI) if found.due_at is not None else None
    assert due_at is not None
    assert (due_at.hour if due_at > now else None) == waits_until


def test_hours_on_two_clocks_are_both_waited_for() -> None:
    # 09:00 in Paris is 15:00 or 16:00 in Shanghai: the carriers' hours are open then.
    paris = Policy(zone="Europe/Paris")
    found = verdict(asked(Purpose.MARKETING, Channel.SMS, policy=paris), now=NIGHT)
    assert found.due_at == datetime(2026, 3, 3, 9, tzinfo=ZoneInfo("Europe/Paris"))
    evening = Policy(quiet_from=time(9), quiet_until=time(23))
    found = verdict(asked(Purpose.MARKETING, Channel.SMS, policy=evening), now=NOON)
    assert found.due_at == MORNING.replace(hour=8)
    never = Policy(quiet_from=time(8), quiet_until=time(22))
    assert not verdict(asked(Purpose.MARKETING, Channel.SMS, policy=never), now=NOON).permitted
    assert verdict(asked(Purpose.MARKETING, Channel.EMAIL, policy=never), now=NOON).permitted


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ZoneUnknown):
        Policy(zone="Mars/Base").check()
    Policy(zone="Europe/Paris").check()


@given(
    begins=st.times(),
    ends=st.times(),
    at=st.integers(0, 10 * 366 * 24 * 60).map(lambda minutes: NOON.astimezone(UTC) + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Paris", "America/New_York"]),
)
def test_quiet_hours_end_within_a_day_and_outside_themselves(begins: time, ends: time, at: datetime, zone: str) -> None:
    hours, there = Hours(begins, ends), ZoneInfo(zone)
    left_at = hours.left_at(at, there)
    clock = at.astimezone(there).time()
    inside = begins <= clock < ends if begins < ends else begins != ends and (clock >= begins or clock < ends)
    assert (left_at is not None) == inside
    if left_at is not None:
        # An hour more where the clocks are changed.
        assert timedelta(0) < left_at - at < timedelta(hours=26)


def test_where_the_clock_is_put_back_quiet_hours_end_when_they_are_over() -> None:
    # On 25 October 2026 Paris has a quarter past two twice: at 00:15 and at 01:15 UTC.
    quiet, paris = Hours(time(21), time(2, 30)), ZoneInfo("Europe/Paris")
    for hour in (0, 1):
        at = datetime(2026, 10, 25, hour, 15, tzinfo=UTC)
        assert quiet.left_at(at, paris) == at + timedelta(minutes=15)


@given(
    st.lists(st.floats(0, 20), max_size=8).map(lambda ago: days(*ago)),
    st.integers(1, 4),
    st.integers(1, 10),
)
def test_the_budget_frees_when_the_rules_say_it_does(counted: tuple[datetime, ...], budget: int, within: int) -> None:
    policy = Policy(budget=budget, days=within)
    frees_at = policy.frees_at(counted, NOON)
    inside = [at for at in counted if at > NOON - timedelta(days=within)]
    assert (frees_at is None) == (len(inside) < budget)
    if frees_at is not None:
        assert policy.frees_at(counted, frees_at) is None
        assert policy.frees_at(counted, frees_at - timedelta(microseconds=1)) is not None


NO = {channel: Verdict(Reason.NO_CHANNEL) for channel in Channel}


@pytest.mark.parametrize(
    ("opened", "own_advisor_first", "chosen"),
    [
        ({Channel.SUBSCRIBE, Channel.WECOM}, False, Channel.SUBSCRIBE),
        ({Channel.SUBSCRIBE, Channel.WECOM}, True, Channel.WECOM),
        ({Channel.WECOM, Channel.SMS, Channel.EMAIL}, False, Channel.WECOM),
        ({Channel.SMS, Channel.EMAIL}, True, Channel.SMS),
        ({Channel.EMAIL}, False, Channel.EMAIL),
        (set(), True, None),
    ],
)
def test_vic_and_core_hear_from_their_own_advisor_first(
    *, opened: set[Channel], own_advisor_first: bool, chosen: Channel | None
) -> None:
    verdicts = NO | {channel: Verdict(None, due_at=NOON) for channel in opened}
    assert choose(verdicts, order(own_advisor_first=own_advisor_first)).channel is chosen


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((Reason.NO_CREDIT, Reason.NOT_SET_UP, Reason.NOT_SET_UP, Reason.NOT_SET_UP), Reason.NO_CREDIT),
        ((Reason.NOT_SET_UP,) * 4, Reason.NO_CHANNEL),
        ((Reason.NO_CHANNEL, Reason.NOT_SET_UP, Reason.NOTHING_TO_SAY, Reason.NO_CHANNEL), Reason.NOTHING_TO_SAY),
        ((Reason.FATIGUE,) * 4, Reason.FATIGUE),
        ((Reason.QUIET_HOURS, Reason.NOT_SET_UP, Reason.NO_CHANNEL, Reason.NO_CHANNEL), Reason.QUIET_HOURS),
    ],
)
def test_of_several_channels_the_one_that_came_furthest_says_why(reasons: tuple[Reason, ...], said: Reason) -> None:
    found = choose(dict(zip(Channel, map(Verdict, reasons), strict=True)), order(own_advisor_first=False))
    assert (found.channel, found.reason) == (None, said)
    assert [one.reason for one in found.channels.values()] == list(reasons)


@pytest.mark.parametrize(
    ("reason", "purpose", "rings"),
    [
        (Reason.NO_CREDIT, Purpose.SERVICE, True),
        (Reason.NO_CHANNEL, Purpose.MARKETING, True),
        (Reason.NO_CHANNEL, Purpose.SURVEY, False),
        (Reason.NO_CONSENT, Purpose.MARKETING, False),
        (Reason.FATIGUE, Purpose.MARKETING, False),
        (Reason.CHANNEL_DECLINED, Purpose.SERVICE, False),
        (Reason.RESTRICTED, Purpose.SERVICE, False),
    ],
)
def test_nobody_rings_past_her_no(*, reason: Reason, purpose: Purpose, rings: bool) -> None:
    decision = Decision(None, reason, None, NO | {Channel.SMS: Verdict(reason)})
    assert is_for_a_call(decision, purpose) is rings


# --- no sequence of events sends without a permission ----------------------------------------------------------------


@dataclass
class Queued:
    purpose: Purpose
    channel: Channel
    due_at: datetime
    asked_at: datetime
    expires_at: datetime | None


@dataclass
class Sent:
    purpose: Purpose
    channel: Channel
    at: datetime


@dataclass
class Her:
    """What she said, as the test itself keeps it."""

    consent: dict[Purpose, bool] = field(default_factory=dict)
    declined: set[tuple[Channel, Purpose]] = field(default_factory=set)
    restricted: bool = False
    accepted: int = 0


class Ledger(RuleBasedStateMachine):
    """Senders, the queue and she, in any order; what leaves is judged by plain arithmetic and not by the rules."""

    policy = Policy(budget=2, days=7, quiet_from=time(21), quiet_until=time(9))

    @initialize()
    def begin(self) -> None:
        self.now = NOON.astimezone(UTC)
        self.her = Her()
        self.credits = 0
        self.queue: list[Queued] = []
        self.sent: list[Sent] = []

    def _asked(self, purpose: Purpose, channel: Channel, *, deciding: bool) -> Asked:
        counted = [one.at for one in self.sent if one.purpose is not Purpose.SERVICE]
        counted += [max(one.due_at, one.asked_at) for one in self.queue if one.purpose is not Purpose.SERVICE]
        return Asked(
            purpose,
            channel,
            consent=self.her.consent.get(purpose, False),
            restricted=self.her.restricted,
            declined=(channel, purpose) in self.her.declined,
            counted=counted if deciding else (),
            credits=self.credits if channel is Channel.SUBSCRIBE and deciding else None,
            policy=self.policy,
        )

    @rule(
        purpose=st.sampled_from(Purpose),
        open_to=st.sets(st.sampled_from(Channel)),
        expires=st.none() | st.integers(1, 20),
        own_advisor_first=st.booleans(),
    )
    def ask(self, *, purpose: Purpose, open_to: set[Channel], expires: int | None, own_advisor_first: bool) -> None:
        expires_at = self.now + timedelta(hours=expires) if expires is not None else None
        found = {
            channel: verdict(self._asked(purpose, channel, deciding=True), now=self.now, expires_at=expires_at)
            if channel in open_to
            else Verdict(Reason.NO_CHANNEL)
            for channel in Channel
        }
        decision = choose(found, order(own_advisor_first=own_advisor_first))
        assert (decision.channel is None) == (decision.reason is not None)
        if decision.channel is not None and decision.due_at is not None:
            self.credits -= decision.channel is Channel.SUBSCRIBE
            self.queue.append(Queued(purpose, decision.channel, decision.due_at, self.now, expires_at))

    @rule(late=st.booleans())
    def dispatch(self, *, late: bool) -> None:
        for one in sorted([one for one in self.queue if one.due_at <= self.now], key=lambda one: one.due_at):
            found = verdict(
                self._asked(one.purpose, one.channel, deciding=False), now=self.now, expires_at=one.expires_at
            )
            if found.reason is not None:
                self.queue.remove(one)
                self.credits += one.channel is Channel.SUBSCRIBE
            elif found.due_at is not None and found.due_at > self.now:
                one.due_at = found.due_at
            elif late:  # the channel is away: it comes back to the queue
                one.due_at = self.now + timedelta(minutes=10)
            else:
                self.queue.remove(one)
                self._leaves(one)

    def _leaves(self, one: Queued) -> None:
        clock = self.now.astimezone(SHANGHAI)
        assert not self.her.restricted
        assert one.purpose is Purpose.SERVICE or self.her.consent.get(one.purpose, False)
        assert (one.channel, one.purpose) not in self.her.declined
        assert one.purpose is Purpose.SERVICE or time(9) <= clock.time() < time(21)
        if one.channel is Channel.SMS and one.purpose is Purpose.MARKETING:
            assert 8 <= self.now.astimezone(ZoneInfo(MAINLAND)).hour < 22
        assert one.expires_at is None or self.now < one.expires_at
        self.sent.append(Sent(one.purpose, one.channel, self.now))

    @rule(purpose=st.sampled_from([Purpose.SURVEY, Purpose.MARKETING]), granted=st.booleans())
    def consent(self, *, purpose: Purpose, granted: bool) -> None:
        self.her.consent[purpose] = granted

    @rule(channel=st.sampled_from(Channel), purpose=st.sampled_from(Purpose), declined=st.booleans())
    def say(self, *, channel: Channel, purpose: Purpose, declined: bool) -> None:
        self.her.declined.discard((channel, purpose))
        if declined:
            self.her.declined.add((channel, purpose))

    @rule(on=st.booleans())
    def restrict(self, *, on: bool) -> None:
        self.her.restricted = on

    @rule()
    def accept(self) -> None:
        self.credits += 1
        self.her.accepted += 1

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def credits_are_never_overdrawn(self) -> None:
        if not hasattr(self, "sent"):
            return
        assert self.credits >= 0
        assert sum(one.channel is Channel.SUBSCRIBE for one in self.sent) <= self.her.accepted

    @invariant()
    def never_too_many_within_the_days(self) -> None:
        if not hasattr(self, "sent"):
            return
        counted = sorted(one.at for one in self.sent if one.purpose is not Purpose.SERVICE)
        for first, third in zip(counted, counted[self.policy.budget :], strict=False):
            assert third - first >= timedelta(days=self.policy.days)
        assert all(before <= after for before, after in pairwise(counted))


TestNoSequenceSendsWithoutAPermission = Ledger.TestCase
TestNoSequenceSendsWithoutAPermission.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
