"""What we announce about client books."""

from datetime import date, datetime
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


class DeputyAssigned(Fact):
    """An advisor stands in for one client's advisor, from then until then or until somebody says so."""

    type: ClassVar[str] = "profile.deputy-assigned.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    advisor_id: UUID
    from_at: datetime
    until_at: datetime | None


class DeputyReleased(Fact):
    """Nobody stands in for this client's advisor any more."""

    type: ClassVar[str] = "profile.deputy-released.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID


class BookDeputyAssigned(Fact):
    """An advisor stands in for another's whole book, from then until then or until somebody says so."""

    type: ClassVar[str] = "profile.book-deputy-assigned.v1"
    aggregate: ClassVar[str] = "owner_advisor_id"

    owner_advisor_id: UUID
    advisor_id: UUID
    from_at: datetime
    until_at: datetime | None


class BookDeputyReleased(Fact):
    """Nobody stands in for this book any more."""

    type: ClassVar[str] = "profile.book-deputy-released.v1"
    aggregate: ClassVar[str] = "owner_advisor_id"

    owner_advisor_id: UUID


class HandoverStarted(Fact):
    """An advisor's book begins to go to others; so many clients of it moved."""

    type: ClassVar[str] = "profile.handover-started.v1"
    aggregate: ClassVar[str] = "handover_id"

    handover_id: UUID
    advisor_id: UUID
    boutique_id: UUID
    clients: int


class ClientHandedOver(Fact):
    """A client went from one advisor to another, who is to speak to her by that day."""

    type: ClassVar[str] = "profile.client-handed-over.v1"
    aggregate: ClassVar[str] = "client_id"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    boutique_id: UUID
    first_contact_due_on: date


class ClientHandedBack(Fact):
    """The handover was undone: she is `from_advisor_id`'s again, at `boutique_id`, and `advisor_id`'s no more."""

    type: ClassVar[str] = "profile.client-handed-back.v1"
    aggregate: ClassVar[str] = "client_id"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class HandoverCompleted(Fact):
    """Every client of it has been spoken to and her contact has come where it goes, or somebody said it is over."""

    type: ClassVar[str] = "profile.handover-completed.v1"
    aggregate: ClassVar[str] = "handover_id"

    handover_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class HandoverUndone(Fact):
    """A handover that had begun was taken back."""

    type: ClassVar[str] = "profile.handover-undone.v1"
    aggregate: ClassVar[str] = "handover_id"

    handover_id: UUID
    advisor_id: UUID
    boutique_id: UUID
