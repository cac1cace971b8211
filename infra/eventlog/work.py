"""The loop under relay and follower: work, wait, and outlive every fault."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from infra.eventlog.hint import pause
from infra.telemetry import reduced

FIRST_WAIT = 0.1  # seconds after a fault, doubled up to
LONGEST_WAIT = 2.0


async def until(stop: asyncio.Event, step: Callable[[], Awaitable[None]], **who: str) -> None:
    """Take step after step until told to stop; the step under way is finished.

    A fault is logged by its class and waited out: the database or the log may be away, and come back.
    """
    wait = FIRST_WAIT
    while not stop.is_set():
        try:
            await step()
            wait = FIRST_WAIT
        except Exception as fault:  # noqa: BLE001 - the edge of a background loop
            structlog.get_logger().warning("eventlog-fault", **who, **reduced(fault))
            await pause(stop, wait)
            wait = min(2 * wait, LONGEST_WAIT)
