"""What we announce about the erasing of a client."""

from typing import ClassVar
from uuid import UUID

from infra.erasure import Erased
from infra.eventlog.facts import Fact


class ClientDataErased(Fact):
    """Nothing of a client is left here: our receipt for the erasing, in counts alone."""

    type: ClassVar[str] = "recommend.client-data-erased.v1"
    aggregate: ClassVar[str] = "erasure_id"

    erasure_id: UUID
    erased: list[Erased]
