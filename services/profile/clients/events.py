"""What we announce about clients."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class ClientRegistered(Fact):
    """The house knows someone it did not know before."""

    type: ClassVar[str] = "profile.client-registered.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
