"""Facts that the waiting list announces."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from infra.eventlog.facts import Fact


class WaitlistOffered(Fact):
    """A free time is kept for somebody who waits, and profile's door took the message that says so."""

    type: ClassVar[str] = "appointments.waitlist-offered.v1"
    aggregate: ClassVar[str] = "entry_id"

    entry_id: UUID
    offer_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    experience_id: UUID
    starts_at: datetime
    expires_at: datetime


class WaitlistAnswered(Fact):
    """An offer has ended: accepted, declined, expired, or undeliverable."""

    type: ClassVar[str] = "appointments.waitlist-answered.v1"
    aggregate: ClassVar[str] = "entry_id"

    entry_id: UUID
    offer_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    outcome: Literal["accepted", "declined", "expired", "undeliverable"]
