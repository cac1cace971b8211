"""How a house wants its tasks: which rules are at work, how many days they leave, how often somebody tries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.profile.tasks.rules.kinds import Kind


class Festival(StrEnum):
    """A day on which a house may greet."""

    NEW_YEAR = "new-year"
    SPRING_FESTIVAL = "spring-festival"
    LANTERN_FESTIVAL = "lantern-festival"
    VALENTINE = "valentine"
    WOMENS_DAY = "womens-day"
    MAY_20 = "may-20"
    DRAGON_BOAT = "dragon-boat"
    QIXI = "qixi"
    MID_AUTUMN = "mid-autumn"
    NATIONAL_DAY = "national-day"
    CHRISTMAS = "christmas"


# What opens by itself; the rest is asked for by somebody.
RULES = (
    Kind.THANK_YOU,
    Kind.AFTER_SALES_CALL,
    Kind.BIRTHDAY,
    Kind.DAY_THAT_MATTERS,
    Kind.FESTIVAL,
    Kind.LAPSE,
    Kind.HANDOVER,
    Kind.RECOVERY,
    Kind.CONTACT_PLAN,
)
# How many days behind the one it is due a task is still of use.
OPEN_DAYS: Mapping[Kind, int] = {
    Kind.THANK_YOU: 14,
    Kind.AFTER_SALES_CALL: 30,
    Kind.BIRTHDAY: 3,
    Kind.DAY_THAT_MATTERS: 3,
    Kind.FESTIVAL: 3,
    Kind.LAPSE: 60,
    Kind.HANDOVER: 60,
    Kind.RECOVERY: 30,
    Kind.CONTACT_PLAN: 30,
    Kind.CALL: 14,
    Kind.CAMPAIGN: 30,
    Kind.BY_HAND: 365,
    Kind.ARRIVAL: 1,
}
# The settings that are numbers.
NUMBERS = (
    "thank_you_days",
    "after_sales_days",
    "recovery_days",
    "lapse_days",
    "ahead_days",
    "again_days",
    "most_attempts",
    "rest_days",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """A house's settings. Days of work are working days of the State Council's calendar; the others are days.

    `ahead_days`: how long before a birthday or a festival its task opens. `again_days` (of work) after she was not
    reached somebody tries again, `most_attempts` in all. `rest_days` after she did not want it nobody comes with the
    same again.
    """

    at_work: frozenset[Kind] = frozenset(RULES)
    festivals: frozenset[Festival] = frozenset({Festival.SPRING_FESTIVAL, Festival.MID_AUTUMN})
    thank_you_days: int = 1
    after_sales_days: int = 5
    recovery_days: int = 3
    lapse_days: int = 5
    ahead_days: int = 14
    again_days: int = 2
    most_attempts: int = 3
    rest_days: int = 180
    open_days: Mapping[Kind, int] = field(default_factory=lambda: OPEN_DAYS)

    def opens(self, kind: Kind) -> bool:
        """Whether the house lets this rule work; what somebody asks for is no rule."""
        return kind not in RULES or kind in self.at_work
