"""What a line of a receipt may be, and how a line offered again is told from a new one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

# Tills sell postage and bank charges under names with blanks; a line of money is not refused for that.
_PIECE_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]*( [A-Za-z0-9_.\-]+)*$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
LONGEST_PIECE_CODE = 64
LARGEST_MINOR = 10**15  # of a line, and of a receipt with all its lines
LARGEST_QUANTITY = 10**6
CLOCK_SLACK = timedelta(days=1)  # a till's clock may be wrong by a time zone
FIRST_RECEIPT_YEAR = 1837  # no house here is older than its oldest ledger


class Fault(StrEnum):
    """Why a line is not taken."""

    BAD_LINE_NUMBER = "bad-line-number"
    BAD_PIECE_CODE = "bad-piece-code"
    QUANTITY_ZERO = "quantity-zero"
    QUANTITY_TOO_LARGE = "quantity-too-large"
    PRICE_NEGATIVE = "price-negative"
    AMOUNT_TOO_LARGE = "amount-too-large"
    NET_AGAINST_QUANTITY = "net-against-quantity"
    LINE_DIFFERS = "line-differs"
    BAD_CURRENCY = "bad-currency"
    CURRENCY_DIFFERS = "currency-differs"
    CUSTOMER_DIFFERS = "customer-differs"
    DATE_IMPOSSIBLE = "date-impossible"


class NothingTaken(Refusal):
    """No line of a receipt can be kept."""

    kind = Kind.INVALID
    slug = "nothing-taken"
    en = "No line of this receipt can be kept. See `rejected` for the reason of each."
    zh = "该小票的所有明细均无法保存，原因见 rejected。"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: money in minor units, a return has a negative quantity and net."""

    line: int
    piece_code: str
    quantity: int
    unit_minor: int
    net_minor: int
    description: str | None


@dataclass(slots=True)
class Sorted:
    """The lines of one receipt by what became of them; every line offered stands in exactly one of the three."""

    accepted: list[Line] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    rejected: list[tuple[int, Fault]] = field(default_factory=list)


def receipt_fault(currency: str, purchased_at: datetime, *, now: datetime) -> Fault | None:
    """What makes a whole receipt unacceptable, whatever its lines."""
    if not _CURRENCY.match(currency):
        return Fault.BAD_CURRENCY
    if purchased_at.year < FIRST_RECEIPT_YEAR or purchased_at > now + CLOCK_SLACK:
        return Fault.DATE_IMPOSSIBLE
    return None


def line_fault(line: Line) -> Fault | None:
    """What makes a line unacceptable on its own: the first thing wrong with it."""
    refused = {
        Fault.BAD_LINE_NUMBER: not 0 < line.line <= LARGEST_QUANTITY,
        Fault.BAD_PIECE_CODE: len(line.piece_code) > LONGEST_PIECE_CODE or not _PIECE_CODE.match(line.piece_code),
        Fault.QUANTITY_ZERO: line.quantity == 0,
        Fault.QUANTITY_TOO_LARGE: abs(line.quantity) > LARGEST_QUANTITY,
        Fault.PRICE_NEGATIVE: line.unit_minor < 0,
        Fault.AMOUNT_TOO_LARGE: max(abs(line.unit_minor * line.quantity), abs(line.net_minor)) > LARGEST_MINOR,
        Fault.NET_AGAINST_QUANTITY: line.net_minor * line.quantity < 0,
    }
    return next((fault for fault, holds in refused.items() if holds), None)


def room(kept: Iterable[Line]) -> int:
    """What a receipt with these lines may still take, in minor units.

    Sales and returns both use it up. So it only shrinks, and a line refused for want of it is refused again.
    """
    return LARGEST_MINOR - sum(abs(line.net_minor) for line in kept)


def sort(offered: Iterable[Line], stored: Mapping[int, Line], *, left: int, refused: Fault | None = None) -> Sorted:
    """Sort the lines of a receipt against those already kept, which leave `left` of its room.

    `refused` is what speaks against adding to the receipt at all; what is already kept is repeated nevertheless.
    """
    found, kept = Sorted(), dict(stored)
    for line in offered:
        fault = line_fault(line)
        before = kept.get(line.line)
        if fault is not None:
            found.rejected.append((line.line, fault))
        elif before is not None and before == line:
            found.repeated.append(line.line)
        elif before is not None:
            found.rejected.append((line.line, Fault.LINE_DIFFERS))
        elif refused is not None:
            found.rejected.append((line.line, refused))
        elif abs(line.net_minor) > left:
            found.rejected.append((line.line, Fault.AMOUNT_TOO_LARGE))
        else:
            left -= abs(line.net_minor)
            kept[line.line] = line
            found.accepted.append(line)
    return found
