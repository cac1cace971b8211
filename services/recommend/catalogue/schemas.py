"""Pieces over the wire."""

from typing import Annotated

from pydantic import Field

from infra.wire import Code, Currency, Form, Text, View


class PieceForm(Form):
    """One piece as the house describes it; the price is in minor units of its currency."""

    piece_code: Code
    category: Code
    collection: Code
    name_zh: Text
    name_en: Text
    price_minor: Annotated[int, Field(ge=0, le=10**13)]
    currency: Currency
    limited: bool = False


class PiecesForm(Form):
    """Pieces to create or replace, each by its code."""

    pieces: Annotated[list[PieceForm], Field(min_length=1, max_length=1000)]


class PieceView(View):
    """A piece."""

    piece_code: str
    category: str
    collection: str
    name_zh: str
    name_en: str
    price_minor: int
    currency: str
    limited: bool


class BatchView(View):
    """How many of a batch were new or different, and how many stood like that already."""

    changed: int
    unchanged: int
