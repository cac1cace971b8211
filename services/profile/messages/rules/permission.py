"""May it be sent? An ordered list of rules, each with its reason; the order is the specification."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from services.profile.messages.rules.policy import Hours, Policy, zone_of
from services.profile.messages.rules.purposes import EXEMPT, NEEDS_CONSENT, Channel, Purpose

# Marketing by SMS leaves in these hours alone; the carriers refuse it at others.
SMS_CLOSED = Hours(time(22), time(8))
MAINLAND = "Asia/Shanghai"
LONGEST_WAIT = timedelta(days=2)


class Reason(StrEnum):
    """Why a message was not sent. A rejection by WeChat is `wechat-<errcode>`."""

    RESTRICTED = "restricted"
    NO_CONSENT = "no-consent"
    CHANNEL_DECLINED = "channel-declined"
    FATIGUE = "fatigue"
    QUIET_HOURS = "quiet-hours"
    SMS_HOURS = "sms-hours"
    NOT_SET_UP = "not-set-up"
    NO_CHANNEL = "no-channel"
    NOTHING_TO_SAY = "nothing-to-say"
    NO_CREDIT = "no-credit"
    RECIPIENT_UNKNOWN = "recipient-unknown"
    PARAMETER_UNFIT = "parameter-unfit"
    # Its time was over before it could leave.
    TOO_LATE = "too-late"
    # WeCom: her advisor is no contact of hers any more; she had enough of these messages this month.
    NOT_A_CONTACT = "not-a-contact"
    MONTH_FULL = "month-full"
    NOT_CONFIRMED = "not-confirmed"
    # The two that make it `unknown`: the channel did not answer, or we were interrupted before we could hear it.
    NO_ANSWER = "no-answer"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message somebody wants to send by one channel, and the ledger's state.

    `restricted`: she wants her data stored and not used. `declined`: she said no to this channel for this purpose.
    `counted`: when what counts against her budget was sent, or asked for. `ways`: how many addresses of hers the
    channel has. `fits`: the message has words that the channel carries. `credits` is null where none is needed.
    """

    purpose: Purpose
    channel: Channel
    consent: bool
    restricted: bool = False
    declined: bool = False
    counted: Sequence[datetime] = ()
    set_up: bool = True
    ways: int = 1
    fits: bool = True
    credits: int | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def exempt(self) -> bool:
        """Whether neither budget nor quiet hours are asked."""
        return self.purpose in EXEMPT


@dataclass(frozen=True, slots=True)
class Against:
    """A no. `until` is when it may be over, as far as anybody knows; one that `waits` holds the message until then."""

    reason: Reason
    until: datetime | None = None
    waits: bool = False


class Rule(Protocol):
    """One reason for which a message may not be sent at a moment."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:
        """What speaks against it, None if this rule has nothing."""
        ...


@dataclass(frozen=True, slots=True)
class UseOpen:
    """Restricted data sends nothing, not even what needs no consent."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """Stored, and not used."""
        return Against(Reason.RESTRICTED) if asked.restricted else None


@dataclass(frozen=True, slots=True)
class ConsentStands:
    """What she did not ask for herself needs her consent for that purpose."""

    needed_for: frozenset[Purpose] = NEEDS_CONSENT

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """No consent, no message."""
        return Against(Reason.NO_CONSENT) if asked.purpose in self.needed_for and not asked.consent else None


@dataclass(frozen=True, slots=True)
class ChannelAllowed:
    """Her yes to a purpose is one to every channel, but for those she said no to."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """She unsubscribed, answered R, or said so."""
        return Against(Reason.CHANNEL_DECLINED) if asked.declined else None


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """All senders together write to her no more often than the brand wants."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:
        """What is too much is refused and not kept for later: somebody decides again."""
        if asked.exempt:
            return None
        frees_at = asked.policy.frees_at(asked.counted, at)
        return Against(Reason.FATIGUE, frees_at) if frees_at is not None else None


@dataclass(frozen=True, slots=True)
class HoursOpen:
    """Nobody is written to at night who did not ask for it."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:
        """It waits for the morning."""
        if asked.exempt:
            return None
        until = asked.policy.quiet.left_at(at, zone_of(asked.policy.zone))
        return Against(Reason.QUIET_HOURS, until, waits=True) if until is not None else None


@dataclass(frozen=True, slots=True)
class SmsHoursOpen:
    """Marketing by SMS leaves between 08:00 and 22:00 on the mainland's clock, whatever the brand's own hours."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:
        """It waits for the morning."""
        if asked.channel is not Channel.SMS or asked.purpose is not Purpose.MARKETING:
            return None
        until = SMS_CLOSED.left_at(at, zone_of(MAINLAND))
        return Against(Reason.SMS_HOURS, until, waits=True) if until is not None else None


@dataclass(frozen=True, slots=True)
class SetUp:
    """The house has an account to send from."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """See the settings."""
        return None if asked.set_up else Against(Reason.NOT_SET_UP)


@dataclass(frozen=True, slots=True)
class ChannelKnown:
    """There must be a way to reach her."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """Nothing known of her in the account the house sends from; by WeCom, nobody of the house who could."""
        return Against(Reason.NO_CHANNEL) if asked.ways < 1 else None


@dataclass(frozen=True, slots=True)
class WordsFit:
    """Subscribe messages and SMS say what an approved template says; WeCom and e-mail need words."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """No template of the channel for it, or no words."""
        return None if asked.fits else Against(Reason.NOTHING_TO_SAY)


@dataclass(frozen=True, slots=True)
class CreditLeft:
    """Each acceptance of hers is one send with that template."""

    def judge(self, asked: Asked, at: datetime) -> Against | None:  # noqa: ARG002
        """All used, rejected, or never given."""
        return Against(Reason.NO_CREDIT) if asked.credits is not None and asked.credits < 1 else None


# The order is the specification: the first reason found is the one said.
RULES: Sequence[Rule] = (
    UseOpen(),
    ConsentStands(),
    ChannelAllowed(),
    BudgetLeft(),
    HoursOpen(),
    SmsHoursOpen(),
    SetUp(),
    ChannelKnown(),
    WordsFit(),
    CreditLeft(),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """About one channel: permitted where there is no reason, from `due_at` on; `opens_at` is when a no may be over."""

    reason: Reason | None
    due_at: datetime | None = None
    opens_at: datetime | None = None

    @property
    def permitted(self) -> bool:
        """Whether it may be sent by this channel, now or at `due_at`."""
        return self.reason is None


def verdict(
    asked: Asked, *, now: datetime, expires_at: datetime | None = None, rules: Sequence[Rule] = RULES
) -> Verdict:
    """What the rules say of one channel. A message that waits is permitted later, unless it expires before."""
    due_at, waits_for = now, None
    # What it waits for may lead into another rule's hours; two that leave nothing open between them never end.
    while (waiting := _waiting(asked, due_at, rules)) is not None and waiting.until is not None:
        due_at, waits_for = waiting.until, waiting.reason
        if due_at - now > LONGEST_WAIT:
            return Verdict(waits_for)
    for rule in rules:
        against = rule.judge(asked, due_at)
        if against is not None:
            return Verdict(against.reason, opens_at=against.until)
    if expires_at is not None and due_at >= expires_at:
        return Verdict(waits_for or Reason.TOO_LATE, opens_at=due_at if waits_for else None)
    return Verdict(None, due_at=due_at)


def _waiting(asked: Asked, at: datetime, rules: Sequence[Rule]) -> Against | None:
    found = (rule.judge(asked, at) for rule in rules)
    return next((against for against in found if against is not None and against.waits), None)
