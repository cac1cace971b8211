"""Which column of an export means what: the MAP.yaml of `maison import purchases`, and one line read with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from infra.wire import Code
from suite.launcher.obstacles import Obstacle

# ISO 4217: how many digits the minor unit has, where it is not two.
DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "OMR": 3}

# The bounds of the API. What is outside them would be refused there together with the lines sent along.
LONGEST_TEXT = 200  # characters of a receipt's or a customer's number
LARGEST_QUANTITY = 10**6
LARGEST_MINOR = 10**15
_PIECE_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*( [A-Za-z0-9_.\-]+)*")
_STORE_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_LONGEST_CODE = 64

# A line of the export by its columns; None for one that cannot be read at all.
Row = Mapping[str, str | None] | None


class MapUnfit(Obstacle):
    """The map cannot be used."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone such as Asia/Shanghai") from None
    return name


def _format(pattern: str) -> str:
    try:
        datetime.strptime(datetime(2000, 1, 31, tzinfo=UTC).strftime(pattern), pattern)  # noqa: DTZ007 - only tried
    except (ValueError, re.error):
        raise ValueError("is not a strptime format such as %Y-%m-%d %H:%M:%S") from None
    return pattern


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Part):
    """The column of the time of sale, its strptime format, and the till's time zone."""

    column: str
    format: Annotated[str, AfterValidator(_format)]
    zone: Annotated[str, AfterValidator(_zone)]


class Column(_Part):
    """A value that stands in a column."""

    column: str


class PurchaseMap(_Part):
    """The whole map; every value that is not a constant names a column."""

    pos: Code
    receipt: str
    piece_code: str
    quantity: str
    unit_price: str
    purchased_at: When
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    store_code: Code | Column
    description: str | None = None
    customer: str | None = None

    def columns(self) -> set[str]:
        """Every column the map needs."""
        named = {self.receipt, self.piece_code, self.quantity, self.unit_price, self.purchased_at.column}
        named |= {column for column in (self.description, self.customer) if column is not None}
        return named | ({self.store_code.column} if isinstance(self.store_code, Column) else set())


class BadLine(Exception):
    """A line that cannot become a purchase line; `code` says why, as the reject file names it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Line:
    """One line of the export, understood: its place in the file, its receipt, and both parts as the API takes them."""

    number: int
    receipt: str
    head: Mapping[str, Any]
    body: Mapping[str, Any]


def load(path: Path) -> PurchaseMap:
    """Read a map; raises MapUnfit that names what is wrong in it."""
    try:
        return PurchaseMap.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as wrong:
        said = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors())
        raise MapUnfit(f"{path.name}: {said}", "Correct the map; docs/import.md explains every entry.") from None
    except (yaml.YAMLError, ValueError):
        raise MapUnfit(f"{path.name} is not YAML", "Start from the map that ships with the journey.") from None


def receipt_of(row: Row, using: PurchaseMap) -> str:
    """The receipt a line belongs to, as far as it can be told; empty where it cannot."""
    return ((row or {}).get(using.receipt) or "").strip()


def read(row: Row, number: int, using: PurchaseMap) -> Line:
    """Understand one line; raises BadLine and nothing else. What only the service can judge is left to it."""
    if row is None:
        raise BadLine("not-csv")
    cells = {column: _cell(row, column) for column in using.columns()}
    receipt = cells[using.receipt]
    if not receipt:
        raise BadLine("receipt-missing")
    if len(receipt) > LONGEST_TEXT:
        raise BadLine("receipt-too-long")
    body: dict[str, Any] = {
        "piece_code": _piece_code(cells[using.piece_code]),
        "quantity": _whole(cells[using.quantity]),
        "unit_price_minor": _minor(cells[using.unit_price], using.currency),
    }
    if using.description is not None and cells[using.description]:
        body["description"] = cells[using.description][:LONGEST_TEXT]
    head = {
        "pos": using.pos,
        "receipt": receipt,
        "purchased_at": _when(cells[using.purchased_at.column], using.purchased_at),
        "currency": using.currency,
        "store_code": _store_code(cells, using.store_code),
        "customer": _customer(cells, using),
    }
    return Line(number, receipt, head, body)


def _cell(row: Mapping[str, str | None], column: str) -> str:
    # A short row has no such cell, or None in it.
    text = (row.get(column) or "").strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadLine("not-utf-8") from None
    if "\0" in text:
        raise BadLine("holds-nul")  # PostgreSQL's text cannot
    return text


def _piece_code(text: str) -> str:
    if not text:
        raise BadLine("piece-code-missing")
    if len(text) > _LONGEST_CODE or not _PIECE_CODE.fullmatch(text):
        raise BadLine("bad-piece-code")
    return text


def _store_code(cells: Mapping[str, str], said: str | Column) -> str:
    if isinstance(said, str):
        return said
    text = cells[said.column]
    if not text:
        raise BadLine("store-missing")
    if len(text) > _LONGEST_CODE or not _STORE_CODE.fullmatch(text):
        raise BadLine("bad-store-code")
    return text


def _customer(cells: Mapping[str, str], using: PurchaseMap) -> dict[str, str] | None:
    text = cells[using.customer] if using.customer is not None else ""
    if len(text) > LONGEST_TEXT:
        raise BadLine("customer-too-long")
    return {"system": using.pos, "value": text} if text else None


def _whole(text: str) -> int:
    try:
        quantity = int(text)
    except ValueError:
        raise BadLine("quantity-not-a-number") from None
    if abs(quantity) > LARGEST_QUANTITY:
        raise BadLine("quantity-too-large")
    return quantity


def _minor(text: str, currency: str) -> int:
    try:
        price = Decimal(text)
    except DecimalException:
        raise BadLine("price-not-a-number") from None
    if not price.is_finite():
        raise BadLine("price-not-a-number")
    # Before any arithmetic, which would overflow: 1e9999999 is a Decimal too.
    if not -LARGEST_MINOR <= price <= LARGEST_MINOR:
        raise BadLine("amount-too-large")
    minor, fraction = divmod(price.scaleb(DIGITS.get(currency, 2)), 1)
    if fraction:
        raise BadLine("price-not-in-minor-units")
    if abs(minor) > LARGEST_MINOR:
        raise BadLine("amount-too-large")
    return int(minor)


def _when(text: str, when: When) -> str:
    try:
        said = datetime.strptime(text, when.format)  # noqa: DTZ007 - the zone is the next line's
        at = said if said.tzinfo is not None else said.replace(tzinfo=ZoneInfo(when.zone))
        return at.astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        raise BadLine("time-not-in-the-format") from None
    except OverflowError:
        raise BadLine("date-impossible") from None
