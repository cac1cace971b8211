"""Owned pieces on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import WORDS, Code, Form, LongText, Text, View
from services.profile.pieces.queries import Piece
from services.profile.pieces.rules import Way

Serial = Annotated[str, Field(min_length=1, max_length=64, pattern=WORDS)]
Kind = Literal["repair", "care", "resize", "engrave", "check", "exchange"]


class PieceForm(Form):
    """A piece that a client owns, as it is read from the piece and its papers."""

    serial: Serial
    piece_code: Code | None = None
    certificate: Text | None = None
    warranty_until: date | None = None
    care_guide: Text | None = None


class HandOverForm(Form):
    """To whom a piece goes, and how."""

    kind: Literal["given", "sold", "inherited"]
    client_id: UUID


class ServiceForm(Form):
    """What was done to a piece. The note is read by whoever may see its owner."""

    kind: Kind
    served_on: date
    note: LongText | None = None


class PieceView(View):
    """One piece by its serial, with its papers."""

    piece_id: UUID
    serial: str
    piece_code: str | None
    certificate: str | None
    warranty_until: date | None
    care_guide: str | None
    entered_at: datetime

    @classmethod
    def of(cls, piece: Piece) -> "PieceView":
        """The view of a piece."""
        return cls.model_validate(piece)


class ChangeView(View):
    """One change of owner: whose it became, null for nobody's or nobody known; by which line of a receipt."""

    kind: Way
    client_id: UUID | None
    changed_at: datetime
    purchase_id: UUID | None
    line: int | None


class ServiceView(View):
    """Something that was done to it."""

    service_id: UUID
    kind: Kind
    served_on: date
    note: str | None
    entered_at: datetime


class OwnedView(PieceView):
    """A piece with its owner, everybody before her, and everything that was done to it."""

    client_id: UUID | None
    history: list[ChangeView]
    services: list[ServiceView]


class ServedView(View):
    """The entry in its service history."""

    service_id: UUID
