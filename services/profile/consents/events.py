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


class ProcessingRestricted(Fact):
    """What is known of her is kept and not used, whatever she allows."""

    type: ClassVar[str] = "profile.processing-restricted.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID


class ProcessingResumed(Fact):
    """What is known of her may be used again, as far as she allows it."""

    type: ClassVar[str] = "profile.processing-resumed.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
