"""How much she takes part in the life of the house, beside what she spends."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.profile.segments.rules.policy import Policy

FULL = 100
HALF_LIVES = 8  # what is older counts less than half a per cent of its points, and is not read
LONGEST_STAY = 4.0  # hours of one visit; a longer one was not closed when she left


class Part(StrEnum):
    """What engagement consists of."""

    VISITS = "visits"
    TIME_IN_STORE = "time-in-store"
    ENQUIRIES = "enquiries"
    SHARES = "shares"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Contacted:
    """So much of one part on a day: visits, hours, enquiries..."""

    part: Part
    day: date
    amount: float


@dataclass(frozen=True, slots=True)
class Share:
    """What one part brings to the score: how much of it there was, and the points left of it."""

    part: Part
    amount: float
    points: float


@dataclass(frozen=True, slots=True)
class Engagement:
    """A score from 0 to 100, and the parts it is the sum of, the largest first."""

    score: int
    parts: tuple[Share, ...]


def worths(policy: Policy) -> dict[Part, int]:
    """The points that one of each part is worth."""
    return {
        Part.VISITS: policy.visit_points,
        Part.TIME_IN_STORE: policy.hour_points,
        Part.ENQUIRIES: policy.enquiry_points,
        Part.SHARES: policy.share_points,
        Part.ANSWERS: policy.answer_points,
    }


def engagement(contacts: Iterable[Contacted], policy: Policy, as_of: date) -> Engagement:
    """The score on a day: the points of every contact up to it, halved with each half-life, 100 at most."""
    points = worths(policy)
    amounts: dict[Part, float] = defaultdict(float)
    earned: dict[Part, float] = defaultdict(float)
    for one in contacts:
        age = (as_of - one.day).days
        if 0 <= age <= HALF_LIVES * policy.half_life_days:
            amounts[one.part] += one.amount
            earned[one.part] += points[one.part] * one.amount * 0.5 ** (age / policy.half_life_days)
    parts = [Share(part, round(amounts[part], 2), round(earned[part], 1)) for part in Part if amounts[part]]
    score = min(FULL, round(sum(earned.values())))
    return Engagement(score, tuple(sorted(parts, key=lambda share: -share.points)))
