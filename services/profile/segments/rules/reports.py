"""When a report is reckoned while its reader waits, and when what was kept of it is answered."""

from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from infra.refusal import Kind, Refusal

# A report that took longer is prepared at night, and answered out of what was kept.
SLOW = 3.0  # seconds
FRESH = timedelta(hours=24)
FORGOTTEN = timedelta(days=60)


class ReportBeingMade(Refusal):
    """The house is too large for a reader to wait: the report is made in the background."""

    kind = Kind.UNAVAILABLE
    slug = "report-being-made"
    en = "This report reads many receipts and is being made now. Please ask again in a minute."
    zh = "该报告涉及大量收据，正在后台生成，请一分钟后再试。"


def key(as_of: date, compared_on: date | None, boutiques: list[UUID] | None) -> str:
    """A digest of what is asked, 64 hex digits."""
    asked = f"{as_of}|{compared_on or ''}|{'*' if boutiques is None else ','.join(map(str, sorted(boutiques)))}"
    return sha256(asked.encode()).hexdigest()


def nightly(today: date) -> list[tuple[date, date | None]]:
    """What is prepared for a large house when a day begins: the day itself, and the last two months side by side."""
    last_month = today.replace(day=1) - timedelta(days=1)
    before = last_month.replace(day=1) - timedelta(days=1)
    return [(today, None), (last_month, before)]
