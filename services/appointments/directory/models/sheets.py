"""A small file as rows of text: CSV however it was saved, or the first sheet of a workbook."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra import workbooks
from infra.delimited import records
from infra.workbooks import OLE, ZIP, TableUnfit, without_nul

MOST_ROWS = 1_000
MOST_COLUMNS = 40
LONGEST_CELL = 1_000  # characters; no column takes as much
LARGEST_UNPACKED = 32 * 1024 * 1024  # bytes of all parts of a workbook
MOST_PARTS = 400
_DELIMITERS = ",\t;"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number as a spreadsheet counts, and its cells; None for a line that cannot be read."""

    line: int
    cells: Sequence[str] | None


def rows(content: bytes) -> tuple[Sequence[str], list[Row]]:
    """The header, and the lines behind it that say anything; raises TableUnfit."""
    if content.startswith(OLE):
        raise TableUnfit("old-or-locked-workbook")
    read = _workbook(content) if content.startswith(ZIP) else _text(content)
    header: Sequence[str] | None = None
    found: list[Row] = []
    for row in read:
        if row.cells is not None and not any(cell.strip() for cell in row.cells):
            continue
        if header is None:
            if row.cells is None:
                raise TableUnfit("no-header")
            header = [cell.strip() for cell in row.cells]
            continue
        if len(found) == MOST_ROWS:
            raise TableUnfit("too-many-lines")
        found.append(row)
    if header is None:
        raise TableUnfit("no-header")
    if len(header) > MOST_COLUMNS:
        raise TableUnfit("too-many-columns")
    return header, found


def _text(content: bytes) -> Iterator[Row]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("gb18030", errors="replace")  # as Excel saves it in China
    if "\0" in text:
        raise TableUnfit("not-a-table")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = io.StringIO(text, newline="")
    for number, record in enumerate(records(lines, delimiter=delimiter), start=1):
        yield Row(number, None if record is None else _cut(record))


def _workbook(content: bytes) -> Iterator[Row]:
    book = workbooks.opened(io.BytesIO(content), largest=LARGEST_UNPACKED, most_parts=MOST_PARTS)
    if not book.worksheets:
        raise TableUnfit("not-a-table")
    values = workbooks.rows(book.worksheets[0], most_columns=MOST_COLUMNS + 1)
    for number, row in enumerate(islice(values, MOST_ROWS * 4), start=1):
        yield Row(number, _cut([_said(value) for value in row]))


def _cut(cells: Sequence[str]) -> list[str]:
    cut = [without_nul(cell, LONGEST_CELL) for cell in cells[: MOST_COLUMNS + 1]]
    while cut and not cut[-1].strip():
        cut.pop()
    return cut


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return workbooks.said(value)
