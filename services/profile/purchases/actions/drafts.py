"""A receipt while the batch that brings it is worked on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from infra.ids import new_id
from services.profile.identities.queries import Holder, Known
from services.profile.purchases.queries.receipts import Purchase
from services.profile.purchases.rules import lines as rules
from services.profile.purchases.rules.lines import Channel, Details, Fault, Line, Place, Sorted, Whole
from services.profile.purchases.rules.returns import Ledger, Told


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid in one way; a refund is negative."""

    method: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class About:
    """What few tills tell of a receipt. The first part of it that is kept says it."""

    channel: Channel | None = None
    purchased_in: str | None = None  # a year or a month, where an old ledger knows no day
    scan_ref: str | None = None  # the scanned card it was taken from
    payments: tuple[Payment, ...] = ()
    phone: str | None = None  # E.164: who left her number with an anonymous receipt
    masked_phone: str | None = None  # all that an e-shop shows of it
    masked_name: str | None = None  # and of her name


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as a till reports it; `customer` is who bought, by the number a system of the house gave her.

    `fault` is what speaks against it before anything else is looked at; `purchased_at` None says that it has no time.
    """

    pos: str
    receipt: str
    store_code: str
    purchased_at: datetime | None
    currency: str
    customer: Known | None
    lines: tuple[Line, ...]
    whole: Whole = field(default_factory=Whole)
    about: About | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one receipt."""

    purchase_id: UUID | None
    created: bool
    lines: Sorted


@dataclass(slots=True)
class Draft:
    """One receipt while the batch is worked on; a batch may bring it in several parts."""

    parts: list[tuple[int, Receipt, Fault | None]]
    purchase_id: UUID = field(default_factory=new_id)
    stored: Purchase | None = None
    created: bool = False
    sorted: list[Sorted] = field(default_factory=list)
    customer: Known | None = None
    client_id: UUID | None = None

    @property
    def head(self) -> Receipt:
        """The part that says when, where and in which currency."""
        return next((receipt for _, receipt, fault in self.parts if fault is None), self.parts[0][1])

    @property
    def added(self) -> list[Line]:
        """The lines that are new."""
        return [line for part in self.sorted for line in part.accepted]

    @property
    def claims(self) -> bool:
        """Whether this batch tells who bought on a receipt that was anonymous."""
        return self.customer is not None and self.stored is not None and self.stored.client_id is None

    @property
    def teller(self) -> Receipt:
        """The first part of which a line is kept."""
        kept = zip(self.parts, self.sorted, strict=True)
        return next((receipt for (_, receipt, _), part in kept if part.accepted), self.head)

    @property
    def named(self) -> Iterator[Known]:
        """Everybody its good parts name: who bought, and for whom."""
        for _, receipt, fault in self.parts:
            if fault is not None:
                continue
            if receipt.customer is not None:
                yield receipt.customer
            for line in receipt.lines:
                if line.details is not None and isinstance(line.details.recipient, Known):
                    yield line.details.recipient

    def glance(self) -> None:
        """Sort the lines by what each is on its own, before anything else is known."""
        self.sorted = [
            rules.sort(receipt.lines, {}, left=rules.LARGEST_MINOR, refused=fault) for _, receipt, fault in self.parts
        ]

    def sort(
        self,
        stored: Iterable[Line],
        buyer: UUID | Known | None,
        held: Mapping[Known, Holder],
        ledger: Ledger | None,
    ) -> None:
        """Sort the lines of every part against what is kept; `buyer` is the canonical record of who bought.

        While nobody knows who bought, the first part that names her and keeps a line says it. A part that keeps
        nothing says nothing: whoever guesses at a receipt does not get it.
        """
        kept = {line.line: line for line in stored}
        left = rules.room(kept.values())
        currency = self.stored.currency if self.stored else self.head.currency
        self.sorted, self.customer = [], None
        for _, receipt, wrong in self.parts:
            fault, named = wrong, receipt.customer
            if named is not None and named in held and held[named].is_erased:
                named = None  # the receipt is nobody's
            person = held[named].canonical_id if named is not None and named in held else named
            if fault is None and receipt.currency != currency:
                fault = Fault.CURRENCY_DIFFERS
            elif fault is None and person is not None and buyer not in {None, person}:
                fault = Fault.CUSTOMER_DIFFERS
            offered = [_met(line, held) for line in receipt.lines]
            told = [_told(receipt, line, currency) for line in offered] if ledger is not None else []
            also = ledger.faults(told) if ledger is not None and fault is None else {}
            part = rules.sort(offered, kept, left=left, refused=fault, whole=receipt.whole, also=also)
            kept.update({line.line: line for line in part.accepted})
            left -= sum(abs(line.net_minor) for line in part.accepted)
            self.sorted.append(part)
            if ledger is not None:
                for line in part.accepted:
                    ledger.take(_told(receipt, line, currency))
            if fault is None and buyer is None and (part.accepted or part.repeated):
                buyer, self.customer = person, named


def _told(receipt: Receipt, line: Line, currency: str) -> Told:
    return Told(Place(receipt.pos, receipt.receipt, line.line), currency, line)


def _met(line: Line, held: Mapping[Known, Holder]) -> Line:
    """The line with its recipient as she is known; who had herself erased is nobody."""
    if line.details is None or not isinstance(line.details.recipient, Known):
        return line
    holder = held.get(line.details.recipient)
    if holder is None:
        return line
    met = replace(line.details, recipient=None if holder.is_erased else holder.canonical_id)
    return replace(line, details=None if met == Details() else met)
