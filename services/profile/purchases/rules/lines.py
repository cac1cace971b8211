"""What a line of a receipt may be, and how a line offered again is told from a new one."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.profile.purchases.rules.currencies import CURRENCIES

# Tills sell postage and bank charges under names with blanks; a line of money is not refused for that.
_PIECE_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]*( [A-Za-z0-9_.\-]+)*$")
_SERIAL = re.compile(r"^[A-Z0-9][A-Z0-9./\-]{2,39}$")
_PERIOD = re.compile(r"^([0-9]{4})(?:-(0[1-9]|1[0-2]))?$")
LONGEST_PIECE_CODE = 64
LARGEST_MINOR = 10**15  # of a line, and of a receipt with all its lines
LARGEST_QUANTITY = 10**6
CLOCK_SLACK = timedelta(days=1)  # a till's clock may be wrong by a time zone
FIRST_RECEIPT_YEAR = 1837  # no house here is older than its oldest ledger
WHOLE_BP = 10_000  # a whole receipt, in basis points

Channel = Literal["boutique", "e-shop", "overseas", "remote", "legacy"]


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
    TOTAL_DIFFERS = "total-differs"
    SHARES_DO_NOT_SUM = "shares-do-not-sum"
    BAD_PHONE = "bad-phone"
    BAD_SERIAL = "bad-serial"
    SERIAL_SOLD = "serial-sold"
    RETURN_NOT_NEGATIVE = "return-not-negative"
    RETURN_OF_NO_SALE = "return-of-no-sale"
    RETURN_DIFFERS = "return-differs"
    RETURN_TOO_LARGE = "return-too-large"
    LESS_THAN_RETURNED = "less-than-returned"
    EXCHANGE_INCOMPLETE = "exchange-incomplete"


# Callers were promised that `code` is one of the first dozen: what was added since has the nearest of them there, and
# its own name in `reasons`.
CODES: Mapping[Fault, Fault] = {
    Fault.TOTAL_DIFFERS: Fault.AMOUNT_TOO_LARGE,
    Fault.SHARES_DO_NOT_SUM: Fault.AMOUNT_TOO_LARGE,
    Fault.BAD_PHONE: Fault.CUSTOMER_DIFFERS,
    Fault.BAD_SERIAL: Fault.BAD_PIECE_CODE,
    Fault.SERIAL_SOLD: Fault.LINE_DIFFERS,
    Fault.RETURN_NOT_NEGATIVE: Fault.NET_AGAINST_QUANTITY,
    Fault.RETURN_OF_NO_SALE: Fault.LINE_DIFFERS,
    Fault.RETURN_DIFFERS: Fault.LINE_DIFFERS,
    Fault.RETURN_TOO_LARGE: Fault.QUANTITY_TOO_LARGE,
    Fault.LESS_THAN_RETURNED: Fault.AMOUNT_TOO_LARGE,
    Fault.EXCHANGE_INCOMPLETE: Fault.LINE_DIFFERS,
}


class NothingTaken(Refusal):
    """No line of a receipt can be kept."""

    kind = Kind.INVALID
    slug = "nothing-taken"
    en = "No line of this receipt can be kept. See `rejected` and `reasons` for the reason of each."
    zh = "该小票的所有明细均无法保存，原因见 rejected 和 reasons。"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: the one name it has in the whole house."""

    pos: str
    receipt: str
    line: int


@dataclass(frozen=True, slots=True)
class Details:
    """What most lines say nothing of.

    `sale` is the line that a return takes back. Lines of one receipt with the same `exchange` belong together.
    `recipient` is whom the piece was bought for, as far as it is known who she is.
    """

    serial: str | None = None
    sale: Place | None = None
    exchange: str | None = None
    recipient: Hashable = None
    category: str | None = None
    is_limited: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: money in minor units, a return has a negative quantity and net."""

    line: int
    piece_code: str
    quantity: int
    unit_minor: int
    net_minor: int
    description: str | None
    details: Details | None = None

    @property
    def serial(self) -> str | None:
        """The serial of the one piece that it is about."""
        return self.details.serial if self.details else None

    @property
    def sale(self) -> Place | None:
        """The line that it takes back."""
        return self.details.sale if self.details else None

    @property
    def exchange(self) -> str | None:
        """The exchange that it is one side of."""
        return self.details.exchange if self.details else None


@dataclass(frozen=True, slots=True)
class Share:
    """An advisor's part in a receipt, in basis points."""

    advisor_id: UUID
    share_bp: int


@dataclass(frozen=True, slots=True)
class Whole:
    """What a part says of the whole receipt that its lines must keep to."""

    total_minor: int | None = None
    shares: tuple[Share, ...] = ()


@dataclass(slots=True)
class Sorted:
    """The lines of one receipt by what became of them; every line offered stands in exactly one of the three."""

    accepted: list[Line] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    rejected: list[tuple[int, Fault]] = field(default_factory=list)


def receipt_fault(
    currency: str, purchased_at: datetime | None, *, now: datetime, shares: Sequence[Share] = ()
) -> Fault | None:
    """What makes a whole receipt unacceptable, whatever its lines. Nobody knows when it was: `purchased_at` None."""
    if currency not in CURRENCIES:
        return Fault.BAD_CURRENCY
    if shares and not add_up(shares):
        return Fault.SHARES_DO_NOT_SUM
    if purchased_at is None:
        return Fault.DATE_IMPOSSIBLE
    if purchased_at.year < FIRST_RECEIPT_YEAR or purchased_at > now + CLOCK_SLACK:
        return Fault.DATE_IMPOSSIBLE
    return None


def add_up(shares: Sequence[Share]) -> bool:
    """Whether these are the whole, each advisor named once and with some part of it."""
    advisors = {share.advisor_id for share in shares}
    return (
        len(advisors) == len(shares)
        and all(share.share_bp > 0 for share in shares)
        and sum(share.share_bp for share in shares) == WHOLE_BP
    )


def beginning(period: str) -> datetime | None:
    """The first moment of a year (`1956`) or a month (`1956-03`) of an old ledger; None for anything else."""
    found = _PERIOD.match(period)
    if found is None or int(found[1]) < 1:
        return None
    return datetime(int(found[1]), int(found[2] or 1), 1, tzinfo=UTC)


def tidy_serial(typed: str) -> str:
    """A serial as it is compared: in capitals, without the blanks in which it is engraved."""
    return "".join(typed.split()).upper()


def is_serial(tidied: str) -> bool:
    """Whether a tidied serial can be one."""
    return _SERIAL.match(tidied) is not None


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
    if (details := line.details) is not None:
        serial = details.serial
        refused |= {
            # A serial is of one piece.
            Fault.BAD_SERIAL: serial is not None and (abs(line.quantity) != 1 or not is_serial(serial)),
            Fault.RETURN_NOT_NEGATIVE: details.sale is not None and line.quantity > 0,
        }
    return next((fault for fault, holds in refused.items() if holds), None)


def room(kept: Iterable[Line]) -> int:
    """What a receipt with these lines may still take, in minor units.

    Sales and returns both use it up. So it only shrinks, and a line refused for want of it is refused again.
    """
    return LARGEST_MINOR - sum(abs(line.net_minor) for line in kept)


def sort(
    offered: Sequence[Line],
    stored: Mapping[int, Line],
    *,
    left: int,
    refused: Fault | None = None,
    whole: Whole | None = None,
    also: Mapping[int, Fault] | None = None,
) -> Sorted:
    """Sort the lines of a receipt against those already kept, which leave `left` of its room.

    `refused` is what speaks against adding to the receipt at all; what is already kept is repeated nevertheless.
    `also` is what speaks against single lines, by their number. With `whole`, what is added has to complete it: a
    total that the lines do not come to, or half an exchange, refuses them.
    """
    found = _sort(offered, stored, left=left, refused=refused, also=also or {})
    if whole is None or not found.accepted:
        return found
    kept = {**stored, **{line.line: line for line in found.accepted}}
    halves = _halves(kept.values())
    if half := {line.line: Fault.EXCHANGE_INCOMPLETE for line in found.accepted if line.exchange in halves}:
        return sort(offered, stored, left=left, whole=whole, also={**half, **(also or {})})
    if whole.total_minor is not None and sum(line.net_minor for line in kept.values()) != whole.total_minor:
        return _sort(offered, stored, left=left, refused=Fault.TOTAL_DIFFERS, also=also or {})
    return found


def _halves(lines: Iterable[Line]) -> set[str]:
    """The exchanges of which only one side is there."""
    sides: dict[str, set[bool]] = defaultdict(set)
    for line in lines:
        if line.exchange is not None:
            sides[line.exchange].add(line.quantity > 0)
    return {exchange for exchange, found in sides.items() if len(found) == 1}


def _sort(
    offered: Iterable[Line],
    stored: Mapping[int, Line],
    *,
    left: int,
    refused: Fault | None,
    also: Mapping[int, Fault],
) -> Sorted:
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
        elif refused is not None or line.line in also:
            found.rejected.append((line.line, refused or also[line.line]))
        elif abs(line.net_minor) > left:
            found.rejected.append((line.line, Fault.AMOUNT_TOO_LARGE))
        else:
            left -= abs(line.net_minor)
            kept[line.line] = line
            found.accepted.append(line)
    return found
