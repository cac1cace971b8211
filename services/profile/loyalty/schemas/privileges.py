"""How privileges go over the wire, and what a client's loyalty comes to."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, Text, View
from services.profile.loyalty.rules.privileges import Granted, OrderRule, PrivilegeKind, WantedPrivilege
from services.profile.loyalty.schemas.cards import CardView, StandingView, WaitView
from services.profile.loyalty.schemas.points import ExpiryView

MOST_PIECES = 1_000_000
# Within the calendar in every zone.
Deadline = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]


class PrivilegeForm(Form):
    """A privilege: a list for a limited edition, a gift with stock, or who is entitled to a greeting."""

    kind: PrivilegeKind
    name: Text
    piece_code: Code | None = None
    quantity: int | None = Field(default=None, ge=0, le=MOST_PIECES)
    order_rule: OrderRule | None = None
    deadline_at: Deadline | None = None

    def wanted(self) -> WantedPrivilege:
        """The privilege it describes."""
        return WantedPrivilege(self.kind, self.name, self.piece_code, self.quantity, self.order_rule, self.deadline_at)


class PrivilegeChangeForm(Form):
    """What of a privilege may change: all three are set, also to nothing."""

    quantity: int | None = Field(default=None, ge=0, le=MOST_PIECES)
    deadline_at: Deadline | None = None
    is_closed: bool = False


class PrivilegeView(View):
    """A privilege, and how many of it are granted, handed over, listed for and left."""

    privilege_id: UUID
    kind: PrivilegeKind
    name: str
    piece_code: str | None
    quantity: int | None
    order_rule: OrderRule | None
    deadline_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    granted: int
    handed_over: int
    listed: int
    left: int | None


class GrantForm(Form):
    """Who is to have the privilege."""

    client_id: UUID


class GrantView(View):
    """One client's part in a privilege."""

    grant_id: UUID
    privilege_id: UUID
    kind: PrivilegeKind
    name: str
    client_id: UUID
    status: Granted
    listed_at: datetime
    granted_at: datetime | None
    handed_over_at: datetime | None


class LoyaltyView(View):
    """What a client is to the house in points, cards and privileges; `tiers` helps whoever decides about a card."""

    client_id: UUID
    balance: int
    expiring: ExpiryView | None
    cards: list[CardView]
    waiting: list[WaitView]
    privileges: list[GrantView]
    tiers: list[StandingView]


class MyCardView(View):
    """A card of mine."""

    tier: str
    issued_at: datetime
    expires_on: date | None


class MyEntryView(View):
    """Points I got or used, and when."""

    points: int
    entered_at: datetime
    expires_on: date | None


class MyLoyaltyView(View):
    """My points, the latest of what came and went, and my cards."""

    balance: int
    expiring: ExpiryView | None
    entries: list[MyEntryView]
    cards: list[MyCardView]
