"""How the brand reckons, on the wire."""

import re
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from infra.wire import Currency, Form, View
from services.profile.segments.queries import SegmentPolicy
from services.profile.segments.rules import FIRST_DAY, LAST_DAY, PIVOT, Policy, Rate

_ZONES = available_timezones()
LARGEST = 1_000_000
DEFAULT = Policy()
# More than nothing, at most the largest, with ten places.
RATE = r"(?=.*[1-9])([0-9]{1,6}(\.[0-9]{1,10})?|1000000(\.0{1,10})?)"


def _zone(value: str) -> str:
    if value not in _ZONES or "/" not in value:
        raise PydanticCustomError("zone_unknown", "An IANA zone such as Asia/Shanghai.")
    return value


def _not_the_pivot(value: str) -> str:
    if value == PIVOT:
        raise PydanticCustomError("pivot", "Rates are in US dollars; the dollar itself is always 1.")
    return value


Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Threshold = Annotated[int, Field(ge=1, le=10**15)]
Grace = Annotated[int, Field(ge=0, le=366)]
Stage = Annotated[int, Field(ge=1, le=3660)]
YearOfDays = Annotated[int, Field(ge=1, le=366)]
Points = Annotated[int, Field(ge=0, le=100)]


def _plain(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and not re.fullmatch(RATE, value)):
        raise PydanticCustomError("rate_form", "A number, or one written with a point and at most ten places.")
    return value


class RateForm(Form):
    """US dollars for one unit of a currency, from that day on: a number, or its digits as text."""

    currency: Annotated[Currency, AfterValidator(_not_the_pivot)]
    effective_on: date = Field(ge=FIRST_DAY, le=LAST_DAY)
    rate: Annotated[
        Decimal,
        Field(gt=0, le=LARGEST, max_digits=17, decimal_places=10),
        BeforeValidator(_plain),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST},
                    {"type": "string", "pattern": f"^{RATE}$"},
                ]
            }
        ),
    ]


class SegmentPolicyForm(Form):
    """Thresholds in minor units of `currency`, grace and stages in days, and the brand's own rates, all of them.

    `grace_days` is how long a client keeps a segment that time alone takes, 0 for not at all. She is lapsing after
    `lapsing_days` without a purchase, lapsed after `lapsed_days`, back for `back_days` when she buys after that. A
    visit, an hour in the boutique, an enquiry, a share and an answer count so many points of engagement, half as many
    `half_life_days` later.
    """

    currency: Currency
    zone: Zone
    vic_minor: Threshold
    core_minor: Threshold
    potential_minor: Threshold
    grace_days: Grace = DEFAULT.grace_days
    lapsing_days: Stage = DEFAULT.lapsing_days
    lapsed_days: Stage = DEFAULT.lapsed_days
    back_days: YearOfDays = DEFAULT.back_days
    half_life_days: YearOfDays = DEFAULT.half_life_days
    visit_points: Points = DEFAULT.visit_points
    hour_points: Points = DEFAULT.hour_points
    enquiry_points: Points = DEFAULT.enquiry_points
    share_points: Points = DEFAULT.share_points
    answer_points: Points = DEFAULT.answer_points
    rates: list[RateForm] = Field(default=[], max_length=1000)

    def policy(self) -> Policy:
        """The policy it describes."""
        return Policy(**{field.name: getattr(self, field.name) for field in fields(Policy)})

    def given(self) -> list[Rate]:
        """The rates, the last one of a currency and day where there are several."""
        chosen = {(rate.currency, rate.effective_on): rate.rate for rate in self.rates}
        return [Rate(currency, effective_on, rate) for (currency, effective_on), rate in chosen.items()]


class RateView(View):
    """US dollars for one unit of a currency, from that day on."""

    currency: str
    effective_on: date
    rate: Decimal


class SegmentPolicyView(View):
    """The policy in force; `rates` are the brand's own, behind which the built-in yearly averages hold."""

    currency: str
    zone: str
    vic_minor: int
    core_minor: int
    potential_minor: int
    grace_days: int
    lapsing_days: int
    lapsed_days: int
    back_days: int
    half_life_days: int
    visit_points: int
    hour_points: int
    enquiry_points: int
    share_points: int
    answer_points: int
    rates: list[RateView]

    @classmethod
    def of(cls, setting: SegmentPolicy) -> "SegmentPolicyView":
        """The view of a policy."""
        rates = [RateView.model_validate(rate) for rate in setting.given]
        return cls(**asdict(setting.policy), rates=rates)
