"""The map and one line read with it: understood, or refused with a reason; nothing else may happen."""

import contextlib
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from infra.wire import Code, Text
from suite.importers.export import rows
from suite.importers.mapping import BadLine, MapUnfit, PurchaseMap, load, read, receipt_of
from suite.journey.sale import MAP
from suite.launcher.settings import ROOT

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
STATED: dict[str, Any] = load(MAP).model_dump()


def using(**changes: Any) -> PurchaseMap:
    return PurchaseMap.model_validate(STATED | changes)


def test_a_line_is_read_as_the_map_says() -> None:
    line = read(ROW, 2, load(MAP))
    assert line.head["purchased_at"] == "2010-12-01T08:26:00+00:00"
    assert line.head["customer"] == {"system": "online-retail", "value": "17850"}
    assert line.head["store_code"] == "ONLINE-UK"
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
        ("InvoiceNo", None, "receipt-missing"),
        ("InvoiceNo", "x" * 201, "receipt-too-long"),
        ("InvoiceNo", "a\0b", "holds-nul"),
        ("InvoiceNo", "\udce9", "not-utf-8"),
        ("StockCode", " ", "piece-code-missing"),
        ("StockCode", "x" * 65, "bad-piece-code"),
        ("StockCode", "a  b", "bad-piece-code"),
        ("Quantity", "six", "quantity-not-a-number"),
        ("Quantity", None, "quantity-not-a-number"),
        ("Quantity", "1000001", "quantity-too-large"),
        ("Quantity", "9" * 5000, "quantity-not-a-number"),
        ("UnitPrice", "", "price-not-a-number"),
        ("UnitPrice", "NaN", "price-not-a-number"),
        ("UnitPrice", "0.001", "price-not-in-minor-units"),
        ("UnitPrice", "10000000000000.01", "amount-too-large"),
        ("UnitPrice", "-1e9999999", "amount-too-large"),
        ("UnitPrice", "1e99999999999999999999", "price-not-a-number"),
        ("CustomerID", "x" * 201, "customer-too-long"),
        ("Country", "", "store-missing"),
        ("Country", "x" * 65, "bad-store-code"),
        ("Country", "over there", "bad-store-code"),
        ("InvoiceDate", "01/12/2010", "time-not-in-the-format"),
        ("InvoiceDate", None, "time-not-in-the-format"),
        ("InvoiceDate", "0001-01-01 00:00:00", "date-impossible"),
    ],
)
def test_a_bad_line_says_why(column: str, value: str | None, code: str) -> None:
    shanghai = {**STATED["purchased_at"], "zone": "Asia/Shanghai"}
    with pytest.raises(BadLine) as bad:
        read({**ROW, "Country": "UK", column: value}, 2, using(store_code={"column": "Country"}, purchased_at=shanghai))
    assert bad.value.code == code


def test_a_line_that_is_no_csv_says_so() -> None:
    with pytest.raises(BadLine, match="not-csv"):
        read(None, 2, load(MAP))


def test_every_reason_is_explained_in_the_documentation() -> None:
    source = (ROOT / "suite/importers/mapping.py").read_text()
    explained = (ROOT / "docs/import.md").read_text()
    codes = set(re.findall(r'BadLine\("([a-z0-9-]+)"\)', source))
    assert codes
    assert {code for code in codes if f"`{code}`" not in explained} == set()


COLUMNS = st.sampled_from([*ROW, "Elsewhere", ""])
FORMATS = st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%Y", "%Y-%m-%dT%H:%M:%S%z", "%j", "%H:%M", "%c"])
MAPS = st.builds(
    using,
    receipt=COLUMNS,
    piece_code=COLUMNS,
    quantity=COLUMNS,
    unit_price=COLUMNS,
    description=st.none() | COLUMNS,
    customer=st.none() | COLUMNS,
    store_code=st.just("SHOP") | st.builds(lambda column: {"column": column}, COLUMNS),
    currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    purchased_at=st.builds(
        lambda column, form, zone: {"column": column, "format": form, "zone": zone},
        COLUMNS,
        FORMATS,
        st.sampled_from(["UTC", "Asia/Shanghai", "America/Los_Angeles"]),
    ),
)
# Half surrogates stand for bytes that are not UTF-8.
ANYTHING = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=300)
TELLING = st.sampled_from(["1", "-1", "1e400", "1e-400", "Infinity", "sNaN", "0001-01-01", "9999-12-31 23:59:59", "٣"])
CELLS = st.none() | ANYTHING | TELLING | st.integers().map(str) | st.decimals().map(str) | st.datetimes().map(str)


@given(
    MAPS,
    st.none() | st.dictionaries(COLUMNS, CELLS) | st.dictionaries(st.sampled_from(list(ROW)), CELLS).map(ROW.__or__),
)
def test_no_line_can_break_the_reading_whatever_the_map(
    mapping: PurchaseMap, row: dict[str, str | None] | None
) -> None:
    with contextlib.suppress(BadLine):
        line = read(row, 2, mapping)
        assert line.receipt == receipt_of(row, mapping)
        # What is sent has the API's form, so that no line can have its whole batch refused.
        assert TypeAdapter(Text).validate_python(line.receipt)
        assert TypeAdapter(Code).validate_python(line.head["store_code"])
        assert datetime.fromisoformat(line.head["purchased_at"]).tzinfo is not None
        assert abs(line.body["quantity"]) <= 10**6
        assert abs(line.body["unit_price_minor"]) <= 10**15


def test_a_time_with_its_own_offset_keeps_it() -> None:
    when = {"column": "InvoiceDate", "format": "%Y-%m-%dT%H:%M:%S%z", "zone": "Europe/London"}
    line = read({**ROW, "InvoiceDate": "2010-12-01T08:26:00+0800"}, 2, using(purchased_at=when))
    assert line.head["purchased_at"] == "2010-12-01T00:26:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "pos: [",
        "pos: x",
        "- 1",
        "a: 2001-13-01",
        MAP.read_text().replace("Europe/London", "Mars/Base"),
        MAP.read_text().replace("%H:%M", "%H:%H"),
        MAP.read_text().replace("pos: online-retail", "pos: online retail"),
        MAP.read_text().replace("store_code: ONLINE-UK", ""),
    ],
)
def test_a_map_that_does_not_fit_is_explained(tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "map.yaml"
    wrong.write_text(text)
    with pytest.raises(MapUnfit) as unfit:
        load(wrong)
    assert "map.yaml" in unfit.value.what


def test_a_house_without_stores_is_no_map() -> None:
    with pytest.raises(ValidationError):
        PurchaseMap.model_validate({name: value for name, value in STATED.items() if name != "store_code"})


@pytest.mark.parametrize("header", ["a,b\n1,2\n", "", '"a\n', "caf\udce9,b\n"])
def test_a_file_without_the_maps_columns_is_explained(tmp_path: Path, header: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(header, errors="surrogateescape")
    with pytest.raises(MapUnfit) as missing:
        next(rows(file, load(MAP)))
    assert "has no column" in missing.value.what
    assert missing.value.advice.encode()
