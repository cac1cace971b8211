"""How the ledger of points and its rules go over the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Currency, Form, LongText, View
from services.profile.loyalty.queries.points import LoyaltyPolicy
from services.profile.loyalty.rules.earning import Counting, Policy
from services.profile.loyalty.rules.ledger import MOST, Entering

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
MOST_MONTHS = 120
Points = Annotated[int, Field(ge=1, le=MOST)]


class SpendForm(Form):
    """The minor units of a currency that earn one point."""

    currency: Currency
    minor_per_point: int = Field(ge=1, le=10**12)


class StoreTypeForm(Form):
    """The percent of a line's points that a kind of store gives; 100 where nothing is said, 0 for none."""

    boutique_type: Code
    percent: int = Field(ge=0, le=1000)


class EngagementForm(Form):
    """The points of a kind of contact, once a day."""

    kind: Counting
    points: int = Field(ge=1, le=10_000)


class LoyaltyPolicyForm(Form):
    """What earns points from now on. Purchases and contacts before `since_on` earn none; without months none expire."""

    since_on: date = Field(ge=FIRST_DAY, le=LAST_DAY)
    expiry_months: int | None = Field(default=None, ge=1, le=MOST_MONTHS)
    spend: list[SpendForm] = Field(default=[], max_length=50)
    store_types: list[StoreTypeForm] = Field(default=[], max_length=50)
    engagement: list[EngagementForm] = Field(default=[], max_length=50)

    def policy(self) -> Policy:
        """The rules it describes, the last of a kind where there are several."""
        return Policy(
            self.since_on,
            self.expiry_months,
            {one.currency: one.minor_per_point for one in self.spend},
            {one.boutique_type: one.percent for one in self.store_types},
            {one.kind.value: one.points for one in self.engagement},
        )


class SpendView(View):
    """The minor units of a currency that earn one point."""

    currency: str
    minor_per_point: int


class StoreTypeView(View):
    """The percent of a line's points that a kind of store gives."""

    boutique_type: str
    percent: int


class EngagementView(View):
    """The points of a kind of contact, once a day."""

    kind: str
    points: int


class LoyaltyPolicyView(View):
    """The rules in force; without a day `since_on` nothing earns."""

    since_on: date | None
    expiry_months: int | None
    spend: list[SpendView]
    store_types: list[StoreTypeView]
    engagement: list[EngagementView]

    @classmethod
    def of(cls, setting: LoyaltyPolicy) -> "LoyaltyPolicyView":
        """The view of a policy."""
        policy = setting.policy
        return cls(
            since_on=policy.since_on,
            expiry_months=policy.expiry_months,
            spend=[SpendView(currency=one, minor_per_point=minor) for one, minor in sorted(policy.spend.items())],
            store_types=[
                StoreTypeView(boutique_type=one, percent=percent) for one, percent in sorted(policy.store_types.items())
            ],
            engagement=[EngagementView(kind=one, points=worth) for one, worth in sorted(policy.engagement.items())],
        )


class PointsForm(Form):
    """Points to spend, or to adjust by, below zero to take some away; and why, in words that are kept sealed."""

    kind: Literal["spend", "adjust"]
    points: int = Field(ge=-MOST, le=MOST)
    reason: LongText


class EntryView(View):
    """One entry of the ledger. `actor` spent or adjusted, for that `reason`."""

    entry_id: UUID
    kind: Entering
    points: int
    entered_at: datetime
    expires_on: date | None
    purchase_id: UUID | None
    contact: str | None
    reason: str | None
    actor: str | None


class ExpiryView(View):
    """The next day on which points expire, and how many."""

    expires_on: date
    points: int
