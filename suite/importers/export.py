"""An export as it lies on the disk: CSV with a header, whose bad lines stay bad lines and stop nothing."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from suite.importers.mapping import MapUnfit, PurchaseMap, Row


class _Lines:
    """Physical lines, of which those that were taken for a record may be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self._taken.append(line)
        return line

    def settle(self) -> None:
        """The record is understood."""
        self._taken.clear()

    def give_back(self) -> None:
        """The record is not: only its first line is bad, and the others are read again."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._taken.clear()


def _records(lines: Iterable[str]) -> Iterator[list[str] | None]:
    source = _Lines(lines)
    # Strict: a quotation mark that is never closed must not swallow the lines behind it.
    reader = csv.reader(source, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            source.give_back()
            yield None
            continue
        source.settle()
        if record:
            yield record


def rows(file: Path, using: PurchaseMap) -> Iterator[tuple[int, Row]]:
    """Each line with its number (the header is line 1), None for one that is not CSV.

    Raises MapUnfit for a column that is missing.
    """
    # A byte that is not UTF-8 becomes half a surrogate pair, and its line is refused for it.
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as content:
        records = _records(content)
        header = next(records, None) or []
        if missing := using.columns() - set(header):
            named = ", ".join(sorted(missing))
            seen = ", ".join(header).encode(errors="replace").decode()
            raise MapUnfit(
                f"{file.name} has no column {named}", f"Its columns are: {seen or 'none'}. It must be UTF-8."
            )
        # An ordinal, not reader.line_num: a quoted line break must not shift the numbers of the lines behind it.
        for number, record in enumerate(records, start=2):
            # A short row lacks its last columns; what a long one has besides belongs to none.
            yield number, dict(zip(header, record, strict=False)) if record is not None else None
