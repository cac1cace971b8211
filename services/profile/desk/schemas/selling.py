"""What she owns, claims and is sold from afar, on the wire."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Currency, Form, Minor, Text, View
from services.profile.desk.schemas.finding import MaskedView
from services.profile.desk.schemas.intake import Phone
from services.profile.pieces.schemas import PieceView
from services.profile.purchases.queries.remote import RemoteSale
from services.profile.purchases.rules.remote import Status, Step, next_steps


class PieceOwnerView(MaskedView):
    """Whose a piece is: by name only for whoever may see her."""

    display_name: str | None


class FoundPieceView(PieceView):
    """A piece found by its serial; nobody may own it."""

    owner: PieceOwnerView | None


class FoundView(View):
    """The piece with a serial, or nothing."""

    items: list[FoundPieceView]


class ClaimForm(Form):
    """Whose an anonymous receipt is: named by what stands on it, or all those of late that a phone was left with.

    A client claims for herself and proves it with day and amount; staff name the client.
    """

    client_id: UUID | None = None
    pos: Code | None = None
    receipt: Text | None = None
    purchased_on: date | None = None
    net_minor: Minor | None = None
    phone: Phone | None = None


class ClaimView(View):
    """The receipts that are hers now; claimed again, the same ones."""

    client_id: UUID
    purchase_ids: list[UUID]


class RemoteSaleForm(Form):
    """A piece kept for a client who buys it by chat."""

    boutique_id: UUID
    piece_code: Code
    price_minor: Annotated[int, Field(ge=0, le=10**15)]
    currency: Currency


class StepForm(Form):
    """One step of a sale by chat. A link goes with `send-link`, a courier and a tracking number with `ship`."""

    step: Step
    link: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^https://[\x21-\x7e]+$")] | None = None
    courier: Text | None = None
    tracking: Text | None = None


class RemoteSaleView(View):
    """A sale by chat; `next_steps` are those that may follow."""

    remote_sale_id: UUID
    client_id: UUID
    boutique_id: UUID
    piece_code: str
    price_minor: int
    currency: str
    status: Status
    link: str | None
    courier: str | None
    tracking: str | None
    reserved_at: datetime
    changed_at: datetime
    next_steps: list[Step]

    @classmethod
    def of(cls, sale: RemoteSale) -> "RemoteSaleView":
        """The view of a sale."""
        return cls.model_validate({**asdict(sale), "next_steps": next_steps(sale.status)})
