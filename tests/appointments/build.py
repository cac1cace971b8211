"""Builders for the appointments service: a small house, callers, times. Everything goes in over HTTP."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from infra.identity import Caller, Role
from infra.ids import new_id
from tests.running import Running

BRAND = "lumiere"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAILY = {"weekly": [{"weekday": day, "starts": "10:00", "ends": "20:00"} for day in range(1, 8)]}

_keys = itertools.count()


@dataclass
class Clock:
    """The service's clock in the tests' hands; it begins on a Monday at nine in Shanghai."""

    now: datetime = field(default_factory=lambda: at("2030-01-07 09:00"))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        self.now += timedelta(**units)


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


async def post(http: httpx.AsyncClient, path: str, body: dict[str, Any], *, expect: int = 201) -> dict[str, Any]:
    """POST with a fresh key; the answer must have the expected status."""
    answer = await http.post(path, json=body, headers={"Idempotency-Key": f"test-{next(_keys)}"})
    assert answer.status_code == expect, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def region(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    return await post(http, "/v1/regions", {"code": f"R{next(_keys)}", "name_zh": "华东", "name_en": "East", **given})


async def boutique(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    form = {"code": f"B{next(_keys)}", "name_zh": "恒隆", "name_en": "Plaza 66", "hours": DAILY, **given}
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
        "code": f"E{next(_keys)}",
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

    async def hold(
        self, caller: Caller | None = None, local: str = "2030-01-08 11:00", *, expect: int = 201, **given: Any
    ) -> dict[str, Any]:
        return await post(self.by(caller or client()), "/v1/appointments", self.form(local, **given), expect=expect)

    async def step(
        self, http: httpx.AsyncClient, appointment_id: str, step: str, *, expect: int = 200, **body: Any
    ) -> dict[str, Any]:
        answer = await http.post(f"/v1/appointments/{appointment_id}/{step}", json=body or None)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        return told

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
    pool: int = 8,
    **given: Any,
) -> House:
    """Start the service and furnish it; `given` changes the experience, `pool` is its connections."""
    clock = Clock()
    service = await running("appointments", clock=clock, transports=transports, database_pool=pool)
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


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for a condition that another task brings about."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition lies in the database
            await asyncio.sleep(0.02)


def problem(answer: dict[str, Any]) -> str:
    """The slug of a problem document."""
    return str(answer["type"]).removeprefix("urn:maison:problem:")
