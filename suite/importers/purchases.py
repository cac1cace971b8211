"""`maison import purchases`: a POS export, line by line, through the same API a till would call."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from suite.door import Door, Refused
from suite.house import any_till
from suite.importers.bookkeeping import Books, Count
from suite.importers.export import rows
from suite.importers.mapping import BadLine, Line, PurchaseMap, Row, load, read, receipt_of

RECEIPTS = 500  # in one request; the API takes 1,000
LINES = 4_000
MOST_LINES = 6_000  # of one receipt in one request: the API takes 10,000 lines, and 8 MiB
UNREADABLE = {400, 413, 422}  # statuses that speak of what was sent, not of who sent it or of the moment


@dataclass
class Batch:
    """Receipts on their way: each with its lines' places in the file, so that a refused line can be named."""

    receipts: list[dict[str, Any]] = field(default_factory=list)
    places: list[dict[int, int]] = field(default_factory=list)  # per receipt: line key -> line of the file
    lines: int = 0
    enough: int = LINES
    bad: list[tuple[int, str]] = field(default_factory=list)  # lines that are not sent, and why

    def add(self, line: Line, key: int) -> None:
        """Put a line to its receipt, which is the last one or a new one."""
        if not self.receipts or self.receipts[-1]["receipt"] != line.receipt:
            self.receipts.append({**line.head, "lines": []})
            self.places.append({})
        self.receipts[-1]["lines"].append({"line": key, **line.body})
        self.places[-1][key] = line.number
        self.lines += 1

    def is_full_before(self, receipt: str) -> bool:
        """Whether it is time to send. A receipt stays together, unless it is too large for one request."""
        if self.lines >= MOST_LINES or len(self.bad) >= self.enough:
            return True
        is_full = self.lines >= self.enough or len(self.receipts) >= RECEIPTS
        return is_full and self.receipts[-1]["receipt"] != receipt


def stream(
    till: Door, lines: Iterable[tuple[int, Row]], using: PurchaseMap, books: Books, *, enough: int = LINES
) -> Iterator[Count]:
    """Send everything that is not settled yet, about `enough` lines at a time; yields the counts after each batch.

    The export numbers no lines, so a line's key is its ordinal within its receipt, counted over the whole file: a
    receipt may be split, and may hold two equal lines.
    """
    ordinals: Counter[str] = Counter()
    settled, batch, seen = books.count.read, Batch(enough=enough), 0
    for seen, (number, row) in enumerate(lines, start=1):
        receipt = receipt_of(row, using)
        # A bad line takes its ordinal too: a later correction must not renumber the lines behind it.
        ordinals[receipt] += 1
        if seen <= settled:
            continue
        if batch.is_full_before(receipt):
            _send(till, batch, books)
            books.settle(read=seen - 1)
            yield books.count
            batch = Batch(enough=enough)
        try:
            batch.add(read(row, number, using), ordinals[receipt])
        except BadLine as why:
            batch.bad.append((number, why.code))
    _send(till, batch, books)
    books.settle(read=seen)
    yield books.count


def _send(till: Door, batch: Batch, books: Books) -> None:
    refused = list(batch.bad)
    if batch.receipts:
        for item, places in zip(_answers(till, batch.receipts), batch.places, strict=True):
            books.count.accepted += item["accepted"]
            books.count.repeated += item["repeated"]
            refused += [(places[line["line"]], line["code"]) for line in item["rejected"]]
    for number, reason in sorted(refused):
        books.reject(number, reason)


def _answers(till: Door, receipts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of each receipt. One that the house cannot read at all takes none of the others with it."""
    try:
        items: list[dict[str, Any]] = till.post("/v1/purchases/batch", {"receipts": receipts})["items"]
        return items
    except Refused as refused:
        if refused.status not in UNREADABLE:
            raise
        if len(receipts) > 1:
            return [answer for receipt in receipts for answer in _answers(till, [receipt])]
        code = f"refused-by-the-house: {refused.kind.rpartition(':')[2]}"
        rejected = [{"line": line["line"], "code": code} for line in receipts[0]["lines"]]
        return [{"accepted": 0, "repeated": 0, "rejected": rejected}]


def bring_in(till: Door, file: Path, mapping: Path) -> Count:
    """Import a file with a progress bar; answers what became of its lines."""
    using = load(mapping)
    with file.open("rb") as content:
        total = sum(block.count(b"\n") for block in iter(lambda: content.read(1 << 20), b"")) - 1
    house = f"{till.address} {till.till.client_id if till.till is not None else ''}"
    books = Books.open(file, mapping, house=house)
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
