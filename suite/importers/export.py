"""An export as it lies on the disk: CSV with a header, whose bad lines stay bad lines and stop nothing."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.delimited import records
from suite.importers.mapping import MapUnfit, PurchaseMap, Row


def _records(lines: Iterable[str]) -> Iterator[list[str] | None]:
    return (record for record in records(lines) if record != [])


def rows(file: Path, using: PurchaseMap) -> Iterator[tuple[int, Row]]:
    """Each line with its number (the header is line 1), None for one that is not CSV.

    Raises MapUnfit for a column that is missing.
    """
    # A byte that is not UTF-8 becomes half a surrogate pair, and its line is refused for it.
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as content:
        found = _records(content)
        header = next(found, None) or []
        if missing := using.columns() - set(header):
            named = ", ".join(sorted(missing))
            seen = ", ".join(header).encode(errors="replace").decode()
            raise MapUnfit(
                f"{file.name} has no column {named}", f"Its columns are: {seen or 'none'}. It must be UTF-8."
            )
        # An ordinal, not reader.line_num: a quoted line break must not shift the numbers of the lines behind it.
        for number, record in enumerate(found, start=2):
            # A short row lacks its last columns; what a long one has besides belongs to none.
            yield number, dict(zip(header, record, strict=False)) if record is not None else None
