"""Workbooks (XLSX) as rows of text: too large a one is not unpacked, and what their parser raises comes no further."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import IO, Any

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # how a workbook begins, and an old or locked one


class TableUnfit(Exception):
    """The file cannot be read as a table; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def opened(file: IO[bytes], *, largest: int, most_parts: int, largest_strings: int | None = None) -> Any:
    """A workbook of at most so many bytes unpacked, of them so many of strings, which are held whole.

    Raises TableUnfit.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError):
        raise TableUnfit("not-a-table") from None
    # What a part says of its size is all that is ever unpacked of it.
    if sum(part.file_size for part in parts) > largest or len(parts) > most_parts:
        raise TableUnfit("unpacks-too-large")
    strings = [part.file_size for part in parts if part.filename.endswith("sharedStrings.xml")]
    if largest_strings is not None and any(size > largest_strings for size in strings):
        raise TableUnfit("unpacks-too-large")
    file.seek(0)
    import openpyxl  # noqa: PLC0415 - six megabytes, and a house brings its old workbooks once

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validations that do not matter here
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception:  # noqa: BLE001 - the library lets out whatever its parsers raise
        raise TableUnfit("not-a-table") from None


def rows(sheet: Any, *, most_columns: int) -> Iterator[Sequence[Any]]:
    """The rows of a sheet, from its first on, as values; raises TableUnfit while they are read."""
    sheet.reset_dimensions()  # what it says of its size is often wrong
    values = sheet.iter_rows(values_only=True, max_col=most_columns)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = next(values)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - the library lets out whatever its parsers raise
            raise TableUnfit("not-a-table") from None
        yield row


def said(value: Any) -> str:
    """A cell as text: a day as 2030-03-05, a whole number without a fraction."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return str(value)


def without_nul(cell: str, longest: int) -> str:
    """As much of a cell as a field may take. NUL is nothing that a table says, and PostgreSQL cannot keep it."""
    return cell[:longest].replace("\0", "\ufffd")
