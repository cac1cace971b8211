"""Delimited text as it lies in files: a bad line stays one bad line and swallows none of those behind it."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator


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


def records(lines: Iterable[str], *, delimiter: str = ",") -> Iterator[list[str] | None]:
    """The records of these lines; empty for a blank line, None for a line that cannot be read."""
    source = _Lines(lines)
    # Strict: a quotation mark that is never closed must not swallow the lines behind it.
    reader = csv.reader(source, strict=True, delimiter=delimiter)
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
        yield record
