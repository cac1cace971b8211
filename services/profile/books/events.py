"""What we announce about client books."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class OwnerAssigned(Fact):
    """A client is in this advisor's book from now on, and in nobody else's."""

    type: ClassVar[str] = "profile.owner-assigned.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class OwnerReleased(Fact):
    """A client is in nobody's book any more: her advisor came with a record that turned out to be somebody else's."""

    type: ClassVar[str] = "profile.owner-released.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
