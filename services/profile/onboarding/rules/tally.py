"""What became of the lines, in numbers that add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What becomes of a line; every line meets exactly one."""

    CREATED = "created"  # something new was written
    AMENDED = "amended"  # a gap of something known was filled
    MATCHED = "matched"  # known already, and what is known otherwise stays as it is
    UNCHANGED = "unchanged"  # known already, and the line says nothing else
    REFUSED = "refused"


class Sum(StrEnum):
    """Where an amount of the file is: all of these but the first are the first together."""

    FILE = "file"
    RECORDED = "recorded"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(slots=True)
class Tally:
    """Lines by fate, refusals by reason, what was left out, and sums {currency: {year: {where: minor units}}}."""

    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    sums: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Tally":
        """The tally as it was kept."""
        sums = {
            currency: {year: Counter(where) for year, where in years.items()}
            for currency, years in kept.get("sums", {}).items()
        }
        fates, reasons, left_out = (Counter(kept.get(name, {})) for name in ("fates", "reasons", "left_out"))
        return cls(fates, reasons, left_out, sums)

    def kept(self) -> dict[str, Any]:
        """As it is kept."""
        return {"fates": self.fates, "reasons": self.reasons, "left_out": self.left_out, "sums": self.sums}

    @property
    def lines(self) -> int:
        """Every line that was read."""
        return sum(self.fates.values())

    def count(self, fate: Fate, reason: str | None = None) -> None:
        """One more line."""
        self.fates[fate.value] += 1
        if reason is not None:
            self.reasons[str(reason)] += 1

    def add(self, currency: str, year: int, minor: int, where: Sum) -> None:
        """An amount of the file, and where it went."""
        sums = self.sums.setdefault(currency, {}).setdefault(str(year), Counter())
        sums[Sum.FILE.value] += minor
        sums[where.value] += minor
