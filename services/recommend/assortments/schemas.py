"""Recommendations and assortments over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Code, Form, View
from services.recommend.assortments.rules import MOST, Reason

Codes = Annotated[tuple[Code, ...], Field(max_length=2 * MOST)]


class VisitForm(Form):
    """The visit to prepare."""

    appointment_id: UUID


class EditForm(Form):
    """Pieces to pin (also such as were not chosen, if the boutique has them), to drop, and to show first."""

    pin: Codes = ()
    drop: Codes = ()
    order: Codes = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for codes in (self.pin, self.drop, self.order):
            if len(set(codes)) < len(codes):
                raise ValueError("a piece stands twice in one list")
        if set(self.drop) & {*self.pin, *self.order}:
            raise ValueError("a dropped piece can be neither pinned nor ordered")
        return self


class ReasonView(View):
    """Why a piece is shown."""

    code: Reason
    zh: str
    en: str


class SuggestionView(View):
    """A piece suggested to a client. `in_stock` is about this moment, and null when no boutique was named."""

    piece_code: str
    name_zh: str
    name_en: str
    category: str
    collection: str
    price_minor: int
    currency: str
    place: int
    in_stock: bool | None
    reason: ReasonView


class ChosenPieceView(SuggestionView):
    """The same for the house: a pinned piece stays when the visit is prepared anew."""

    pinned: bool


class MyRecommendationsView(View):
    """Pieces for the client who asks; `personalised` tells whether her purchases had a part in the choice."""

    boutique_id: UUID | None
    personalised: bool
    items: list[SuggestionView]


class RecommendationsView(View):
    """Pieces for a client; `personalised` tells whether what we know of her had a part in the choice."""

    client_id: UUID
    boutique_id: UUID | None
    personalised: bool
    items: list[ChosenPieceView]


class AssortmentView(View):
    """The pieces prepared for a visit; `version` is what its ETag says."""

    assortment_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    personalised: bool
    prepared_at: datetime
    version: int
    pieces: list[ChosenPieceView]


class VisitsForm(Form):
    """Visits that are about to come."""

    appointment_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class LaidOutView(View):
    """How much is prepared for a visit, and how much of it the boutique does not have at this moment. No piece."""

    appointment_id: UUID
    assortment_id: UUID
    prepared_at: datetime
    pieces: int
    not_in_stock: int


class LaidOutsView(View):
    """The visits for which something is prepared."""

    items: list[LaidOutView]


class AssortmentsView(View):
    """The assortments of one visit: one, or none."""

    items: list[AssortmentView]
