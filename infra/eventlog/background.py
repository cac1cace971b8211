"""What runs beside the requests of every service: its relay, and its follower if it reacts to anything."""

import asyncio
from collections.abc import Sequence

from infra.database import Database
from infra.eventlog.follower import Follower, Reaction
from infra.eventlog.port import Log
from infra.eventlog.relay import Relay


async def run_plumbing(
    database: Database, log: Log, source: str, reactions: Sequence[Reaction], stop: asyncio.Event
) -> None:
    """Relay and follow until told to stop; both outlive every fault, and release their leases at the end."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Relay(database, log, source).run(stop))
        if reactions:
            tasks.create_task(Follower(database, log, source, reactions).run(stop))
