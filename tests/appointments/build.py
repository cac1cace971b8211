"""Builders for the appointments service: a small house, callers, times. Everything goes in over HTTP."""

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from infra.identity import Caller, Role
from infra.ids import new_id
from tests.asking import BRAND, Clock, once
from tests.running import Running

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAILY = {"weekly": [{"weekday": day, "starts": "10:00", "ends": "20:00"} for day in range(1, 8)]}

_codes = itertools.count()


def at(local: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """A wall time as an instant."""
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)


def headquarters(brand: str = BRAND) -> Caller:
    return Caller("hq", Role.HEADQUARTERS, brand)


def client(client_id: UUID | None = None, brand: str = BRAND) -> Caller:
    client_id = client_id or new_id()
    return Caller(f"client:{client_id}", Role.CLIENT, brand, client_id=client_id)


def staff(role: Role, *boutique_ids: str, advisor_id: str | None = None, brand: str = BRAND) -> Caller:
    boutiques = frozenset(UUID(one) for one in boutique_ids)
    own = UUID(advisor_id) if advisor_id else None
    return Caller(f"{role}:{new_id()}", role, brand, advisor_id=own, boutique_ids=boutiques)


async def ask(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    """POST with a fresh key."""
    return await http.post(path, json=body, headers=once())


async def post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST what must be made."""
    return said(await ask(http, path, body), 201)


def said(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


CARD = {"client_id": "x", "display_name": "王女士", "segment": "vic"}


def briefs(request: httpx.Request, **parts: object) -> httpx.Response:
    """What a profile says that shows everybody to everybody: her card, and these parts."""
    asked = json.loads(request.content)["client_ids"]
    return httpx.Response(200, json={"items": [{"client_id": one, "card": CARD, **parts} for one in asked]})


def profile(*, status: int = 200, body: object = CARD) -> httpx.MockTransport:
    """A profile that answers everybody who wants to see a client the same."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/briefs" and status == 200 and body is CARD:
            return briefs(request)
        return httpx.Response(status, json=body)

    return httpx.MockTransport(answer)


async def region(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    return await post(http, "/v1/regions", {"code": f"R{next(_codes)}", "name_zh": "华东", "name_en": "East", **given})


async def boutique(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    form = {"code": f"B{next(_codes)}", "name_zh": "恒隆", "name_en": "Plaza 66", "hours": DAILY, **given}
    if "region_id" not in form:
        form["region_id"] = (await region(http))["region_id"]
    return await post(http, "/v1/boutiques", form)


async def room(http: httpx.AsyncClient, boutique_id: str, **given: Any) -> dict[str, Any]:
    form = {"name_zh": "云起厅", "name_en": "Cloud", "capacity": 4, **given}
    return await post(http, f"/v1/boutiques/{boutique_id}/rooms", form)


async def advisor(http: httpx.AsyncClient, boutique_id: str, **given: Any) -> dict[str, Any]:
    form = {"display_name": "林静", "languages": ["zh", "en"], "shifts": DAILY, **given}
    return await post(http, f"/v1/boutiques/{boutique_id}/advisors", form)


async def experience(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    form = {
        "code": f"E{next(_codes)}",
        "name_zh": "私人预约",
        "name_en": "Private appointment",
        "duration_minutes": 60,
        "granularity_minutes": 30,
        "needs_room": True,
        **given,
    }
    return await post(http, "/v1/experiences", form)


@dataclass
class House:
    """One boutique with one room, some advisors and one experience, and the service they live in."""

    running: Running
    clock: Clock
    boutique: dict[str, Any]
    room: dict[str, Any]
    advisors: list[dict[str, Any]]
    experience: dict[str, Any]

    @property
    def boutique_id(self) -> str:
        return str(self.boutique["boutique_id"])

    @property
    def advisor_ids(self) -> list[str]:
        return [one["advisor_id"] for one in self.advisors]

    def by(self, caller: Caller, *, issuer: str = "gateway") -> httpx.AsyncClient:
        return self.running.client(caller, issuer=issuer)

    def manager(self) -> httpx.AsyncClient:
        return self.by(staff(Role.MANAGER, self.boutique_id))

    def form(self, local: str = "2030-01-08 11:00", **given: Any) -> dict[str, Any]:
        return {
            "boutique_id": self.boutique_id,
            "experience_id": self.experience["experience_id"],
            "starts_at": at(local).isoformat(),
            **given,
        }

    async def asks(self, caller: Caller | None = None, local: str = "2030-01-08 11:00", **given: Any) -> httpx.Response:
        """What a request for a time is answered."""
        return await ask(self.by(caller or client()), "/v1/appointments", self.form(local, **given))

    async def hold(self, caller: Caller | None = None, local: str = "2030-01-08 11:00", **given: Any) -> dict[str, Any]:
        return said(await self.asks(caller, local, **given), 201)

    async def tries(
        self, http: httpx.AsyncClient, appointment_id: str, step: str, *, tag: str = "*", **body: Any
    ) -> httpx.Response:
        """What a step is answered."""
        path = f"/v1/appointments/{appointment_id}/{step}"
        return await http.post(path, json=body or None, headers={"If-Match": tag})

    async def step(self, http: httpx.AsyncClient, appointment_id: str, step: str, **body: Any) -> dict[str, Any]:
        return said(await self.tries(http, appointment_id, step, **body))

    async def assigned_for(self, appointment_id: str) -> str:
        """Why this advisor receives her, which only the house is told."""
        return str(said(await self.manager().get(f"/v1/appointments/{appointment_id}"))["assigned_for"])

    async def visit(
        self, caller: Caller | None = None, local: str = "2030-01-08 11:00", **given: Any
    ) -> dict[str, Any]:
        """A confirmed appointment."""
        caller = caller or client()
        held = await self.hold(caller, local, **given)
        return await self.step(self.by(caller), held["appointment_id"], "confirm")

    async def free(
        self,
        caller: Caller | None = None,
        first: str = "2030-01-08 00:00",
        last: str = "2030-01-09 00:00",
        **given: Any,
    ) -> list[dict[str, Any]]:
        params = {
            "boutique_id": self.boutique_id,
            "experience_id": self.experience["experience_id"],
            "from": at(first).isoformat(),
            "to": at(last).isoformat(),
            **given,
        }
        answer = await self.by(caller or client()).get("/v1/availability", params=params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


async def house(
    running: Callable[..., Awaitable[Running]],
    *,
    advisors: int = 1,
    transports: Any = None,
    **given: Any,
) -> House:
    """Start the service on a Monday at nine in Shanghai and furnish it; `given` changes the experience."""
    clock = Clock(at("2030-01-07 09:00"))
    service = await running("appointments", clock=clock, transports={"profile": profile(), **(transports or {})})
    http = service.client(headquarters())
    place = await boutique(http)
    return House(
        service,
        clock,
        place,
        await room(http, place["boutique_id"]),
        [await advisor(http, place["boutique_id"]) for _ in range(advisors)],
        await experience(http, **given),
    )
