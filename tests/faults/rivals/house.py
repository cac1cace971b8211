"""The house that rivals book in: ten resources, and four processes of the real service on one PostgreSQL."""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from suite.launcher import ports
from suite.launcher.postgres import tail
from tests.faults import machine
from tests.faults.house import run
from tests.faults.program import Program
from tests.faults.rivals.heard import Answer
from tests.faults.rivals.journal import kept
from tests.faults.rivals.pace import EPOCH, Pace
from tests.running import Throwaway

BRAND = "lumiere"
PROCESSES = 4
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
ADVISORS, ROOMS = 6, 4
CLIENTS = 16  # people; each asks from two places at once
FIRST, CROWDED, CALM = 30, 2, 20  # days from now: some that everybody wants, then those of the rounds
OPENS, HOURS = 2, 10  # ten o'clock in Shanghai, by UTC
DAILY = {"weekly": [{"weekday": day, "starts": "10:00", "ends": "20:00"} for day in range(1, 8)]}


@dataclass(frozen=True)
class Offer:
    """An experience: how long it takes, and what it keeps free around itself."""

    experience_id: UUID
    duration: timedelta
    before: timedelta
    after: timedelta
    needs_room: bool
    needs_approval: bool = False


# Visits that fill their hour, visits with time around them, visits that want no room, and visits that the boutique has
# to approve within 4.5 seconds of ours.
EXPERIENCES: tuple[Mapping[str, Any], ...] = (
    {"duration_minutes": 60, "needs_room": True},
    {"duration_minutes": 30, "needs_room": True, "buffer_before_minutes": 15, "buffer_after_minutes": 15},
    {"duration_minutes": 30, "needs_room": False},
    {"duration_minutes": 60, "needs_room": True, "needs_approval": True, "approve_within_minutes": 15},
)


@dataclass
class House:
    """Who may be booked, who books, and all that was heard of it."""

    url: str
    addresses: list[str]
    pace: Pace
    keys: Path  # of the gateway and its kin
    boutique_id: UUID
    advisor_ids: list[UUID]
    room_ids: list[UUID]
    offers: list[Offer]
    client_ids: list[UUID]
    logs: list[Path] = field(default_factory=list)  # what the processes wrote
    heard: list[Answer] = field(default_factory=list)

    def crowded(self, chance: random.Random) -> datetime:
        """One of the times that everybody wants, every half hour."""
        return self._day(chance.randrange(CROWDED)) + chance.randrange(2 * HOURS - 1) * HALF_HOUR

    def hour(self, number: int) -> datetime:
        """One of the hours of the calm days; they come round again."""
        day, hour = divmod(number, HOURS)
        return self._day(CROWDED + day % CALM) + timedelta(hours=hour)

    def _day(self, number: int) -> datetime:
        midnight = self.pace.epoch.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=FIRST + number, hours=OPENS)


@contextmanager
def a_house(server: Throwaway) -> Iterator[House]:
    """Four processes that serve a furnished house, until the block ends."""
    url, log_url = run(server.database("maison_appointments")), run(server.database("maison_log"))
    run(kept(url))
    pace = Pace(datetime.now(UTC).replace(microsecond=0))
    with tempfile.TemporaryDirectory(prefix="maison-rivals-") as folder:
        free = [ports.free() for _ in range(PROCESSES)]
        programs = [
            Program(
                f"appointments-{port}",
                Path(folder),
                "infra.serve",
                "tests.faults.rivals.hurried:appointments",
                variables={
                    "MAISON_ENVIRONMENT": "test",  # its PostgreSQL trades safety for speed
                    "MAISON_DATABASE_URL": url,
                    "MAISON_LOG_URL": log_url,
                    "MAISON_KEYS": str(server.keys / "appointments.json"),
                    "MAISON_INNER_JWKS": str(server.keys / "inner-jwks.json"),
                    "MAISON_PORT": str(port),
                    EPOCH: pace.epoch.isoformat(),
                },
            )
            for port in free
        ]
        addresses = [f"http://127.0.0.1:{port}" for port in free]
        try:
            for program in programs:
                program.start()
            machine.await_that(lambda: _serving(programs) and all(_ready(address) for address in addresses))
            house = _furnished(url, addresses, pace, server.keys)
            house.logs = [program.log for program in programs]
            yield house
            assert _serving(programs)
        finally:
            for program in programs:
                program.kill()
            run(server.drop(url))
            run(server.drop(log_url))


def _serving(programs: Sequence[Program]) -> bool:
    """True; AssertionError with its last words when one has ended."""
    fallen = [tail(program.log) for program in programs if program.fell() is not None]
    assert fallen == [], "\n".join(fallen)
    return True


def _ready(address: str) -> bool:
    try:
        return httpx.get(address + "/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _furnished(url: str, addresses: list[str], pace: Pace, keys: Path) -> House:
    token = Signer.load(keys / "gateway.json").sign(Caller("hq", Role.HEADQUARTERS, BRAND), audience="appointments")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=addresses[0], headers=headers, timeout=30, trust_env=False) as http:

        def made(path: str, form: Mapping[str, Any], named: str) -> UUID:
            answer = http.post(path, json=form, headers={"Idempotency-Key": str(uuid4())})
            return UUID(answer.raise_for_status().json()[named])

        names = {"name_zh": "恒隆", "name_en": "Plaza"}
        region = made("/v1/regions", {"code": "EAST", **names}, "region_id")
        form = {"code": "B", "region_id": str(region), "hours": DAILY, **names}
        boutique = made("/v1/boutiques", form, "boutique_id")
        place = f"/v1/boutiques/{boutique}"
        rooms = [made(f"{place}/rooms", {"capacity": 4, **names}, "room_id") for _ in range(ROOMS)]
        advisor = {"display_name": "林静", "languages": ["zh"], "shifts": DAILY}
        advisors = [made(f"{place}/advisors", advisor, "advisor_id") for _ in range(ADVISORS)]
        offers = [
            Offer(
                made(
                    "/v1/experiences",
                    {"code": f"E{n}", "granularity_minutes": 30, "cancel_notice_minutes": 0, **names, **terms},
                    "experience_id",
                ),
                timedelta(minutes=terms["duration_minutes"]),
                timedelta(minutes=terms.get("buffer_before_minutes", 0)),
                timedelta(minutes=terms.get("buffer_after_minutes", 0)),
                terms["needs_room"],
                terms.get("needs_approval", False),
            )
            for n, terms in enumerate(EXPERIENCES)
        ]
    return House(url, addresses, pace, keys, boutique, advisors, rooms, offers, [new_id() for _ in range(CLIENTS)])
