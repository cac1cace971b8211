"""Two instances of every service: one relays and one follows; when it is killed, the other goes on in its place."""

import asyncio
import os
import re
import signal
import time
from dataclasses import dataclass

import httpx

from tests.asking import until
from tests.faults.restarts.house import SERVICES, House

PROMISED = 5.0  # seconds from a SIGKILL until another one holds the lease

_EPOCH = "select epoch, holder from lease where name = '{lease}' and expires_at > clock_timestamp()"
_HELD = re.compile(r'^maison_lease_held\{lease="([^"]+)"\} 1\.0$', re.MULTILINE)


@dataclass(frozen=True)
class TakenOver:
    """One kill: whose lease was taken over, and how soon."""

    lease: str
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether it was soon enough."""
        return self.seconds < PROMISED

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.lease}: taken over {self.seconds:.1f} s after the SIGKILL"


async def taken_over(house: House) -> list[TakenOver]:
    """Kill the holder of every lease, one after the other; all instances are there again before the next."""
    return [await _kill(house, service, f"{work}:{service}") for service in SERVICES for work in ("relay", "follower")]


async def _kill(house: House, service: str, lease: str) -> TakenOver:
    pids = house.pids()
    holder = await _holder(house, service, lease)
    [before] = await house.rows(service, _EPOCH.format(lease=lease))

    async def is_taken() -> bool:
        now = await house.rows(service, _EPOCH.format(lease=lease))
        return bool(now and now[0]["epoch"] > before["epoch"] and now[0]["holder"] != before["holder"])

    os.kill(pids[holder], signal.SIGKILL)
    killed_at = time.perf_counter()
    await until(is_taken, seconds=60)
    seconds = time.perf_counter() - killed_at

    async def is_replaced() -> bool:
        return house.pids()[holder] != pids[holder]

    await until(is_replaced, seconds=60)
    await asyncio.to_thread(house.ready)
    return TakenOver(lease, seconds)


async def _holder(house: House, service: str, lease: str) -> str:
    """The one instance that says it holds this lease; waits while two are in turn."""
    found: list[str] = []

    async def is_one() -> bool:
        nonlocal found
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            pages = {
                name: (await client.get(f"http://127.0.0.1:{port}/metrics")).text
                for name, port in house.operations(service).items()
            }
        found = [name for name, page in pages.items() if lease in _HELD.findall(page)]
        return len(found) == 1

    await until(is_one, seconds=30)
    return found[0]
