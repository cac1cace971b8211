"""The measurements of free times: a month of a large boutique, with little history and with much."""

import asyncio
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from bench.figures import ROUNDS, Figure, quantile, ratio
from bench.ground import Ground, laid, served
from bench.machine import Broken, Process, cores, cpu_seconds
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from suite.launcher import ports

BRAND = "lumiere"
DAYS, ADVISORS, ROOMS, BOOKED = 30, 20, 6, 0.6
OPENS, HOURS = 2, 10  # ten o'clock in Shanghai by UTC, and how many hours from then on
PAST, MORE = 30, 10  # days of history, and so many times as many
ASKED, FEW = 100, 5  # times in one round; while statements are logged
P95 = 0.95
GOAL_MS, GROWTH = 20, 1.3
DAILY = {"weekly": [{"weekday": day, "starts": "10:00", "ends": "20:00"} for day in range(1, 8)]}
NAMES = {"name_zh": "恒隆", "name_en": "Plaza"}
COLUMNS = ("brand_id", "resource_id", "during", "appointment_id", "kind")
# An entry of PostgreSQL's log that says what a connection executes, however many lines that has.
_STATEMENT = re.compile(
    r"^\S+ \S+ \S+ \[(\d+)\] LOG:\s+(?:execute [^:]+|statement): (.*?)(?=^\d{4}-|\Z)", re.DOTALL | re.MULTILINE
)


def measure(*, full: bool) -> Iterator[Figure]:  # noqa: ARG001 - there is no longer one
    """A month's free times in a house with a month of history, beside one with ten; and what they ask PostgreSQL."""
    with laid("maison_log", "maison_appointments") as little, laid("maison_log", "maison_appointments") as much:
        with _appointments(little) as (process, here), _appointments(much) as (_, there):
            boutiques = [_furnished(ground, url) for ground, url in ((little, here), (much, there))]
            for ground, boutique, days in zip((little, much), boutiques, (PAST, PAST * MORE), strict=True):
                asyncio.run(_filled(ground, boutique, days=days))
            sides: tuple[list[list[float]], list[list[float]]] = ([], [])
            cpu: list[float] = []
            with _client(little, here) as near, _client(much, there) as far:
                for _ in range(ROUNDS + 1):
                    before = cpu_seconds(process.pid)
                    sides[0].append(_asked(near, boutiques[0]))
                    cpu.append((cpu_seconds(process.pid) - before) / ASKED * 1000)
                    sides[1].append(_asked(far, boutiques[1]))
                yield from _figures(sides[0][1:], sides[1][1:], cpu[1:])  # the first round was to warm up
                counts = [_statements(little, near, boutiques[0])]
            with _client(little, here) as http:
                counts.append(_statements(little, http, _furnished(little, here, advisors=1, rooms=1)))
        yield Figure(
            f"availability: statements of one look, {ADVISORS} advisors and {ROOMS} rooms",
            counts[0],
            "statements",
            "one advisor and one room",
            counts[1],
            counts[0] / counts[1],
            "the same number",
            counts[0] == counts[1],
        )


def _figures(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]], cpu: Sequence[float]) -> list[Figure]:
    shorter, longer = ([quantile(times, P95) for times in side] for side in (ours, theirs))
    grown = ratio(longer, shorter)
    return [
        Figure(
            f"availability: {DAYS} days, {ADVISORS} advisors, {ROOMS} rooms, {BOOKED:.0%} booked, p95",
            median(shorter),
            "ms",
            "its median",
            median(median(times) for times in ours),
            goal=f"< {GOAL_MS} ms",
            reached=median(shorter) < GOAL_MS,
        ),
        Figure("availability: CPU of the service for one", median(cpu), "ms"),
        Figure(
            f"availability: the same after {PAST * MORE} days, p95",
            median(longer),
            "ms",
            f"after {PAST} days",
            median(shorter),
            grown,
            f"<= {GROWTH}",
            grown <= GROWTH,
        ),
    ]


def _asked(http: httpx.Client, boutique: dict[str, Any]) -> list[float]:
    """How long each of many looks took, in milliseconds."""
    return [_look(http, boutique) for _ in range(ASKED)]


def _look(http: httpx.Client, boutique: dict[str, Any]) -> float:
    asked = {"boutique_id": boutique["boutique_id"], "experience_id": boutique["experience_id"], "limit": 1000}
    days = {"from": _midnight().isoformat(), "to": (_midnight() + timedelta(days=DAYS)).isoformat()}
    began = time.perf_counter()
    answer = http.get("/v1/availability", params=asked | days)
    taken = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or not answer.json()["items"]:
        raise Broken(f"a look at free times was answered {answer.status_code}: {answer.text[:500]}")
    return taken


def _furnished(ground: Ground, url: str, *, advisors: int = ADVISORS, rooms: int = ROOMS) -> dict[str, Any]:
    """A boutique through the service's own routes: its ids by name, and those of its advisors and rooms."""
    with _client(ground, url, Caller("hq", Role.HEADQUARTERS, BRAND)) as http:

        def made(path: str, form: dict[str, Any], named: str) -> str:
            answer = http.post(path, json={**NAMES, **form}, headers={"Idempotency-Key": str(uuid4())})
            return str(answer.raise_for_status().json()[named])

        code = f"B{advisors}"
        region = made("/v1/regions", {"code": code}, "region_id")
        boutique = made("/v1/boutiques", {"code": code, "region_id": region, "hours": DAILY}, "boutique_id")
        terms = {"duration_minutes": 60, "granularity_minutes": 30, "needs_room": True, "horizon_days": DAYS + 2}
        person = {"display_name": "林静", "languages": ["zh"], "shifts": DAILY}
        at = f"/v1/boutiques/{boutique}"
        return {
            "boutique_id": boutique,
            "experience_id": made("/v1/experiences", {"code": code, **terms}, "experience_id"),
            "advisors": [_person(http, f"{at}/advisors", person) for _ in range(advisors)],
            "rooms": [made(f"{at}/rooms", {"capacity": 4}, "room_id") for _ in range(rooms)],
        }


def _person(http: httpx.Client, path: str, form: dict[str, Any]) -> str:
    answer = http.post(path, json=form, headers={"Idempotency-Key": str(uuid4())})
    return str(answer.raise_for_status().json()["advisor_id"])


async def _filled(ground: Ground, boutique: dict[str, Any], *, days: int) -> None:
    """Book that share of everybody's hours, for the month to come and for so many days before it."""
    chance = random.Random(7)  # noqa: S311 - seeded chance, nothing secret
    rows = [
        (BRAND, resource_id, asyncpg.Range(hour, hour + timedelta(hours=1)), visit_id, "visit")
        for day in range(-days, DAYS)
        for number in range(HOURS)
        for hour in [_midnight() + timedelta(days=day, hours=OPENS + number)]
        for visit_id, resource_id in _hour(boutique, chance)
    ]
    connection = await asyncpg.connect(ground.urls["maison_appointments"])
    try:
        await connection.execute("set statement_timeout = 0")
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        # COPY FROM is not for tables behind a wall: the rows come through a table that has none.
        await connection.execute("create temporary table filled (like occupation)")
        await connection.copy_records_to_table("filled", records=rows, columns=COLUMNS)
        columns = ", ".join(COLUMNS)
        await connection.execute(f"insert into occupation ({columns}) select {columns} from filled")  # noqa: S608
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


def _hour(boutique: dict[str, Any], chance: random.Random) -> Iterator[tuple[UUID, UUID]]:
    """The visits of one hour: each takes a client's time and an advisor's, and a room's while there are any."""
    rooms = [room for room in boutique["rooms"] if chance.random() < BOOKED]
    busy = [advisor for advisor in boutique["advisors"] if chance.random() < BOOKED]
    chance.shuffle(busy)
    for number, advisor in enumerate(busy):
        visit_id = new_id()
        taken = [advisor, str(new_id()), *rooms[number : number + 1]]
        yield from ((visit_id, UUID(one)) for one in taken)


def _statements(ground: Ground, http: httpx.Client, boutique: dict[str, Any]) -> float:
    """How many statements one look executes between its begin and its commit, by PostgreSQL's own log."""
    asyncio.run(_log_statements(ground, "all"))
    begins = ground.server.log.stat().st_size
    for _ in range(FEW):  # the first may come before the connection has heard that it is to be logged
        _look(http, boutique)
    asyncio.run(_log_statements(ground, "none"))
    with ground.server.log.open() as log:
        log.seek(begins)
        found = _STATEMENT.findall(log.read())
    transactions: list[list[str]] = []
    under_way: dict[str, list[str]] = {}
    for pid, statement in found:
        if statement.lower().startswith("begin"):
            under_way[pid] = []
            transactions.append(under_way[pid])
        elif pid in under_way:
            under_way[pid].append(statement)
    # Others work at the same time; only a look asks for what is taken of many.
    looks = [len(one) for one in transactions if any("join occupation" in statement for statement in one)]
    if not looks:
        raise Broken("no look is in PostgreSQL's log")
    return float(looks[-1])


async def _log_statements(ground: Ground, which: str) -> None:
    connection = await asyncpg.connect(ground.server.admin_url)
    try:
        await connection.execute(f"alter system set log_statement = '{which}'")
        await connection.execute("select pg_reload_conf()")
    finally:
        await connection.close()


def _appointments(ground: Ground) -> AbstractContextManager[tuple[Process, str]]:
    variables = ground.variables("appointments", ports.free())
    return served("services.appointments.app:build", variables, ground.folder / "appointments.log", core=cores()[0])


def _client(ground: Ground, url: str, by: Caller | None = None) -> httpx.Client:
    client_id = new_id()
    by = by or Caller(f"client:{client_id}", Role.CLIENT, BRAND, client_id=client_id)
    token = Signer.load(ground.keys / "gateway.json").sign(by, audience="appointments")
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False)


def _midnight() -> datetime:
    """The one after next, by UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
