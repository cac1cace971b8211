"""A file as rows of text, however it was saved: which format, encoding and sheet, and where its header stands."""

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from charset_normalizer import from_bytes

from infra import workbooks
from infra.delimited import records
from infra.workbooks import OLE, ZIP, TableUnfit, without_nul
from services.profile.onboarding.models.guessing import guessed
from services.profile.onboarding.rules.fields import MOST_COLUMNS, suggested
from services.profile.onboarding.rules.steps import Kind

SAMPLE = 256 * 1024  # bytes by which the encoding is told
LONGEST_CELL = 8_000  # characters; what is longer is cut, and no field takes as much
HEADER_WITHIN = 20  # rows from the first: titles and dates of the export stand above
LARGEST_WORKBOOK = 64 * 1024 * 1024  # bytes; a workbook is read from memory, for its index stands at its end
LARGEST_UNPACKED = 2 * 1024 * 1024 * 1024  # bytes of all its parts
LARGEST_STRINGS = 192 * 1024 * 1024  # bytes of its table of strings, which is held whole
MOST_ROWS = 2_000_000  # a sheet has 1,048,576
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENCODINGS = ("gb18030", "big5")  # of what is no UTF-8; GBK and GB2312 are parts of GB18030
_DELIMITERS = ",\t;|"

Row = tuple[int, list[str] | None]  # its number as a spreadsheet counts, and its cells; None for no CSV


@dataclass(frozen=True, slots=True)
class Asked:
    """How somebody says that the file is to be read; None leaves it to us."""

    sheet: str | None = None
    encoding: str | None = None
    header_line: int | None = None


@dataclass(slots=True)
class Found:
    """What the file turned out to be. `header_line` counts from 1; `suggestion` says which columns seem to say what."""

    format: str
    encoding: str | None = None
    sheets: list[str] = field(default_factory=list)
    sheet: str | None = None
    header_line: int = 1
    columns: list[str] = field(default_factory=list)
    suggestion: dict[str, list[str]] = field(default_factory=dict)


def read(
    blocks: Callable[[], Iterable[bytes]], whole: Callable[[], IO[bytes]], kind: Kind, asked: Asked
) -> tuple[Found, Iterator[Row]]:
    """What the file is, and its rows behind the header; raises TableUnfit, also while the rows are read.

    `blocks` reads the file from its beginning, `whole` answers it as something one can seek in.
    """
    head = next(iter(blocks()), b"")
    if head.startswith(OLE):
        raise TableUnfit("old-or-locked-workbook")
    if head.startswith(ZIP):
        found, rows = _workbook(whole(), asked)
    else:
        found, rows = _text(head, blocks, asked)
    return _headed(found, rows, kind, asked)


def _headed(found: Found, rows: Iterator[Row], kind: Kind, asked: Asked) -> tuple[Found, Iterator[Row]]:
    first = list(islice(rows, max(HEADER_WITHIN, asked.header_line or 0)))
    found.header_line = asked.header_line or _header_line(first, kind)
    header = next((cells for number, cells in first if number == found.header_line), None)
    if not header or not any(cell.strip() for cell in header):
        raise TableUnfit("no-header")
    found.columns = _named(header)
    if len(found.columns) > MOST_COLUMNS:
        raise TableUnfit("too-many-columns")
    behind_header = [cells for number, cells in first if cells is not None and number > found.header_line]
    found.suggestion = guessed(kind, found.columns, behind_header, suggested(kind, found.columns))

    def behind() -> Iterator[Row]:
        yield from (row for row in first if row[0] > found.header_line and not _is_blank(row))
        yield from (row for row in rows if not _is_blank(row))

    return found, behind()


def _header_line(first: Sequence[Row], kind: Kind) -> int:
    """The row that holds most names of columns we know; the first that says anything where none does."""
    known = [(len(suggested(kind, _named(cells))), -number) for number, cells in first if cells]
    most, number = max(known, default=(0, -1))
    if most:
        return -number
    return next((number for number, cells in first if cells and any(cell.strip() for cell in cells)), 1)


def _named(header: Sequence[str]) -> list[str]:
    """The columns by names of their own: one that is there already gets a number, one without a name its place."""
    named: list[str] = []
    taken: set[str] = set()
    cells = [" ".join(cell.split())[:100] for cell in header]
    while cells and not cells[-1]:
        cells.pop()
    for place, cell in enumerate(cells, start=1):
        name, again = cell or f"#{place}", 1
        while name in taken:
            again += 1
            name = f"{cell or '#'} ({again})"
        taken.add(name)
        named.append(name)
    return named


def _is_blank(row: Row) -> bool:
    return row[1] is not None and not any(cell.strip() for cell in row[1])


# --- text ------------------------------------------------------------------------------------------------------------


def _text(head: bytes, blocks: Callable[[], Iterable[bytes]], asked: Asked) -> tuple[Found, Iterator[Row]]:
    if b"\x00" in head[:SAMPLE] and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TableUnfit("not-a-table")
    encoding = asked.encoding or encoding_of(head[:SAMPLE])
    sample = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head[:SAMPLE])
    delimiter = _delimiter(sample)
    lines = _lines(blocks(), encoding)
    rows = ((number, _cut(record)) for number, record in enumerate(records(lines, delimiter=delimiter), start=1))
    return Found("csv", encoding=encoding), rows


def encoding_of(sample: bytes) -> str:
    """The encoding of the beginning of a text."""
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # not final: the sample may end within a character
    except UnicodeDecodeError:
        # It may end within a character of those, too, and is read up to its last line.
        best = from_bytes(sample[: sample.rfind(b"\n") + 1] or sample, cp_isolation=list(_ENCODINGS)).best()
        return best.encoding if best is not None else _ENCODINGS[0]
    return "utf-8"


def _delimiter(sample: str) -> str:
    # By the first lines that say something: a title above the header has none at all.
    lines = [line for line in sample.splitlines()[:HEADER_WITHIN] if line.strip()]
    return max(_DELIMITERS, key=lambda one: sum(line.count(one) for line in lines))


def _lines(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The physical lines; what cannot be decoded becomes U+FFFD, and its line is refused for it."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors="replace")
    rest = ""
    for block in blocks:
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        yield from (line + "\n" for line in whole)
        if len(rest) > LONGEST_CELL * MOST_COLUMNS:
            raise TableUnfit("not-a-table")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def _cut(record: list[str] | None) -> list[str] | None:
    return None if record is None else [without_nul(cell, LONGEST_CELL) for cell in record[:MOST_COLUMNS]]


# --- workbooks -------------------------------------------------------------------------------------------------------


def _workbook(file: IO[bytes], asked: Asked) -> tuple[Found, Iterator[Row]]:
    book = workbooks.opened(
        file, largest=LARGEST_UNPACKED, most_parts=MOST_COLUMNS * 10, largest_strings=LARGEST_STRINGS
    )
    sheets = [sheet.title for sheet in book.worksheets]
    if not sheets or (asked.sheet is not None and asked.sheet not in sheets):
        raise TableUnfit("no-such-sheet")
    sheet = book[asked.sheet or sheets[0]]
    return Found("xlsx", sheets=sheets, sheet=sheet.title), _sheet(sheet)


def _sheet(sheet: Any) -> Iterator[Row]:
    for number, row in enumerate(workbooks.rows(sheet, most_columns=MOST_COLUMNS + 1), start=1):
        if number > MOST_ROWS:
            raise TableUnfit("not-a-table")
        yield number, _cut([workbooks.said(value) for value in row])
