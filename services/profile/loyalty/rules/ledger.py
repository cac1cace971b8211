"""The ledger of points: entries in, what is left of each lot out; first in, first out, and nothing expires twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from infra.refusal import Kind, Refusal

MOST = 10**9  # points of one entry

Owner = TypeVar("Owner")


class Entering(StrEnum):
    """Why there is an entry."""

    EARNED = "earned"  # a line of a receipt
    ENGAGED = "engaged"  # a contact that counts
    RETURNED = "returned"  # what a line had earned, taken back
    RESTORED = "restored"  # what was taken back for a return that was none
    SPENT = "spent"
    ADJUSTED = "adjusted"  # by somebody, for a reason
    EXPIRED = "expired"


class NotEnoughPoints(Refusal):
    """More than is there."""

    kind = Kind.CONFLICT
    slug = "not-enough-points"
    en = "She does not have that many points. See `balance` for how many there are."
    zh = "积分不足，当前可用积分见 balance。"


class NothingToEnter(Refusal):
    """Points to spend are more than none; an adjustment is not zero."""

    kind = Kind.INVALID
    slug = "points-nothing-to-enter"
    en = "Give a number of points to spend that is more than 0, or an adjustment that is not 0."
    zh = "消耗积分须大于 0，调整积分不能为 0。"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `number` is its place in the order, `lot` the number of the entry it takes from first, if any."""

    number: int
    points: int
    expires_on: date | None = None
    lot: int | None = None


@dataclass(slots=True)
class Lot:
    """What is left of the points that came in with one entry."""

    number: int
    expires_on: date | None
    left: int

    @property
    def turn(self) -> tuple[date, int]:
        """Its turn to be used: what expires first goes first, of one day what came in first."""
        return self.expires_on or date.max, self.number


class Ledger:
    """One record's entries, folded in their order.

    `debt` is what returns took back after it had been spent; what is earned next pays it. So the balance, which is the
    sum of the entries, is what is left of the lots, or minus the debt; never is there a debt and something left.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._lots: dict[int, Lot] = {}
        self.debt = 0
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take one more entry."""
        if entry.points > 0:
            paid = min(self.debt, entry.points)
            self.debt -= paid
            self._lots[entry.number] = Lot(entry.number, entry.expires_on, entry.points - paid)
            return
        missing = -entry.points
        own = self._lots.get(entry.lot) if entry.lot is not None else None
        for lot in [*([own] if own else ()), *self.lots]:
            taken = min(lot.left, missing)
            lot.left -= taken
            missing -= taken
        self.debt += missing

    @property
    def lots(self) -> list[Lot]:
        """The lots that something is left of, in the order in which they are used."""
        return sorted((lot for lot in self._lots.values() if lot.left), key=lambda lot: lot.turn)

    @property
    def balance(self) -> int:
        """The sum of the entries."""
        return sum(lot.left for lot in self._lots.values()) - self.debt

    def due(self, today: date) -> list[Lot]:
        """The lots whose day has come; their points count no more, swept or not."""
        return [lot for lot in self.lots if lot.expires_on is not None and lot.expires_on <= today]

    def available(self, today: date) -> int:
        """The balance without what is due."""
        return self.balance - sum(lot.left for lot in self.due(today))

    def next_expiry(self, today: date) -> tuple[date, int] | None:
        """The next day on which something expires, and how much."""
        days = [lot.expires_on for lot in self.lots if lot.expires_on is not None and lot.expires_on > today]
        if not days:
            return None
        first = min(days)
        return first, sum(lot.left for lot in self.lots if lot.expires_on == first)


def spend(ledgers: Mapping[Owner, Ledger], points: int) -> dict[Owner, int]:
    """How many points of each record are used to spend so many of one person's; what is due was swept before.

    The lots of all records take turns as if they were one ledger's, and each record loses what was its own: a
    separation finds no record that has spent another's. Raises NotEnoughPoints.
    """
    balance = sum(ledger.balance for ledger in ledgers.values())
    if points > balance:
        raise NotEnoughPoints(balance=max(balance, 0))
    every = sorted(
        ((lot, owner) for owner, ledger in ledgers.items() for lot in ledger.lots), key=lambda one: one[0].turn
    )
    parts: dict[Owner, int] = {}
    missing = points
    for lot, owner in every:
        taken = min(lot.left, missing)
        missing -= taken
        if taken:
            parts[owner] = parts.get(owner, 0) + taken
    return parts
