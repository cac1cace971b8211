"""What we announce about consents."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class ConsentGiven(Fact):
    """She allows a purpose that she did not allow before."""

    type: ClassVar[str] = "profile.consent-given.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    purpose: str


class ConsentWithdrawn(Fact):
    """She no longer allows a purpose."""

    type: ClassVar[str] = "profile.consent-withdrawn.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    purpose: str
