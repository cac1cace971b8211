"""How tiers, cards and waiting lists go over the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from infra.wire import Form, Text, View
from services.profile.loyalty.queries.cards import Taken, Tier
from services.profile.loyalty.rules.cards import Lacking, Requirement, Waiting, WantedTier, check_automatic
from services.profile.loyalty.schemas.points import MOST_MONTHS, Points
from services.profile.segments.rules import Segment


class TierForm(Form):
    """A tier: how many cards there may be, for how long one is valid and an offer stands, and what it asks for.

    With several segments, one of them is enough. `is_automatic`: cards are issued to whoever meets it, while there
    are any; otherwise it is a help to the person who decides.
    """

    name: Text
    rank: int = Field(ge=0, le=1000)
    cap: int = Field(ge=0, le=1_000_000)
    valid_months: int | None = Field(default=None, ge=1, le=MOST_MONTHS)
    offer_days: int = Field(default=14, ge=1, le=90)
    segments: list[Segment] = Field(default=[], max_length=len(Segment))
    points_at_least: Points | None = None
    is_automatic: bool = False

    def wanted(self) -> WantedTier:
        """The tier it describes; raises NothingRequired."""
        check_automatic(Requirement(frozenset(self.segments), self.points_at_least), is_automatic=self.is_automatic)
        return WantedTier(
            self.name,
            self.rank,
            self.cap,
            self.valid_months,
            self.offer_days,
            tuple(sorted({segment.value for segment in self.segments})),
            self.points_at_least,
            self.is_automatic,
        )


class TierView(View):
    """A tier with what of it is out: `issued` cards, `offered` places, `free` ones, and how many are `waiting`."""

    tier_id: UUID
    name: str
    rank: int
    cap: int
    valid_months: int | None
    offer_days: int
    segments: list[Segment]
    points_at_least: int | None
    is_automatic: bool
    issued: int
    offered: int
    free: int
    waiting: int

    @classmethod
    def of(cls, tier: Tier, taken: Taken) -> "TierView":
        """The view of a tier."""
        return cls(
            tier_id=tier.tier_id,
            name=tier.name,
            rank=tier.rank,
            cap=tier.cap,
            valid_months=tier.valid_months,
            offer_days=tier.offer_days,
            segments=sorted(tier.requirement.segments),
            points_at_least=tier.requirement.points_at_least,
            is_automatic=tier.is_automatic,
            issued=taken.places.issued,
            offered=taken.places.offered,
            free=taken.places.free,
            waiting=taken.waiting,
        )


class TiersView(View):
    """All tiers, the lowest first."""

    items: list[TierView]


class CardForm(Form):
    """A card of a tier for a client."""

    client_id: UUID
    tier_id: UUID


class CardView(View):
    """One card, by the name of its tier; without a day it has no end."""

    card_id: UUID
    tier_id: UUID
    tier: str
    client_id: UUID
    issued_at: datetime
    expires_on: date | None


class WaitForm(Form):
    """Who is to wait for a card."""

    client_id: UUID


class WaitView(View):
    """Somebody who waits, or to whom a card is offered until a moment."""

    wait_id: UUID
    tier_id: UUID
    tier: str
    client_id: UUID
    status: Waiting
    joined_at: datetime
    offer_until: datetime | None
    before: int = Field(description="How many wait before her.")


class StandingView(View):
    """What a client lacks for a tier, whether she has its card, and how many are free."""

    tier_id: UUID
    tier: str
    lacking: list[Lacking]
    is_held: bool
    free: int
