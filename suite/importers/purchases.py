"""`maison import purchases`: a POS export, line by line, through the same API a till would call."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from suite.door import Door
from suite.house import any_till
from suite.importers.bookkeeping import Books, Count
from suite.importers.mapping import BadLine, Line, MapUnfit, PurchaseMap, load, read

RECEIPTS = 500  # in one request; the API takes 1,000
LINES = 4_000


@dataclass
class Batch:
    """Receipts on their way: each with its lines' places in the file, so that a refused line can be named."""

    receipts: list[dict[str, Any]] = field(default_factory=list)
    places: list[dict[int, int]] = field(default_factory=list)  # per receipt: line key -> line of the file
    lines: int = 0

    def add(self, line: Line, key: int) -> None:
        """Put a line to its receipt, which is the last one or a new one."""
        if not self.receipts or self.receipts[-1]["receipt"] != line.receipt:
            self.receipts.append({**line.head, "lines": []})
            self.places.append({})
        self.receipts[-1]["lines"].append({"line": key, **line.body})
        self.places[-1][key] = line.number
        self.lines += 1

    def is_full(self) -> bool:
        """Whether it is time to send."""
        return self.lines >= LINES or len(self.receipts) >= RECEIPTS


def rows(file: Path, using: PurchaseMap) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line of the export with its number (the header is line 1); raises MapUnfit for a column that is missing."""
    with file.open(encoding="utf-8-sig", newline="") as content:
        reader = csv.DictReader(content)
        if missing := using.columns() - set(reader.fieldnames or ()):
            what = f"{file.name} has no column {', '.join(sorted(missing))}"
            raise MapUnfit(what, f"Its columns are: {', '.join(reader.fieldnames or ())}.")
        # An ordinal, not reader.line_num: a quoted line break must not shift the numbers of the lines behind it.
        yield from enumerate(reader, start=2)


def stream(
    till: Door, lines: Iterable[tuple[int, dict[str, str]]], using: PurchaseMap, books: Books
) -> Iterator[Count]:
    """Send everything that is not settled yet; yields the counts after each batch.

    The export numbers no lines, so a line's key is its ordinal within its receipt, counted over the whole file: a
    receipt may be split, and may hold two equal lines.
    """
    ordinals: Counter[str] = Counter()
    settled, batch, seen, bad = books.count.read, Batch(), 0, []
    for number, row in lines:
        seen += 1
        try:
            line = read(row, number, using)
        except BadLine as why:
            # It still takes its ordinal: a later correction must not renumber the lines behind it.
            ordinals[(row[using.receipt] or "").strip()] += 1
            if seen > settled:
                bad.append((number, why.code))
            continue
        ordinals[line.receipt] += 1
        if seen > settled:
            if batch.is_full() and batch.receipts[-1]["receipt"] != line.receipt:
                _send(till, batch, bad, books)
                books.settle(read=seen - 1)
                yield books.count
                batch, bad = Batch(), []
            batch.add(line, ordinals[line.receipt])
    _send(till, batch, bad, books)
    books.settle(read=seen)
    yield books.count


def _send(till: Door, batch: Batch, bad: list[tuple[int, str]], books: Books) -> None:
    refused = list(bad)
    if batch.receipts:
        answer = till.post("/v1/purchases/batch", {"receipts": batch.receipts})
        for item, places in zip(answer["items"], batch.places, strict=True):
            books.count.accepted += item["accepted"]
            books.count.repeated += item["repeated"]
            refused += [(places[line["line"]], line["code"]) for line in item["rejected"]]
    for number, reason in sorted(refused):
        books.reject(number, reason)


def bring_in(till: Door, file: Path, mapping: Path) -> Count:
    """Import a file with a progress bar; answers what became of its lines."""
    using = load(mapping)
    with file.open("rb") as content:
        total = sum(block.count(b"\n") for block in iter(lambda: content.read(1 << 20), b"")) - 1
    books = Books.open(file, mapping)
    try:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as bar:
            task = bar.add_task(f"{file.name}", total=total, completed=books.count.read)
            for count in stream(till, rows(file, using), using, books):
                bar.update(task, completed=count.read)
    finally:
        books.close()
    return books.count


def run(file: Path, mapping: Path) -> int:
    """The command: signs in as a till and says what became of every line."""
    with any_till() as till:
        count = bring_in(till, file, mapping)
    print_count(count, file)
    return 0


def print_count(count: Count, file: Path) -> None:
    """One sentence that adds up."""
    print(  # noqa: T201 - the command's answer
        f"{count.read:,} lines = {count.accepted:,} accepted + {count.repeated:,} already there"
        f" + {count.rejected:,} rejected" + (f" (see {file.name}.rejects.csv)" if count.rejected else "")
    )
