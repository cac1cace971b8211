"""What has come back of what was sold: over all receipts, in whatever order they are told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.profile.purchases.rules.lines import Fault, Line, Place, line_fault


@dataclass(frozen=True, slots=True)
class Told:
    """One line with where it stands and in which currency its receipt is."""

    place: Place
    currency: str
    line: Line


class Ledger:
    """Sales, what has come back of each, and where every serial is, while a batch is sorted into it.

    A return is held against its sale as soon as both are known, whichever came first. So what has come back never
    exceeds what was sold, neither in pieces nor in money.
    """

    def __init__(self, kept: Iterable[Told] = ()) -> None:
        self._lines: dict[Place, Told] = {}
        self._back: dict[Place, list[Told]] = defaultdict(list)
        self._out: dict[str, dict[Place, int]] = defaultdict(dict)  # by serial: pieces that each line let out
        for told in kept:
            self.take(told)

    def take(self, told: Told) -> None:
        """A line is kept; twice changes nothing."""
        if told.place in self._lines:
            return
        self._lines[told.place] = told
        if told.line.sale is not None:
            self._back[told.line.sale].append(told)
        if told.line.serial is not None:
            self._out[told.line.serial][told.place] = told.line.quantity

    def faults(self, offered: Sequence[Told]) -> Mapping[int, Fault]:
        """What speaks against the lines of one receipt, by number, each seen beside those before it."""
        return self._copy(offered).taken_in(offered)

    def taken_in(self, offered: Sequence[Told]) -> Mapping[int, Fault]:
        """Take the lines that nothing speaks against; answers what speaks against the others, by number."""
        found: dict[int, Fault] = {}
        for told in offered:
            if told.place in self._lines or line_fault(told.line) is not None:
                continue
            if (fault := self._fault(told)) is not None:
                found[told.place.line] = fault
            else:
                self.take(told)
        return found

    def _fault(self, told: Told) -> Fault | None:
        line = told.line
        if line.serial is not None and line.quantity > 0 and sum(self._out[line.serial].values()) > 0:
            return Fault.SERIAL_SOLD
        if line.sale == told.place:
            return Fault.RETURN_OF_NO_SALE
        if line.sale is not None:
            sale = self._lines.get(line.sale)
            # Before its sale, a return is as good as its word.
            return _return_fault(sale, [*self._back[line.sale], told]) if sale is not None else None
        if back := self._back[told.place]:
            fault = _return_fault(told, back)
            return Fault.LESS_THAN_RETURNED if fault is Fault.RETURN_TOO_LARGE else fault
        return None

    def _copy(self, offered: Sequence[Told]) -> "Ledger":
        """As much of it as these lines are held against."""
        places = {place for told in offered for place in (told.place, told.line.sale) if place is not None}
        serials = {told.line.serial for told in offered if told.line.serial is not None}
        kept = [self._lines[place] for place in places if place in self._lines]
        kept += [told for place in places for told in self._back.get(place, ())]
        kept += [self._lines[place] for serial in serials for place in self._out.get(serial, ())]
        return Ledger(kept)


def _return_fault(sale: Told, back: Sequence[Told]) -> Fault | None:
    """What speaks against a sale that all this has come back of."""
    if sale.line.quantity < 0:
        return Fault.RETURN_OF_NO_SALE
    if any(_other(sale, told) for told in back):
        return Fault.RETURN_DIFFERS
    pieces = -sum(told.line.quantity for told in back)
    minor = -sum(told.line.net_minor for told in back)
    return Fault.RETURN_TOO_LARGE if pieces > sale.line.quantity or minor > sale.line.net_minor else None


def _other(sale: Told, back: Told) -> bool:
    serials = {sale.line.serial, back.line.serial} - {None}
    return sale.currency != back.currency or sale.line.piece_code != back.line.piece_code or len(serials) > 1
