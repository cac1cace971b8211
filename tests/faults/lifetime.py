"""What every program of the kill tests does: work until SIGTERM, and never outlive the tests that started it."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from infra.telemetry import configure_logs

DATABASE_URL = "FAULTS_DATABASE_URL"
LOG_URL = "FAULTS_LOG_URL"


def live(name: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until told to stop."""
    configure_logs(name)
    asyncio.run(_until_told(work))


async def _until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    orphaned = asyncio.create_task(_end_with(os.getppid()))
    await work(stop)
    orphaned.cancel()


async def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells an orphan
        await asyncio.sleep(1)
    os._exit(1)


def die() -> None:
    """End this process here and now: nothing is flushed, released or said."""
    os.kill(os.getpid(), signal.SIGKILL)


def halt() -> None:
    """Stand still, here and now; on from here when somebody says SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def announce(line: str) -> None:
    """Say something to who started this process, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
