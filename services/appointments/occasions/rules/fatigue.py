"""Fatigue: who is not invited this time, and by which rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.appointments.occasions.rules.life import OccasionKind, Segment


class Rule(StrEnum):
    """Why somebody is not invited; the house reads it, no guest does."""

    ALREADY_INVITED = "already-invited"
    NOT_FOUND = "not-found"  # there is no such client, or not for this caller
    TOO_MANY = "too-many-invitations"  # the brand's cap for one client within its window
    SAME_KIND = "same-kind-again"  # the last one was of this kind too
    DECLINED = "declined-this-kind"  # she said no to this kind so often that it rests


class Answer(StrEnum):
    """What came of an earlier invitation."""

    NONE = "none"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Past:
    """An invitation she has, or is about to have: `at` is when she hears of it."""

    kind: OccasionKind
    at: datetime
    answer: Answer
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FatiguePolicy:
    """A brand's patience.

    At most `most_invitations` within `within_days`; with `alternates` never two of a kind in a row; after `declines`
    of a kind by a client of `pauses_for`, none of that kind for `pause_days`. `wait_order` says who is asked first when
    a seat is free again, `offer_minutes` how long it is kept for her.
    """

    most_invitations: int = 3
    within_days: int = 30
    alternates: bool = True
    declines: int = 2
    pause_days: int = 180
    pauses_for: tuple[Segment, ...] = (Segment.VIC,)
    wait_order: tuple[Segment, ...] = ()
    offer_minutes: int = 720

    def judge(self, past: Sequence[Past], *, kind: OccasionKind, segment: Segment | None, at: datetime) -> Rule | None:
        """The rule by which she is not to be invited to this kind at that moment; None if none is against it."""
        window = timedelta(days=self.within_days)
        if sum(at - window < one.at < at + window for one in past) >= self.most_invitations:
            return Rule.TOO_MANY
        if self.alternates and kind in _beside(past, at):
            return Rule.SAME_KIND
        if segment in self.pauses_for and self._rests(past, kind, at):
            return Rule.DECLINED
        return None

    def _rests(self, past: Sequence[Past], kind: OccasionKind, at: datetime) -> bool:
        answered = [(one.answered_at, one.answer) for one in past if one.kind is kind and one.answered_at is not None]
        yes = max((when for when, answer in answered if answer is Answer.YES), default=None)
        # A yes in between begins the count anew.
        no = [when for when, answer in answered if answer is Answer.NO and (yes is None or when > yes)]
        return len(no) >= self.declines and at < max(no) + timedelta(days=self.pause_days)


def _beside(past: Sequence[Past], at: datetime) -> set[OccasionKind]:
    """The kinds of the last invitation before that moment and of the first after it, if one is planned."""
    before = max((one for one in past if one.at <= at), key=lambda one: one.at, default=None)
    after = min((one for one in past if one.at > at), key=lambda one: one.at, default=None)
    return {one.kind for one in (before, after) if one is not None}
