"""Facts that occasions announce. No segment is told: whoever needs it has profile's own fact."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from infra.eventlog.facts import Fact
from services.appointments.occasions.rules.life import OccasionKind


class OccasionPublished(Fact):
    """An occasion is open for its guests."""

    type: ClassVar[str] = "appointments.occasion-published.v1"
    aggregate: ClassVar[str] = "occasion_id"

    occasion_id: UUID
    boutique_id: UUID | None
    kind: OccasionKind


class OccasionInvited(Fact):
    """A client was invited: profile's door took the message."""

    type: ClassVar[str] = "appointments.occasion-invited.v1"
    aggregate: ClassVar[str] = "invitation_id"

    invitation_id: UUID
    occasion_id: UUID
    client_id: UUID
    kind: OccasionKind


class OccasionAnswered(Fact):
    """She said yes (again, when she changed it), no, or took her yes back; or the house called it off for her."""

    type: ClassVar[str] = "appointments.occasion-answered.v1"
    aggregate: ClassVar[str] = "invitation_id"

    invitation_id: UUID
    occasion_id: UUID
    client_id: UUID
    kind: OccasionKind
    answer: Literal["accepted", "changed", "declined", "withdrawn", "called-off"]
    session_id: UUID | None
    party: int | None
    made_by: str


class OccasionAttended(Fact):
    """She came. `party` counts her and whoever came with her."""

    type: ClassVar[str] = "appointments.occasion-attended.v1"
    aggregate: ClassVar[str] = "invitation_id"

    invitation_id: UUID
    occasion_id: UUID
    session_id: UUID
    client_id: UUID
    boutique_id: UUID | None
    kind: OccasionKind
    party: int
    arrived_at: datetime
