"""Which column of an export means what: the MAP.yaml of `maison import purchases`, and one line read with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from suite.launcher.obstacles import Obstacle

# ISO 4217: how many digits the minor unit has, where it is not two.
DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "OMR": 3}


class MapUnfit(Obstacle):
    """The map cannot be used."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not a time zone such as Asia/Shanghai") from None
    return name


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Part):
    """The column of the time of sale, its strptime format, and the till's time zone."""

    column: str
    format: str
    zone: Annotated[str, AfterValidator(_zone)]


class Column(_Part):
    """A value that stands in a column."""

    column: str


class PurchaseMap(_Part):
    """The whole map; every value that is not a constant names a column."""

    pos: Annotated[str, Field(min_length=1, max_length=64)]
    receipt: str
    piece_code: str
    quantity: str
    unit_price: str
    purchased_at: When
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    description: str | None = None
    customer: str | None = None
    store_code: str | Column | None = None

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
        return PurchaseMap.model_validate(yaml.safe_load(path.read_text()))
    except ValidationError as wrong:
        said = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors())
        raise MapUnfit(f"{path.name}: {said}", "Correct the map; docs/import.md explains every entry.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise MapUnfit(f"{path.name} is not YAML", "Start from the map that ships with the journey.") from None


def read(row: Mapping[str, str], number: int, using: PurchaseMap) -> Line:
    """Understand one line; raises BadLine. What only the service can judge (a code it refuses) is left to it."""
    receipt = (row[using.receipt] or "").strip()
    if not receipt:
        raise BadLine("receipt-missing")
    piece_code = (row[using.piece_code] or "").strip()
    if not piece_code:
        raise BadLine("piece-code-missing")
    body: dict[str, Any] = {
        "piece_code": piece_code,
        "quantity": _whole(row[using.quantity]),
        "unit_price_minor": _minor(row[using.unit_price], using.currency),
    }
    if using.description is not None and (text := (row[using.description] or "").strip()):
        body["description"] = text[:200]
    customer = (row[using.customer] or "").strip() if using.customer is not None else ""
    store = row[using.store_code.column].strip() if isinstance(using.store_code, Column) else using.store_code
    head = {
        "pos": using.pos,
        "receipt": receipt,
        "purchased_at": _when(row[using.purchased_at.column], using.purchased_at),
        "currency": using.currency,
        "store_code": store,
        "customer": {"system": using.pos, "value": customer} if customer else None,
    }
    return Line(number, receipt, head, body)


def _whole(text: str) -> int:
    try:
        return int(text.strip())
    except (ValueError, AttributeError):
        raise BadLine("quantity-not-a-number") from None


def _minor(text: str, currency: str) -> int:
    try:
        amount = Decimal(text.strip()).scaleb(DIGITS.get(currency, 2))
    except (InvalidOperation, AttributeError):
        raise BadLine("price-not-a-number") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise BadLine("price-not-in-minor-units")
    return int(amount)


def _when(text: str, when: When) -> str:
    try:
        local = datetime.strptime(text.strip(), when.format).replace(tzinfo=ZoneInfo(when.zone))
    except (ValueError, AttributeError):
        raise BadLine("time-not-in-the-format") from None
    return local.astimezone(UTC).isoformat(timespec="seconds")
