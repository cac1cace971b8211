"""A small file as rows of text: CSV however it was saved, or the first sheet of a workbook."""

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from infra.delimited import records

MOST_ROWS = 1_000
MOST_COLUMNS = 40
LONGEST_CELL = 1_000  # characters; no column takes as much
LARGEST_UNPACKED = 32 * 1024 * 1024  # bytes of all parts of a workbook
MOST_PARTS = 400
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",\t;"


class SheetUnfit(Exception):
    """The file cannot be read as a table; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number as a spreadsheet counts, and its cells; None for a line that cannot be read."""

    line: int
    cells: Sequence[str] | None


def rows(content: bytes) -> tuple[Sequence[str], list[Row]]:
    """The header, and the lines behind it that say anything; raises SheetUnfit."""
    if content.startswith(_OLE):
        raise SheetUnfit("old-or-locked-workbook")
    read = _workbook(content) if content.startswith(_ZIP) else _text(content)
    header: Sequence[str] | None = None
    found: list[Row] = []
    for row in read:
        if row.cells is not None and not any(cell.strip() for cell in row.cells):
            continue
        if header is None:
            if row.cells is None:
                raise SheetUnfit("no-header")
            header = [cell.strip() for cell in row.cells]
            continue
        if len(found) == MOST_ROWS:
            raise SheetUnfit("too-many-lines")
        found.append(row)
    if header is None:
        raise SheetUnfit("no-header")
    if len(header) > MOST_COLUMNS:
        raise SheetUnfit("too-many-columns")
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
        raise SheetUnfit("not-a-table")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = io.StringIO(text, newline="")
    for number, record in enumerate(records(lines, delimiter=delimiter), start=1):
        yield Row(number, None if record is None else _cut(record))


def _workbook(content: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError):
        raise SheetUnfit("not-a-table") from None
    # What a part says of its size is all that is ever unpacked of it.
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED or len(parts) > MOST_PARTS:
        raise SheetUnfit("unpacks-too-large")
    import openpyxl  # noqa: PLC0415 - six megabytes, and a house brings its directory once

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validations that do not matter here
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what it says of its size is often wrong
            values = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1, max_row=MOST_ROWS * 4)
            read = [Row(number, _cut([_said(value) for value in row])) for number, row in enumerate(values, start=1)]
    except Exception:  # noqa: BLE001 - the library lets out whatever its parsers raise
        raise SheetUnfit("not-a-table") from None
    yield from read


def _cut(cells: Sequence[str]) -> list[str]:
    # NUL is nothing that a table says, and PostgreSQL cannot keep it.
    cut = [cell[:LONGEST_CELL].replace("\0", "\ufffd") for cell in cells[: MOST_COLUMNS + 1]]
    while cut and not cut[-1].strip():
        cut.pop()
    return cut


def _said(value: Any) -> str:
    """A cell as text: a day as 2030-03-05, a whole number without a fraction."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return str(value)
