"""What the catalogue announces."""

from typing import ClassVar

from infra.eventlog.facts import Fact


class PieceUpserted(Fact):
    """A piece was created or described anew."""

    type: ClassVar[str] = "recommend.piece-upserted.v1"
    aggregate: ClassVar[str] = "piece_id"

    piece_id: str
    piece_code: str
    category: str
    collection: str
