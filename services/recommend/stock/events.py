"""What stock announces."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class StockChanged(Fact):
    """A boutique has more or fewer of a piece than before."""

    type: ClassVar[str] = "recommend.stock-changed.v1"
    aggregate: ClassVar[str] = "stock_id"

    stock_id: str  # boutique and piece
    boutique_id: UUID
    piece_code: str
    quantity: int
