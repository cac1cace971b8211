"""Steps 1 and 2: a till's history comes in, and one of its customers is recognised in WeChat."""

import csv
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from suite.importers.purchases import bring_in
from suite.journey.walk import Walk, expect, must

DATA = Path(__file__).parent / "data"
EXPORT = DATA / "online-retail-5000.csv"
MAP = DATA / "online-retail.map.yaml"
PURPOSES = ("personalisation", "survey", "marketing")


@dataclass
class Customer:
    """What the file itself says of one customer."""

    number: str
    receipts: set[str] = field(default_factory=set)
    net_minor: int = 0


def best_customers(file: Path) -> list[Customer]:
    """The file's customers by net spend, most first, counted apart from the suite's own reading of it."""
    found: dict[str, Customer] = defaultdict(lambda: Customer(""))
    with file.open(encoding="utf-8", newline="") as content:
        for row in csv.DictReader(content):
            if row["CustomerID"]:
                customer = found[row["CustomerID"]]
                customer.number = row["CustomerID"]
                customer.receipts.add(row["InvoiceNo"])
                customer.net_minor += int(row["Quantity"]) * int(Decimal(row["UnitPrice"]) * 100)
    return sorted(found.values(), key=lambda customer: (-customer.net_minor, customer.number))


def import_history(walk: Walk, folder: Path) -> None:
    """Import the export, then again: the second time changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    file = Path(shutil.copy(EXPORT, folder))
    with file.open("rb") as content:
        lines = sum(1 for _ in content) - 1
    totals = []
    with walk.house.till() as till:
        for _ in range(2):
            file.with_name(file.name + ".progress").unlink(missing_ok=True)
            file.with_name(file.name + ".rejects.csv").unlink(missing_ok=True)
            count = bring_in(till, file, MAP)
            expect("lines in the file", saw=count.read, wanted=lines)
            expect("lines accounted for", saw=count.accepted + count.repeated + count.rejected, wanted=lines)
            with file.with_name(file.name + ".rejects.csv").open(encoding="utf-8", newline="") as rejects:
                expect("lines in the reject file", saw=len(list(csv.DictReader(rejects))), wanted=count.rejected)
            totals.append(count)
    first, second = totals
    expect("lines accepted the second time", saw=second.accepted, wanted=0)
    expect("lines rejected the second time", saw=second.rejected, wanted=first.rejected)
    walk.say(
        f"{lines:,} lines = {first.accepted:,} accepted + {first.repeated:,} already there"
        f" + {first.rejected:,} rejected"
    )
    walk.say("a second import of the same file changed nothing")


def recognise(walk: Walk) -> None:
    """The till learns a customer's phone; in WeChat she is a stranger until she gives it, and then she is herself."""
    customers = best_customers(EXPORT)
    customer = customers[walk.number % len(customers)]
    phone = f"+86137{walk.number:08d}"
    with walk.house.till() as till:
        identities = [{"kind": "pos", "system": "online-retail", "value": customer.number}]
        cards = till.post("/v1/clients/identify", {"identities": identities})["items"]
        expect("how many clients the till's number means", saw=len(cards), wanted=1)
        client_id = cards[0]["client_id"]
        till.post(f"/v1/clients/{client_id}/identities", {"kind": "phone", "value": phone})
    walk.say(f"the till found customer {customer.number} and registered her phone")

    her = walk.wechat_user(f"journey-{walk.number}", phone)
    her.log_in()
    must("before she gives her phone she is somebody new", her.client_id != client_id)
    expect("purchases of a stranger", saw=her.door.get("/v1/me/purchases")["items"], wanted=[])
    her.give_phone()
    expect("who she is after giving her phone", saw=her.client_id, wanted=client_id)
    receipts, net, cursor = set(), 0, None
    while True:
        page = her.door.get("/v1/me/purchases", cursor=cursor, limit=100)
        for purchase in page["items"]:
            receipts.add(purchase["receipt"])
            net += purchase["net_minor"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    expect("her receipts", saw=receipts, wanted=customer.receipts)
    expect("what she spent, to the penny", saw=net, wanted=customer.net_minor)
    walk.say(f"recognised in WeChat with {len(receipts)} receipts, GBP {net / 100:,.2f} to the penny")

    with walk.house.staff("headquarters") as headquarters:
        then = headquarters.get(f"/v1/clients/{client_id}/segment", as_of="2010-12-31")
        today = headquarters.get(f"/v1/clients/{client_id}/segment")
    walk.say(f"her segment as of 2010-12-31 was {then['segment']}, today it is {today['segment']}")
    must("she spent in December 2010", then["spend_minor"] > 0)
    expect("her spend of the last twelve months", saw=today["spend_minor"], wanted=0)
    decisions = [{"purpose": purpose, "granted": True, "notice_version": "2026-01"} for purpose in PURPOSES]
    her.door.put("/v1/me/consents", {"consents": decisions})
    walk.known |= {"her": her, "client_id": client_id, "segment": today["segment"], "customer": customer.number}
