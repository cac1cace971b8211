"""Fills a brand-new house through the gateway: places, people, pieces, clients and their history.

Every request carries a key made of what it creates, so a fill that was cut off is simply begun again.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from infra.files import write_whole
from suite.demo import people, pieces, places, questions
from suite.door import Door, Till
from suite.house import Account, House

Progress = Callable[[str, int, int], None]
Item = TypeVar("Item")


def fill(house: House, administrator: Door, data: Path, progress: Progress) -> House:
    """Fill `house` as its first administrator and keep what was made in the data folder; answers the filled house."""
    _places(house, administrator, progress)
    _accounts(house, administrator, data, progress)
    _pieces(house, administrator, progress)
    _surveys(administrator, progress)
    _clients(house, administrator, progress)
    _receipts(house, data, progress)
    house.keep(data)
    return house


def _places(house: House, door: Door, progress: Progress) -> None:
    what, total = "regions, boutiques, rooms, advisors, shifts", len(places.BOUTIQUES)
    regions = {
        code: door.post("/v1/regions", {"code": code, "name_zh": zh, "name_en": en}, key=f"demo-region-{code}")
        for code, zh, en in places.REGIONS
    }
    house.boutiques, house.advisors = [], []
    for place, (code, region, zone, kind, zh, en, _) in enumerate(places.BOUTIQUES):
        progress(what, place, total)
        form = {
            "region_id": regions[region]["region_id"],
            "code": code,
            "boutique_type": kind,
            "zone": zone,
            "name_zh": zh,
            "name_en": en,
            "hours": places.OPEN,
        }
        boutique = door.post("/v1/boutiques", form, key=f"demo-boutique-{code}")
        house.boutiques.append({**boutique, "region": region})
        at = f"/v1/boutiques/{boutique['boutique_id']}"
        for room_number, (room_zh, room_en, capacity) in enumerate(places.ROOMS):
            room = {"name_zh": room_zh, "name_en": room_en, "capacity": capacity}
            door.post(f"{at}/rooms", room, key=f"demo-room-{code}-{room_number}")
        for number, name in places.advisors(place):
            advisor = {
                "display_name": name,
                "languages": ["zh", "en"]
                if zone == "Asia/Shanghai"
                else ["ja", "zh", "en"]
                if "Tokyo" in zone
                else ["fr", "zh"],
                "skills": ["high-jewellery"] if number % 2 == 0 else [],
                "shifts": places.shifts(number),
            }
            house.advisors.append(door.post(f"{at}/advisors", advisor, key=f"demo-advisor-{number}"))
    for experience in places.EXPERIENCES:
        made = door.post("/v1/experiences", experience, key=f"demo-experience-{experience['code']}")
        house.experiences[experience["code"]] = made["experience_id"]
    progress(what, total, total)


def _accounts(house: House, door: Door, data: Path, progress: Progress) -> None:
    wanted = _wanted_accounts(house)
    passwords = _draft(data, [username for username, *_ in wanted])["passwords"]
    what, total = "accounts of the people", len(wanted)
    house.accounts = []
    for number, (username, role, place, rights) in enumerate(wanted):
        progress(what, number, total)
        form = {"username": username, "password": passwords[username], "role": role, **rights}
        door.post("/v1/accounts", form, key=f"demo-account-{username}")
        house.accounts.append(Account(username, passwords[username], role, place))
    till = door.post("/v1/partners", {"name": people.POS, "role": "pos"}, key="demo-till")
    house.till_keys = Till(till["client_id"], till["client_secret"], till["signing_secret"])
    progress(what, total, total)


def _wanted_accounts(house: House) -> list[tuple[str, str, str, dict[str, Any]]]:
    wanted: list[tuple[str, str, str, dict[str, Any]]] = [
        ("headquarters", "headquarters", house.brand, {}),
        ("privacy", "privacy", house.brand, {}),
        ("client-service", "client-service", house.brand, {}),
    ]
    regions = {boutique["region"]: boutique["region_id"] for boutique in house.boutiques}
    wanted += [(f"regional.{code}", "regional", code, {"region_id": at}) for code, at in regions.items()]
    for boutique in house.boutiques:
        username = f"manager.{boutique['code'].lower()}"
        wanted.append((username, "manager", boutique["name_en"], {"boutique_ids": [boutique["boutique_id"]]}))
    names = {boutique["boutique_id"]: boutique["name_en"] for boutique in house.boutiques}
    for number, advisor in enumerate(house.advisors, start=1):
        rights = {"advisor_id": advisor["advisor_id"], "boutique_ids": [advisor["boutique_id"]]}
        wanted.append((f"advisor.{number:02d}", "advisor", names[advisor["boutique_id"]], rights))
    return wanted


def _draft(data: Path, usernames: Iterable[str] = ()) -> dict[str, Any]:
    """What must be the same when a fill is begun again: the day it began, and the random passwords."""
    path = data / "demo-draft.json"
    if not path.exists():
        began_at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        passwords = {username: secrets.token_urlsafe(12) for username in usernames}
        write_whole(path, json.dumps({"began_at": began_at.isoformat(), "passwords": passwords}))
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def _pieces(house: House, door: Door, progress: Progress) -> None:
    shelf = pieces.pieces()
    door.put("/v1/pieces/batch", {"pieces": shelf})
    stocked = list(pieces.stock([boutique["boutique_id"] for boutique in house.boutiques]))
    for sent, batch in _batches(stocked, 500):
        progress("pieces and stock", sent, len(stocked))
        door.put("/v1/stock/batch", {"stock": batch})
    progress("pieces and stock", len(stocked), len(stocked))


def _surveys(door: Door, progress: Progress) -> None:
    progress("surveys and the journey", 0, 1)
    steps = []
    for trigger, form in questions.SURVEYS.items():
        survey = door.post("/v1/surveys", form, key=f"demo-survey-{trigger}")
        door.post(f"/v1/surveys/{survey['survey_id']}/publish", key=f"demo-publish-{trigger}")
        steps.append({"trigger": trigger, "survey_id": survey["survey_id"], "delay_minutes": 0})
    door.post("/v1/journeys", {"name": "Visit and recovery", "steps": steps}, key="demo-journey")
    # People look at the demo house at night too, and again and again.
    door.put("/v1/message-policy", questions.MESSAGE_POLICY, **{"If-Match": "*"})
    progress("surveys and the journey", 1, 1)


def _clients(house: House, door: Door, progress: Progress) -> None:
    what = "clients"
    for sent, batch in _batches(people.clients(house.advisors), 250):
        progress(what, sent, people.CLIENTS)
        answer = door.post("/v1/clients/batch", {"clients": batch}, key=f"demo-clients-{sent}")
        _all_accepted(answer, what)
    progress(what, people.CLIENTS, people.CLIENTS)


def _receipts(house: House, data: Path, progress: Progress) -> None:
    what = "two years of purchases"
    stores = [boutique["code"] for boutique in house.boutiques]
    receipts = list(people.receipts(stores, datetime.fromisoformat(_draft(data)["began_at"])))
    with house.till() as till:
        for sent, batch in _batches(receipts, 500):
            progress(what, sent, len(receipts))
            _all_accepted(till.post("/v1/purchases/batch", {"receipts": batch}, key=f"demo-receipts-{sent}"), what)
    progress(what, len(receipts), len(receipts))


def _all_accepted(answer: Any, what: str) -> None:
    refused = [item for item in answer["items"] if item.get("status") == "rejected" or item.get("rejected")]
    if refused:
        raise RuntimeError(f"the house refused {len(refused)} of its own {what}: {refused[0]}")


def _batches(items: Iterable[Item], size: int) -> Iterator[tuple[int, list[Item]]]:
    """Slices of at most `size`, each with how many went before it."""
    rest, sent = iter(items), 0
    while batch := list(islice(rest, size)):
        yield sent, batch
        sent += len(batch)
