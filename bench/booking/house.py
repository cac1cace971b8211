"""The house that is booked in: boutiques with advisors and a room, furnished over HTTP; and who books."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from infra.identity import Caller, Role, Signer
from infra.ids import new_id

BRAND = "lumiere"
ROOMS, ADVISORS = 1, 2  # of a boutique
DAYS = 300  # that can be booked
SLOT = timedelta(minutes=30)
PER_DAY = 48  # slots: these boutiques never close
DAILY = {"weekly": [{"weekday": day, "starts": "00:00", "ends": "24:00"} for day in range(1, 8)]}


@dataclass(frozen=True)
class House:
    """What a booking names. The n-th slot is the same for everybody."""

    boutique_ids: list[str]
    advisor_ids: list[list[str]]  # of each boutique
    experience_id: str
    begins_at: datetime

    def form(self, number: int, *, advised: bool = False) -> dict[str, Any]:
        """The request for the n-th slot, of the house's boutiques in turn; `advised` names an advisor."""
        later, place = divmod(number, len(self.boutique_ids))
        form = {
            "boutique_id": self.boutique_ids[place],
            "experience_id": self.experience_id,
            "starts_at": (self.begins_at + later * SLOT).isoformat(),
        }
        return form | ({"advisor_id": self.advisor_ids[place][0]} if advised else {})


def furnished(url: str, keys: Path, *, boutiques: int) -> House:
    """Furnish a house through the service's own routes."""
    signer = Signer.load(keys / "gateway.json")
    token = signer.sign(Caller("hq", Role.HEADQUARTERS, BRAND), audience="appointments")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
        region = _made(http, "/v1/regions", {"code": "EAST", "name_zh": "华东", "name_en": "East"})
        places, people = [], []
        for number in range(boutiques):
            form = {
                "code": f"B{number}",
                "name_zh": "恒隆",
                "name_en": "Plaza",
                "region_id": region["region_id"],
                "hours": DAILY,
            }
            place = _made(http, "/v1/boutiques", form)["boutique_id"]
            for _ in range(ROOMS):
                _made(http, f"/v1/boutiques/{place}/rooms", {"name_zh": "云起厅", "name_en": "Cloud", "capacity": 4})
            advisor = {"display_name": "林静", "languages": ["zh"], "shifts": DAILY}
            made = [_made(http, f"/v1/boutiques/{place}/advisors", advisor) for _ in range(ADVISORS)]
            places.append(place)
            people.append([one["advisor_id"] for one in made])
        experience = {
            "code": "PRIVATE",
            "name_zh": "私人预约",
            "name_en": "Private appointment",
            "duration_minutes": 30,
            "granularity_minutes": 30,
            "buffer_before_minutes": 0,
            "buffer_after_minutes": 0,
            "needs_room": True,
            "horizon_days": DAYS + 2,
            "notice_minutes": 0,
        }
        offered = _made(http, "/v1/experiences", experience)["experience_id"]
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return House(places, people, offered, tomorrow)


def client(signer: Signer) -> dict[str, str]:
    """The headers of a client whom nobody has seen before, about to book."""
    client_id = new_id()
    caller = Caller(f"client:{client_id}", Role.CLIENT, BRAND, client_id=client_id)
    return {
        "Authorization": f"Bearer {signer.sign(caller, audience='appointments')}",
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/json",
    }


def _made(http: httpx.Client, path: str, form: Mapping[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=form, headers={"Idempotency-Key": str(uuid4())})
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made
