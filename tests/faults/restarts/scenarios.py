"""What happens to a suite under load: every process replaced, an instance killed, PostgreSQL killed."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass

from tests.faults.restarts.effects import Effects, effects
from tests.faults.restarts.house import AWAY, House
from tests.faults.restarts.load import Outcome, Places, Tally, load, tally

CALM = 1.0  # seconds of load before and after
RECOVERY = 5.0  # seconds from PostgreSQL's being back to the last refusal, at most
HANG = 15.0  # seconds that no caller waits for his answer


@dataclass(frozen=True)
class Finding:
    """What a scenario found; `broken` names the promises that did not hold."""

    title: str
    tally: Tally
    effects: list[Effects]
    broken: list[str]

    def __str__(self) -> str:
        """A paragraph for a person."""
        verdict = f"BROKEN: {', '.join(self.broken)}" if self.broken else "holds"
        return "\n    ".join([f"{self.title}: {verdict}", str(self.tally), *map(str, self.effects)])


async def _found(title: str, house: House, outcomes: list[Outcome], broken: list[str]) -> Finding:
    found = await effects(house, outcomes)
    broken += [f"{one.kind}s" for one in found if not one.are_right]
    return Finding(title, tally(outcomes), found, broken)


def _failures(outcomes: list[Outcome]) -> list[str]:
    failed = sum(not outcome.is_good for outcome in outcomes)
    return [f"{failed} requests failed"] if failed else []


async def rolling(house: House, places: Places, *, rate: int) -> Finding:
    """Every instance of every service and of the gateway is replaced."""
    took = 0.0

    async def restart() -> None:
        nonlocal took
        await asyncio.sleep(CALM)
        began = time.perf_counter()
        await asyncio.to_thread(house.maison, "restart")
        took = time.perf_counter() - began
        await asyncio.sleep(CALM)

    outcomes = await load(house.gateway, places, rate=rate, meanwhile=restart)
    return await _found(f"rolling restart of all in {took:.0f} s", house, outcomes, _failures(outcomes))


async def killed(house: House, places: Places, *, rate: int, victims: list[str]) -> Finding:
    """Instances are killed, one after the other; each is back before the next."""

    async def kill() -> None:
        await asyncio.sleep(CALM)
        for victim in victims:
            before = house.pids()[victim]
            os.kill(before, signal.SIGKILL)
            while house.pids()[victim] == before:  # noqa: ASYNC110 - the launcher writes it into a file
                await asyncio.sleep(0.1)
            await asyncio.to_thread(house.ready)
        await asyncio.sleep(CALM)

    outcomes = await load(house.gateway, places, rate=rate, meanwhile=kill)
    return await _found(f"killed: {', '.join(victims)}", house, outcomes, _failures(outcomes))


async def postgres_killed(house: House, places: Places, *, rate: int) -> Finding:
    """PostgreSQL is killed, and the launcher starts it again. The clients do not repeat: every answer counts."""
    back_at = 0.0

    async def kill() -> None:
        nonlocal back_at
        await asyncio.sleep(CALM)
        before = house.postmaster()
        os.kill(before, signal.SIGKILL)
        while not await _is_back(house, before):  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.02)
        back_at = time.perf_counter()
        await asyncio.sleep(5 + CALM)

    outcomes = await load(house.gateway, places, rate=rate, meanwhile=kill, patient=False)
    refused = [outcome for outcome in outcomes if not outcome.is_good]
    recovery = max(0.0, max((outcome.sent_at for outcome in refused), default=back_at) - back_at)
    broken = []
    if others := [one for one in refused if not (one.answers[0].status == 503 and one.answers[0].retry_after)]:
        broken.append(f"{len(others)} answers were no 503 with Retry-After")
    if recovery > RECOVERY:
        broken.append("the recovery was too slow")
    slowest = max(outcome.seconds for outcome in outcomes)
    if slowest > HANG:
        broken.append("somebody was kept waiting")
    return await _found(f"PostgreSQL killed, served {recovery:.1f} s after it was back", house, outcomes, broken)


async def _is_back(house: House, before: int) -> bool:
    try:
        if house.postmaster() == before:
            return False
        await house.rows("log", "select 1")
    except (ValueError, IndexError, *AWAY):
        return False
    return True
