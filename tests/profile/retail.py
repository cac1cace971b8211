"""Raw receipts of a shop, read and reckoned apart from the suite's own code; and a house filled with them."""

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import asyncpg

from tests.asking import BRAND
from tests.running import Running

EXCERPT = Path(__file__).parents[2] / "suite/journey/data/online-retail-5000.csv"
CLIENT = "brand_id client_id display_name language name_key given_key pinyin initials registered_at"
PURCHASE = (
    "brand_id purchase_id client_id pos receipt store_code purchased_at currency net_minor line_count recorded_at"
    " boutique_id"
)
LONDON, SHANGHAI = ZoneInfo("Europe/London"), ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Sale:
    """One receipt: who, when, how many pence."""

    customer: str
    receipt: str
    at: datetime
    net_minor: int
    boutique_id: UUID | None = None

    @property
    def day(self) -> date:
        """The day in Shanghai, where the brand's days begin."""
        return self.at.astimezone(SHANGHAI).date()


def whole() -> Path | None:
    """The whole export, where RETAIL_DATA names the folder it lies in."""
    named = os.environ.get("RETAIL_DATA")
    file = Path(named) / "online_retail.csv.gz" if named else None
    return file if file and file.exists() else None


def sales(file: Path) -> list[Sale]:
    """The receipts of customers who are known, each the sum of its lines, in pence cut off as the importer does."""
    found: dict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["CustomerID"]:
                at = datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=LONDON).astimezone(UTC)
                pence = int(row["Quantity"]) * int(Decimal(row["UnitPrice"]) * 100)
                found[row["CustomerID"], row["InvoiceNo"]].append((at, pence))
    return [
        Sale(customer, receipt, min(at for at, _ in lines), sum(pence for _, pence in lines))
        for (customer, receipt), lines in sorted(found.items())
    ]


def a_year_before(day: date) -> date:
    """The same day a year before; the day before Leap Day's."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 2, 28)


def spend(sold: Iterable[Sale], as_of: date, rates: Sequence[tuple[date, str]]) -> int:
    """The net spend of twelve months in US cents, in whole fractions and rounded once, half away from nothing."""
    total = Fraction(0)
    for one in sold:
        if a_year_before(as_of) < one.day <= as_of:
            total += one.net_minor * Fraction(next(rate for day, rate in reversed(rates) if day <= one.day))
    cents = int(abs(total) + Fraction(1, 2))
    return cents if total >= 0 else -cents


def inserting(table: str, columns: str) -> str:
    """The statement for one row; COPY is not for tables behind the wall between brands."""
    names = columns.split()
    places = ", ".join(f"${number}" for number, _ in enumerate(names, 1))
    return f"insert into {table} ({', '.join(names)}) values ({places})"  # noqa: S608 - our own words


async def filled(profile: Running, sold: Sequence[Sale], *, brand_id: str = BRAND) -> dict[str, UUID]:
    """The ids of these customers, once they and their receipts stand in the service's tables."""
    ids = {customer: uuid5(NAMESPACE_OID, customer) for customer in sorted({one.customer for one in sold})}
    now = datetime.now(UTC)
    connection = await asyncpg.connect(profile.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", brand_id)
        await connection.executemany(
            inserting("client", CLIENT),
            [
                (brand_id, client_id, "某人", "zh", "某人", "", "", "", now - timedelta(days=6_000))
                for client_id in ids.values()
            ],
        )
        await connection.executemany(
            inserting("purchase", PURCHASE),
            [
                (
                    *(brand_id, uuid4(), ids[one.customer], "till", one.receipt, "S", one.at, "GBP", one.net_minor, 1),
                    *(now, one.boutique_id),
                )
                for one in sold
            ],
        )
        await connection.execute("analyze")
    finally:
        await connection.close()
    return ids
