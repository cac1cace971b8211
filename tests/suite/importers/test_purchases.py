"""Importing purchases: every line is accounted for, whatever the file holds and wherever the import is stopped."""

import csv
from pathlib import Path
from typing import Any

import pytest

from suite.door import Refused
from suite.importers import purchases
from suite.importers.bookkeeping import BegunOtherwise, Books
from suite.importers.export import rows
from suite.importers.mapping import load
from suite.journey.sale import EXPORT, MAP

ROW = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850",
    "Country": "United Kingdom",
}


class Till:
    """Receives batches as the API does: a line known already is repeated, a zero quantity is refused.

    A receipt of the name `unreadable` takes its whole batch with it, as one outside the API's form does.
    """

    def __init__(self, *, dies_after: int | None = None, unreadable: str = "", status: int = 422) -> None:
        self.lines: dict[tuple[str, int], dict[str, Any]] = {}
        self.batches = 0
        self.dies_after = dies_after
        self.unreadable = unreadable
        self.status = status

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == "/v1/purchases/batch"
        if self.batches == self.dies_after:
            raise ConnectionError
        self.batches += 1
        assert sum(len(receipt["lines"]) for receipt in body["receipts"]) <= 10_000
        if self.unreadable in [receipt["receipt"] for receipt in body["receipts"]]:
            raise Refused(self.status, "urn:maison:problem:malformed", "see errors", {})
        return {"items": [self._receive(receipt) for receipt in body["receipts"]]}

    def _receive(self, receipt: dict[str, Any]) -> dict[str, Any]:
        outcome: dict[str, Any] = {"accepted": 0, "repeated": 0, "rejected": []}
        for line in receipt["lines"]:
            key = (receipt["receipt"], line["line"])
            if line["quantity"] == 0:
                outcome["rejected"].append({"line": line["line"], "code": "quantity-zero"})
            elif key in self.lines:
                assert self.lines[key] == line
                outcome["repeated"] += 1
            else:
                self.lines[key] = line
                outcome["accepted"] += 1
        return outcome


def write(path: Path, lines: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(ROW))
        writer.writeheader()
        writer.writerows(lines)
    return path


def run(till: Till, file: Path, *, house: str = "here", enough: int = purchases.LINES) -> Books:
    using = load(MAP)
    books = Books.open(file, MAP, house=house)
    try:
        for _ in purchases.stream(till, rows(file, using), using, books, enough=enough):  # type: ignore[arg-type]
            pass
    finally:
        books.close()
    return books


def rejected(file: Path) -> list[tuple[int, str]]:
    with file.with_name(file.name + ".rejects.csv").open(encoding="utf-8", newline="") as content:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(content)]


def test_every_line_of_the_excerpt_is_accounted_for_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(EXPORT.read_bytes())
    till = Till()
    first = run(till, file).count
    assert (first.read, first.accepted + first.rejected, first.repeated) == (5000, 5000, 0)
    assert len(rejected(file)) == first.rejected
    kept = dict(till.lines)
    file.with_name("export.csv.progress").unlink()
    file.with_name("export.csv.rejects.csv").unlink()
    second = run(till, file).count
    assert (second.accepted, second.repeated, second.rejected) == (0, first.accepted, first.rejected)
    assert till.lines == kept


@pytest.mark.parametrize("dies_after", [0, 1, 7, 60])
def test_an_import_that_was_cut_off_goes_on_and_ends_the_same(tmp_path: Path, dies_after: int) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    for file in (whole, cut):
        file.write_bytes(EXPORT.read_bytes())
    calm, broken = Till(), Till(dies_after=dies_after)
    run(calm, whole, enough=40)
    with pytest.raises(ConnectionError):
        run(broken, cut, enough=40)
    broken.dies_after = None
    count = run(broken, cut, enough=40).count
    assert broken.lines == calm.lines
    assert rejected(cut) == rejected(whole)
    assert count.read == count.accepted + count.repeated + count.rejected == 5000


def test_equal_lines_and_a_split_receipt_keep_keys_of_their_own(tmp_path: Path) -> None:
    other = {**ROW, "InvoiceNo": "536366"}
    till = Till()
    run(till, write(tmp_path / "export.csv", [ROW, ROW, other, ROW]))
    assert sorted(till.lines) == [("536365", 1), ("536365", 2), ("536365", 3), ("536366", 1)]


def test_a_bad_line_keeps_its_ordinal_so_that_a_correction_renumbers_nothing(tmp_path: Path) -> None:
    till = Till()
    bad = {**ROW, "UnitPrice": "?"}
    file = write(tmp_path / "export.csv", [ROW, bad, {**ROW, "Quantity": "0"}, ROW])
    run(till, file)
    assert sorted(till.lines) == [("536365", 1), ("536365", 4)]
    assert rejected(file) == [(3, "price-not-a-number"), (4, "quantity-zero")]


def test_a_file_that_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    file = write(tmp_path / "export.csv", [ROW])
    run(Till(), file)
    write(file, [ROW, ROW])
    with pytest.raises(BegunOtherwise):
        run(Till(), file)


def test_what_one_house_has_taken_is_not_taken_for_done_in_another(tmp_path: Path) -> None:
    file = write(tmp_path / "export.csv", [ROW])
    run(Till(), file, house="http://one till-1")
    for house in ("http://two till-1", "http://one till-2"):
        other = Till()
        with pytest.raises(BegunOtherwise, match="into another house"):
            run(other, file, house=house)
        assert other.batches == 0


def test_a_receipt_the_house_cannot_read_is_refused_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "export.csv", [{**ROW, "InvoiceNo": number} for number in ("1", "2", "2", "3")])
    till = Till(unreadable="2")
    count = run(till, file).count
    assert (count.read, count.accepted, count.rejected) == (4, 2, 2)
    assert sorted(till.lines) == [("1", 1), ("3", 1)]
    assert rejected(file) == [(3, "refused-by-the-house: malformed"), (4, "refused-by-the-house: malformed")]


@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_no_that_is_not_about_the_lines_stops_the_import_and_rejects_none(tmp_path: Path, status: int) -> None:
    file = write(tmp_path / "export.csv", [ROW])
    with pytest.raises(Refused):
        run(Till(unreadable="536365", status=status), file)
    assert rejected(file) == []


def test_a_receipt_larger_than_one_request_is_sent_in_parts(tmp_path: Path) -> None:
    till = Till()
    count = run(till, write(tmp_path / "export.csv", [ROW] * 12_001)).count
    assert (count.read, count.accepted, till.batches) == (12_001, 12_001, 3)


def test_a_file_of_bad_lines_only_is_settled_on_the_way(tmp_path: Path) -> None:
    file = write(tmp_path / "export.csv", [{**ROW, "Quantity": "?"}] * 100)
    till, using, books = Till(), load(MAP), Books.open(tmp_path / "export.csv", MAP, house="here")
    streamed = purchases.stream(till, rows(file, using), using, books, enough=40)  # type: ignore[arg-type]
    seen = [count.read for count in streamed]
    books.close()
    assert seen == [40, 80, 100]
    assert (till.batches, len(rejected(file))) == (0, 100)


def test_bad_lines_of_every_kind_stop_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "export.csv", [ROW])
    good = file.read_bytes().splitlines(keepends=True)[1]
    with file.open("ab") as export:
        export.write(good.replace(b"WHITE", b"caf\xe9"))  # Latin-1
        export.write(b"536365,85123A\r\n")  # short
        export.write(good.replace(b"HANGING", b'12" HANGING'))  # inches, not a quotation
        export.write(good.replace(b"536365", b'"536365'))  # one that is never closed
        export.write(good.replace(b"85123A", b"x" * 200_000))  # larger than csv reads
        export.write(good.replace(b"WHITE", b"W\0"))
        export.write(good)
    count = run(till := Till(), file).count
    assert rejected(file) == [
        (3, "not-utf-8"),
        (4, "quantity-not-a-number"),
        (6, "not-csv"),
        (7, "not-csv"),
        (8, "holds-nul"),
    ]
    assert (count.read, count.accepted, count.rejected) == (8, 3, 5)
    # The line that is no CSV belongs to no receipt that could be told; all others keep their ordinals.
    assert sorted(till.lines) == [("536365", 1), ("536365", 4), ("536365", 6)]
