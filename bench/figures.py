"""What a measurement comes to: one line of the table, and the line of the file that keeps it."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROUNDS = 5  # the least; a median of fewer says little


@dataclass(frozen=True)
class Figure:
    """One measured thing. `ratio` is measured over compared, both of the same run; `reached` is None without a goal."""

    what: str
    measured: float
    unit: str
    compared_with: str = ""
    compared: float | None = None
    ratio: float | None = None
    goal: str = ""
    reached: bool | None = None


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both of its sides."""
    return statistics.median(one / other for one, other in zip(over, under, strict=True))


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> None:
    """Print them."""
    shown = Table(title="Measured side by side in this run (medians)", title_justify="left")
    for heading in ("what", "measured", "compared with", "ratio", "goal", "reached"):
        shown.add_column(heading, justify="right" if heading in {"measured", "ratio"} else "left")
    for one in figures:
        beside = one.compared_with
        if one.compared is not None:
            beside = f"{beside}: {_number(one.compared)} {one.unit}"
        mark = "" if one.reached is None else "yes" if one.reached else "no"
        quotient = "" if one.ratio is None else f"{one.ratio:.2f}"
        shown.add_row(one.what, f"{_number(one.measured)} {one.unit}", beside, quotient, one.goal, mark)
    Console(width=None if Console().is_terminal else 160).print(shown)


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Write them as JSON."""
    path.write_text(json.dumps([asdict(one) for one in figures], ensure_ascii=False, indent=1) + "\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
