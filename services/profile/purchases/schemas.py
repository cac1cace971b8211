"""Receipts on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, Text, View
from services.profile.purchases.rules import Fault

# Room for a till's nonsense: what is too large is refused line by line, not with the batch. A power of ten, for the
# document writes it as a float: of 2**62 a reader of decimals would make more than we take.
_INT = 10**19
BATCH_RECEIPTS = 1_000
BATCH_LINES = 10_000


class LineForm(Form):
    """One line. What is wrong with a line refuses that line only, so its limits are judged, not parsed."""

    line: Annotated[int, Field(ge=-_INT, le=_INT)]
    piece_code: Annotated[str, Field(max_length=200)]
    quantity: Annotated[int, Field(ge=-_INT, le=_INT)]
    unit_price_minor: Annotated[int, Field(ge=-_INT, le=_INT)]
    # Without it: quantity times unit price.
    net_minor: Annotated[int, Field(ge=-_INT, le=_INT)] | None = None
    description: Annotated[str, Field(max_length=500)] | None = None


class CustomerForm(Form):
    """Who bought, by the number that a system of the house gave her."""

    system: Code
    value: Text


class ReceiptForm(Form):
    """One receipt of one till system; without a customer it is anonymous. Its name is `pos` and `receipt`."""

    pos: Code
    receipt: Text
    store_code: Code
    purchased_at: AwareDatetime
    currency: Annotated[str, Field(max_length=16)]
    customer: CustomerForm | None = None
    lines: Annotated[list[LineForm], Field(min_length=1, max_length=BATCH_LINES)]


class ReceiptsForm(Form):
    """Receipts in any order; at most 10,000 lines together."""

    receipts: Annotated[list[ReceiptForm], Field(min_length=1, max_length=BATCH_RECEIPTS)]


class RejectedLine(View):
    """A line that was not taken, and why."""

    line: int
    code: Fault


class ReceiptOutcome(View):
    """What became of one receipt, in the order sent; `extended` had further lines, `rejected` had none to take."""

    index: int
    status: Literal["created", "extended", "repeated", "rejected"]
    purchase_id: UUID | None
    accepted: int
    repeated: int
    rejected: list[RejectedLine]


class ReceiptsView(View):
    """Lines in are accepted, repeated (already kept, equal) or rejected: the three always add up."""

    received_lines: int
    accepted_lines: int
    repeated_lines: int
    rejected_lines: int
    items: list[ReceiptOutcome]


class LineView(View):
    """One line of a kept receipt."""

    line: int
    piece_code: str
    quantity: int
    unit_minor: int
    net_minor: int
    description: str | None


class PurchaseView(View):
    """A kept receipt with its lines."""

    purchase_id: UUID
    pos: str
    receipt: str
    store_code: str
    boutique_id: UUID | None
    purchased_at: datetime
    currency: str
    net_minor: int
    lines: list[LineView]
