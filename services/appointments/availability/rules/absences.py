"""What somebody says of leave or a closure, and the instants it stands for."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal
from services.appointments.directory.rules import DAY, Span, stretch

LONGEST = 2 * 366 * DAY


class AbsenceUnfit(Refusal):
    """Leave and closures end after they start, and do not last for ever."""

    kind = Kind.INVALID
    slug = "absence-times-unfit"
    en = "It must end after it starts, and last for two years at most."
    zh = "结束时间须晚于开始时间，且最长不超过两年。"


@dataclass(frozen=True)
class Said:
    """A stretch as somebody says it: whole days, or moments, by the boutique's clock where they have no offset."""

    starts: date | datetime
    ends: date | datetime

    def span(self, zone: str) -> Span:
        """The instants; raises AbsenceUnfit, LocalTimeSkipped, LocalTimeAmbiguous."""
        found = stretch(self.starts, self.ends, ZoneInfo(zone))
        if not found.starts_at < found.ends_at <= found.starts_at + LONGEST:
            raise AbsenceUnfit
        return found
