"""Importing purchases: every line is accounted for, whatever the file holds and wherever the import is stopped."""

import contextlib
import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.importers import purchases
from suite.importers.bookkeeping import Books, FileChanged
from suite.importers.mapping import BadLine, MapUnfit, load, read
from suite.journey.sale import EXPORT, MAP
from suite.launcher.obstacles import Obstacle

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
    """Receives batches as the API does: a line known already is repeated, a zero quantity is refused."""

    def __init__(self, *, dies_after: int | None = None) -> None:
        self.lines: dict[tuple[str, int], dict[str, Any]] = {}
        self.batches = 0
        self.dies_after = dies_after

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == "/v1/purchases/batch"
        if self.batches == self.dies_after:
            raise ConnectionError
        self.batches += 1
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


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(ROW))
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(till: Till, file: Path) -> Books:
    using = load(MAP)
    books = Books.open(file, MAP)
    try:
        for _ in purchases.stream(till, purchases.rows(file, using), using, books):  # type: ignore[arg-type]
            pass
    finally:
        books.close()
    return books


def rejected(file: Path) -> list[tuple[int, str]]:
    with file.with_name(file.name + ".rejects.csv").open(encoding="utf-8", newline="") as content:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(content)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purchases, "LINES", 40)


def test_a_line_is_read_as_the_map_says() -> None:
    line = read(ROW, 2, load(MAP))
    assert line.head["purchased_at"] == "2010-12-01T08:26:00+00:00"
    assert line.head["customer"] == {"system": "online-retail", "value": "17850"}
    assert line.body == {
        "piece_code": "85123A",
        "description": "WHITE HANGING HEART",
        "quantity": 6,
        "unit_price_minor": 255,
    }


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("InvoiceNo", "", "receipt-missing"),
        ("StockCode", " ", "piece-code-missing"),
        ("Quantity", "six", "quantity-not-a-number"),
        ("UnitPrice", "", "price-not-a-number"),
        ("UnitPrice", "NaN", "price-not-in-minor-units"),
        ("UnitPrice", "0.001", "price-not-in-minor-units"),
        ("InvoiceDate", "01/12/2010", "time-not-in-the-format"),
    ],
)
def test_a_bad_line_says_why(column: str, value: str, code: str) -> None:
    with pytest.raises(BadLine) as bad:
        read({**ROW, column: value}, 2, load(MAP))
    assert bad.value.code == code


@given(st.dictionaries(st.sampled_from(list(ROW)), st.text(max_size=20)))
def test_no_line_can_break_the_reading(changes: dict[str, str]) -> None:
    # Whatever it holds, it is understood or refused with a reason; nothing else may be raised.
    with contextlib.suppress(BadLine):
        assert read({**ROW, **changes}, 2, load(MAP)).receipt


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


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("dies_after", [0, 1, 7, 60])
def test_an_import_that_was_cut_off_goes_on_and_ends_the_same(tmp_path: Path, dies_after: int) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    for file in (whole, cut):
        file.write_bytes(EXPORT.read_bytes())
    calm, broken = Till(), Till(dies_after=dies_after)
    run(calm, whole)
    with pytest.raises(ConnectionError):
        run(broken, cut)
    broken.dies_after = None
    count = run(broken, cut).count
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
    with pytest.raises(FileChanged):
        run(Till(), file)


def test_a_map_that_does_not_fit_is_explained(tmp_path: Path) -> None:
    wrong = tmp_path / "map.yaml"
    for text in ("pos: [", "pos: x", MAP.read_text().replace("Europe/London", "Mars/Base"), "- 1"):
        wrong.write_text(text)
        with pytest.raises(MapUnfit):
            load(wrong)
    file = tmp_path / "export.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(Obstacle) as missing:
        run(Till(), file)
    assert "has no column" in missing.value.what
