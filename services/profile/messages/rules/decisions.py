"""What is decided of all channels together: the one to take, or the reason, and whether somebody rings instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.profile.messages.rules.permission import Reason, Verdict
from services.profile.messages.rules.purposes import BY_HAND, Channel, Purpose

_USUAL = (Channel.SUBSCRIBE, Channel.WECOM, Channel.SMS, Channel.EMAIL)
_OWN_ADVISOR_FIRST = (Channel.WECOM, Channel.SUBSCRIBE, Channel.SMS, Channel.EMAIL)
# How far a refused message came: of several channels the one that came furthest says why. What waits for its hour in
# vain was refused by nothing else.
_FURTHEST = (
    Reason.RESTRICTED,
    Reason.NO_CONSENT,
    Reason.CHANNEL_DECLINED,
    Reason.FATIGUE,
    Reason.NO_CHANNEL,
    Reason.NOTHING_TO_SAY,
    Reason.NO_CREDIT,
    Reason.QUIET_HOURS,
    Reason.SMS_HOURS,
    Reason.TOO_LATE,
)
# A person may ring her up where only the way was missing; not where she, or the house, does not want it.
CALL_INSTEAD = frozenset({Reason.NO_CHANNEL, Reason.NOTHING_TO_SAY, Reason.NO_CREDIT, Reason.NOT_SET_UP})


@dataclass(frozen=True, slots=True)
class Decision:
    """By which channel and when; None and the reason where by none. `channels` says it of every one of them."""

    channel: Channel | None
    reason: Reason | None
    due_at: datetime | None
    channels: Mapping[Channel, Verdict]


def order(*, own_advisor_first: bool) -> Sequence[Channel]:
    """Which channel goes before which: VIC and core clients hear from their own advisor first."""
    return _OWN_ADVISOR_FIRST if own_advisor_first else _USUAL


def choose(channels: Mapping[Channel, Verdict], preferred: Sequence[Channel]) -> Decision:
    """The first of the preferred channels that is permitted; or the reason of the one that came furthest."""
    for channel in preferred:
        if channels[channel].permitted:
            return Decision(channel, None, channels[channel].due_at, channels)
    reasons = [reason for channel in preferred if (reason := channels[channel].reason) is not None]
    # What is not set up is our affair: to whoever asked there is no way to her.
    said = [reason for reason in reasons if reason is not Reason.NOT_SET_UP] or [Reason.NO_CHANNEL]
    return Decision(None, max(said, key=_FURTHEST.index), None, channels)


def is_for_a_call(decision: Decision, purpose: Purpose) -> bool:
    """Whether her advisor is asked to ring her up: nobody rings for a survey, or past her no."""
    reasons = {one.reason for one in decision.channels.values()}
    return decision.channel is None and purpose in BY_HAND and bool(reasons) and reasons <= CALL_INSTEAD
