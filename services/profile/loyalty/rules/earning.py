"""What earns points, and how many: spend by currency and kind of store, contacts by their kind."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

WHOLE = 100  # percent


class Counting(StrEnum):
    """The kinds of contact that may earn. What the house does to her earns nothing."""

    ARRIVED = "arrived"
    VISIT_COMPLETED = "visit-completed"
    ANSWER = "answer"
    MENU_CLICK = "menu-click"
    POST_INTERACTION = "post-interaction"
    SHARE = "share"
    MESSAGING = "messaging"
    QR_SCAN = "qr-scan"
    PAGE_VIEW = "page-view"
    CART = "cart"
    CALL = "call"
    DOOR = "door"
    TRIED = "tried"
    WISHED = "wished"


# The house's own facts tell of these; of the others, other systems and people report.
BY_FACT = frozenset({Counting.ARRIVED, Counting.VISIT_COMPLETED, Counting.ANSWER})
REPORTED = frozenset(Counting) - BY_FACT


@dataclass(frozen=True, slots=True)
class Policy:
    """A brand's rules. Nothing before `since_on` earns; without a policy, nothing does.

    `spend` is the minor units of a currency that one point costs, `store_types` the percent of it that a kind of store
    gives (100 where nothing is said), `engagement` the points that a kind of contact earns once a day. Points expire
    so many months after the day they came in; never, without a number.
    """

    since_on: date | None = None
    expiry_months: int | None = None
    spend: Mapping[str, int] = field(default_factory=dict)
    store_types: Mapping[str, int] = field(default_factory=dict)
    engagement: Mapping[str, int] = field(default_factory=dict)

    def for_spend(self, net_minor: int, currency: str, store_type: str | None, *, bought_on: date) -> int:
        """The points of one line, rounded towards nothing; as many below zero for what comes back without its sale."""
        per_point = self.spend.get(currency)
        if per_point is None or self.since_on is None or bought_on < self.since_on:
            return 0
        percent = self.store_types.get(store_type or "", WHOLE)
        points = abs(net_minor) * percent // (per_point * WHOLE)
        return points if net_minor > 0 else -points

    def for_contact(self, kind: str, *, contact_on: date) -> int:
        """The points of a contact of this kind, the day's first."""
        if self.since_on is None or contact_on < self.since_on:
            return 0
        return self.engagement.get(kind, 0)

    def expires_on(self, entered_on: date) -> date | None:
        """The day on which points that come in that day count no more."""
        return months_after(entered_on, self.expiry_months) if self.expiry_months is not None else None


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due(base: int, *, sold_minor: int, back_minor: int) -> int:
    """What a line is still worth of the points it earned, after so much of its net came back (below zero)."""
    if sold_minor <= 0:
        return base
    kept = min(max(sold_minor + back_minor, 0), sold_minor)
    return base * kept // sold_minor


def change(*, worth: int, standing: int, expired: int) -> int:
    """What is to be entered for a line that is worth so much and has so much; `expired` of it is gone already.

    What has expired is not taken back once more. Below zero is only what came back without its sale.
    """
    if worth >= standing or worth < 0:
        return worth - standing
    return min(0, max(worth - standing, expired - standing))
