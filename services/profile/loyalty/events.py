"""What we announce about points, cards and privileges."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from infra.eventlog.facts import Fact
from services.profile.loyalty.rules.cards import Ended
from services.profile.loyalty.rules.ledger import Entering
from services.profile.loyalty.rules.privileges import PrivilegeKind


class PointsChanged(Fact):
    """A client has so many points more, or fewer; `balance` is what all her records come to after it."""

    type: ClassVar[str] = "profile.points-changed.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    entry_id: UUID
    delta: int
    balance: int
    reason: Entering


class CardIssued(Fact):
    """A client has a card of this tier; without a day it has no end."""

    type: ClassVar[str] = "profile.card-issued.v1"
    aggregate: ClassVar[str] = "card_id"

    card_id: UUID
    tier_id: UUID
    client_id: UUID
    expires_on: date | None


class CardReturned(Fact):
    """A card is no card any more; its place is free."""

    type: ClassVar[str] = "profile.card-returned.v1"
    aggregate: ClassVar[str] = "card_id"

    card_id: UUID
    tier_id: UUID
    client_id: UUID
    ended_as: Ended


class CardOffered(Fact):
    """The first of a waiting list may have a card until then."""

    type: ClassVar[str] = "profile.card-offered.v1"
    aggregate: ClassVar[str] = "wait_id"

    wait_id: UUID
    tier_id: UUID
    client_id: UUID
    offer_until: AwareDatetime


class PrivilegeGranted(Fact):
    """A client is to have a gift or a piece of a limited edition, or is entitled to a greeting."""

    type: ClassVar[str] = "profile.privilege-granted.v1"
    aggregate: ClassVar[str] = "grant_id"

    grant_id: UUID
    privilege_id: UUID
    client_id: UUID
    kind: PrivilegeKind
