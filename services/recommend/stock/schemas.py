"""Stock over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, View


class StockForm(Form):
    """How many of a piece a boutique has now (not a difference)."""

    boutique_id: UUID
    piece_code: Code
    quantity: Annotated[int, Field(ge=0, le=100_000)]


class StocksForm(Form):
    """Quantities to set."""

    stock: Annotated[list[StockForm], Field(min_length=1, max_length=1000)]


class StockView(View):
    """How many of a piece a boutique has."""

    piece_code: str
    quantity: int
    changed_at: datetime


class ChangedView(View):
    """How many quantities were different, and how many stood like that already."""

    changed: int
    unchanged: int
