"""What assortments announce."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class AssortmentPrepared(Fact):
    """Pieces were chosen for a visit."""

    type: ClassVar[str] = "recommend.assortment-prepared.v1"
    aggregate: ClassVar[str] = "assortment_id"

    assortment_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    piece_codes: list[str]
