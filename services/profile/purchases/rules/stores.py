"""What the report on store types says of what was bought there."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from infra.refusal import Kind, Refusal

LONGEST = timedelta(days=366)


class PeriodTooLong(Refusal):
    """A report over no time, or over more than it can be made of."""

    kind = Kind.INVALID
    slug = "period-too-long"
    en = "Choose a first and a last day, in this order and at most a year apart."
    zh = "请选择起止日期，起始日不晚于截止日，且间隔不超过一年。"


def check_period(from_on: date, to_on: date) -> None:
    """Raise PeriodTooLong."""
    if not timedelta(0) <= to_on - from_on < LONGEST:
        raise PeriodTooLong


def average(total: int, count: int) -> int | None:
    """Per one, rounded half up; None of nothing."""
    return int((Decimal(total) / count).to_integral_value(ROUND_HALF_UP)) if count else None


def per_one(total: int, count: int) -> float | None:
    """Per one, with two places; None of nothing."""
    return round(total / count, 2) if count else None
