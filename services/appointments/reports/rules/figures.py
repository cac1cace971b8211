"""Which days a report covers, and for whom it counts."""

from datetime import date, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.appointments.directory.rules import DAY

LONGEST = 400  # days
DECIMALS = 4


class ReportTooWide(Refusal):
    """Reports reckon a year and a month at most."""

    kind = Kind.INVALID
    slug = "appointments-report-too-wide"
    en = "Ask for the days between `from` and a later `to`, at most 400 of them."
    zh = "报表期间的 to 须晚于 from，且不超过 400 天。"


class DayHasPassed(Refusal):
    """What is over is not foretold."""

    kind = Kind.INVALID
    slug = "day-has-passed"
    en = "This day is over at the boutique. Ask for today or a later day."
    zh = "该日期在该精品店已过，请查询今日或之后的日期。"


class Interval(StrEnum):
    """How days are put together; a week begins on Monday."""

    WEEK = "week"
    MONTH = "month"

    def of(self, day: date) -> date:
        """The first day of the week or month that a day belongs to."""
        return day - timedelta(days=day.weekday()) if self is Interval.WEEK else day.replace(day=1)


class Level(StrEnum):
    """For whom is counted. `team`: all boutiques of the caller together."""

    BRAND = "brand"
    REGION = "region"
    TEAM = "team"
    BOUTIQUE = "boutique"
    ADVISOR = "advisor"


def judge_days(first: date, after_last: date) -> None:
    """Raise ReportTooWide unless the days are some, and not too many."""
    if not 0 < (after_last - first).days <= LONGEST:
        raise ReportTooWide


def share(counted: float, out_of: float) -> float | None:
    """So much of so much, with four places; None of nothing."""
    return round(counted / out_of, DECIMALS) if out_of else None


def days_between(first: date, after_last: date) -> list[date]:
    """Every day from the first one to before the last."""
    return [first + DAY * n for n in range((after_last - first).days)]
