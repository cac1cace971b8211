"""Receipts on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, Minor, Text, View
from services.profile.identities.models import HIDDEN_NAME, MASK
from services.profile.purchases.rules.lines import WHOLE_BP, Channel, Details, Fault, Line

# Room for a till's nonsense: what is too large is refused line by line, not with the batch. A power of ten, for the
# document writes it as a float: of 2**62 a reader of decimals would make more than we take.
_INT = 10**19
Method = Literal["cash", "card", "transfer", "wechat", "alipay", "voucher", "other"]
BATCH_RECEIPTS = 1_000
BATCH_LINES = 10_000


class CustomerForm(Form):
    """Who bought, by the number that a system of the house gave her, or, as `eshop`, a shop on a platform."""

    kind: Literal["pos", "eshop"] = "pos"
    system: Code
    value: Text


class SaleForm(Form):
    """The line that a return takes back; it may be told later than the return."""

    pos: Code
    receipt: Text
    line: Annotated[int, Field(ge=1, le=10**6)]


class LineForm(Form):
    """One line. What is wrong with a line refuses that line only, so its limits are judged, not parsed.

    A return has a negative quantity; with `returns` it is held against its sale. Lines of one receipt with the same
    `exchange` belong together, a return and a sale at least. `gift_for` is whom it was bought for: the piece is hers.
    """

    line: Annotated[int, Field(ge=-_INT, le=_INT)]
    piece_code: Annotated[str, Field(max_length=200)]
    quantity: Annotated[int, Field(ge=-_INT, le=_INT)]
    unit_price_minor: Annotated[int, Field(ge=-_INT, le=_INT)]
    # Without it: quantity times unit price.
    net_minor: Annotated[int, Field(ge=-_INT, le=_INT)] | None = None
    description: Annotated[str, Field(max_length=500)] | None = None
    serial: Annotated[str, Field(max_length=200)] | None = None
    returns: SaleForm | None = None
    exchange: Code | None = None
    gift_for: CustomerForm | None = None
    category: Code | None = None
    limited_edition: bool | None = None


class ShareForm(Form):
    """An advisor's part in a receipt, in basis points: those of one receipt are 10,000 together."""

    advisor_id: UUID
    share_bp: Annotated[int, Field(ge=1, le=WHOLE_BP)]


class PaymentForm(Form):
    """What was paid in one way, in the receipt's currency; a refund is negative."""

    method: Method
    amount_minor: Minor


class ReceiptForm(Form):
    """One receipt of one till system; without a customer it is anonymous. Its name is `pos` and `receipt`.

    An old ledger that knows no day gives `purchased_in` in place of `purchased_at`: a year or a month. With a total,
    the lines must come to it. `phone` is what an anonymous buyer left, `masked_phone` and `masked_name` what an
    e-shop shows of a buyer: they are compared, and identify nobody.
    What is said besides the lines counts when the receipt is first kept.
    """

    pos: Code
    receipt: Text
    store_code: Code
    purchased_at: AwareDatetime | None = None
    purchased_in: Annotated[str, Field(max_length=16, examples=["1956-03"])] | None = None
    currency: Annotated[str, Field(max_length=16)]
    customer: CustomerForm | None = None
    channel: Channel | None = None
    total_minor: Annotated[int, Field(ge=-_INT, le=_INT)] | None = None
    shares: Annotated[list[ShareForm], Field(default=[], max_length=20)]
    payments: Annotated[list[PaymentForm], Field(default=[], max_length=20)]
    phone: Annotated[str, Field(max_length=32)] | None = None
    masked_phone: Annotated[str, Field(pattern=MASK, max_length=24)] | None = None
    masked_name: Annotated[str, Field(pattern=HIDDEN_NAME, max_length=40, examples=["李**"])] | None = None
    scan_ref: Text | None = None
    lines: Annotated[list[LineForm], Field(min_length=1, max_length=BATCH_LINES)]


class ReceiptsForm(Form):
    """Receipts in any order; at most 10,000 lines together."""

    receipts: Annotated[list[ReceiptForm], Field(min_length=1, max_length=BATCH_RECEIPTS)]


# The codes that callers were promised; `CODES` says which of them stands for a later one.
Promised = Literal[
    Fault.BAD_LINE_NUMBER,
    Fault.BAD_PIECE_CODE,
    Fault.QUANTITY_ZERO,
    Fault.QUANTITY_TOO_LARGE,
    Fault.PRICE_NEGATIVE,
    Fault.AMOUNT_TOO_LARGE,
    Fault.NET_AGAINST_QUANTITY,
    Fault.LINE_DIFFERS,
    Fault.BAD_CURRENCY,
    Fault.CURRENCY_DIFFERS,
    Fault.CUSTOMER_DIFFERS,
    Fault.DATE_IMPOSSIBLE,
]


class RejectedLine(View):
    """A line that was not taken, and why."""

    line: int
    code: Promised


class Reason(View):
    """Why exactly a line was not taken, where `code` has no name for it."""

    line: int
    reason: Fault


class ReceiptOutcome(View):
    """What became of one receipt, in the order sent; `extended` had further lines, `rejected` had none to take."""

    index: int
    status: Literal["created", "extended", "repeated", "rejected"]
    purchase_id: UUID | None
    accepted: int
    repeated: int
    rejected: list[RejectedLine]
    reasons: list[Reason] = Field(default=[])


class ReceiptsView(View):
    """Lines in are accepted, repeated (already kept, equal) or rejected: the three always add up."""

    received_lines: int
    accepted_lines: int
    repeated_lines: int
    rejected_lines: int
    items: list[ReceiptOutcome]


class SaleView(View):
    """The line that a return takes back."""

    pos: str
    receipt: str
    line: int


class ShareView(View):
    """An advisor's part in a receipt, in basis points."""

    advisor_id: UUID
    share_bp: int


class PaymentView(View):
    """What was paid in one way; a refund is negative."""

    method: Method
    amount_minor: int


class LineView(View):
    """One line of a kept receipt; `gift` says that it was bought for somebody else."""

    line: int
    piece_code: str
    quantity: int
    unit_minor: int
    net_minor: int
    description: str | None
    serial: str | None = None
    returns: SaleView | None = None
    exchange: str | None = None
    gift: bool = False
    category: str | None = None
    limited_edition: bool | None = None

    @classmethod
    def of(cls, line: Line) -> "LineView":
        """The view of a line."""
        told = line.details or Details()
        return cls(
            line=line.line,
            piece_code=line.piece_code,
            quantity=line.quantity,
            unit_minor=line.unit_minor,
            net_minor=line.net_minor,
            description=line.description,
            serial=told.serial,
            returns=SaleView.model_validate(told.sale) if told.sale else None,
            exchange=told.exchange,
            gift=told.recipient is not None,
            category=told.category,
            limited_edition=told.is_limited,
        )


class PurchaseView(View):
    """A kept receipt with its lines.

    With `purchased_in` only that year or month is known, and `purchased_at` is its beginning. The advisors' shares
    are shown to the house only.
    """

    purchase_id: UUID
    pos: str
    receipt: str
    store_code: str
    boutique_id: UUID | None
    purchased_at: datetime
    currency: str
    net_minor: int
    lines: list[LineView]
    channel: Channel | None = None
    purchased_in: str | None = None
    scan_ref: str | None = None
    payments: list[PaymentView] = Field(default=[])
    shares: list[ShareView] = Field(default=[])


class CashFlagView(View):
    """A client's day, or an anonymous receipt, on which the cash taken in reached the limit."""

    flag_id: UUID
    client_id: UUID | None
    purchase_id: UUID | None
    cash_on: date
    cash_minor: int
    flagged_at: datetime


class CategoryView(View):
    """What was bought of one category; null where no till has said one."""

    category: str | None
    pieces: int
    sold_minor: int


class StoreTypeView(View):
    """What was bought in stores of one type in one currency; type null for stores the directory does not know.

    A basket is what was sold over the receipts with a sale, frequency the receipts of known clients over those clients.
    """

    boutique_type: str | None
    currency: str
    receipts: int
    clients: int
    pieces: int
    sold_minor: int
    returned_minor: int
    basket_minor: int | None
    basket_pieces: float | None
    frequency: float | None
    limited_pieces: int
    categories: list[CategoryView]


class StoreTypesView(View):
    """The report over some days, the first and the last included, by the calendar of China."""

    from_on: date
    to_on: date
    items: list[StoreTypeView]
