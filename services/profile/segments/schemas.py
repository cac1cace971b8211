"""How segments and their policy go over the wire."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from infra.wire import Currency, Form, View
from services.profile.segments.queries import SegmentPolicy
from services.profile.segments.rules import FIRST_DAY, LAST_DAY, PIVOT, Policy, Rate, Segment

_ZONES = available_timezones()
LARGEST = 1_000_000
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
    """Thresholds in minor units of `currency`, and the brand's own rates, all of them."""

    currency: Currency
    zone: Zone
    vic_minor: Threshold
    core_minor: Threshold
    potential_minor: Threshold
    rates: list[RateForm] = Field(default=[], max_length=1000)

    def policy(self) -> Policy:
        """The policy it describes."""
        return Policy(self.currency, self.zone, self.vic_minor, self.core_minor, self.potential_minor)

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
    rates: list[RateView]

    @classmethod
    def of(cls, setting: SegmentPolicy) -> "SegmentPolicyView":
        """The view of a policy."""
        policy = setting.policy
        return cls(
            currency=policy.currency,
            zone=policy.zone,
            vic_minor=policy.vic_minor,
            core_minor=policy.core_minor,
            potential_minor=policy.potential_minor,
            rates=[RateView.model_validate(rate) for rate in setting.given],
        )


class UnconvertedView(View):
    """Spent in a currency without a rate, and so not counted."""

    currency: str
    net_minor: int


class SegmentView(View):
    """A client's segment as of a day: the net spend from `from_on` to `as_of`, both days included."""

    segment: Segment
    as_of: date
    from_on: date
    spend_minor: int
    currency: str
    receipts: int
    unconverted: list[UnconvertedView]
