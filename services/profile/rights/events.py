"""What we announce about a client's rights."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class ClientErased(Fact):
    """Nothing of these ids, which were all one client, is to be left anywhere.

    It is about the erasing, not about her: facts that name who was buried have no effect, and this one must have it
    again after a restore has brought her rows back.
    """

    type: ClassVar[str] = "profile.client-erased.v1"
    aggregate: ClassVar[str] = "erasure_id"

    erasure_id: UUID
    client_ids: list[UUID]
