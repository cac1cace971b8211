"""What segments decide; what is asked most stands here, the rest in the module of its noun."""

from services.profile.segments.rules.days import (
    FIRST_DAY,
    LAST_DAY,
    DayOutOfRange,
    check_day,
    day_of,
    leaves_on,
    midnight,
    window_from,
)
from services.profile.segments.rules.policy import (
    LifecycleOutOfOrder,
    Policy,
    Segment,
    ThresholdsOutOfOrder,
    received_as,
)
from services.profile.segments.rules.rates import PIVOT, CurrencyWithoutRate, Rate, Rates
from services.profile.segments.rules.spend import Kept, Receipt, Standing, Unconverted, needed_from, standing
from services.profile.segments.rules.stages import Lifecycle, lifecycle

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "PIVOT",
    "CurrencyWithoutRate",
    "DayOutOfRange",
    "Kept",
    "Lifecycle",
    "LifecycleOutOfOrder",
    "Policy",
    "Rate",
    "Rates",
    "Receipt",
    "Segment",
    "Standing",
    "ThresholdsOutOfOrder",
    "Unconverted",
    "check_day",
    "day_of",
    "leaves_on",
    "lifecycle",
    "midnight",
    "needed_from",
    "received_as",
    "standing",
    "window_from",
]
