"""What runs beside the requests of every service: its relay, its outbox's broom, its follower, the reconciliation."""

import asyncio
from collections.abc import Sequence

from infra.database import Database
from infra.eventlog.follower import Follower, Reaction
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reconcile import keep_reconciled
from infra.eventlog.relay import Relay
from infra.eventlog.retention import keep_short


async def run_plumbing(
    database: Database, log: PostgresLog, source: str, reactions: Sequence[Reaction], stop: asyncio.Event
) -> None:
    """Relay and follow until told to stop; both outlive every fault, and release their leases at the end."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Relay(database, log, source).run(stop))
        tasks.create_task(keep_short(database, stop, source=source))
        tasks.create_task(keep_reconciled(database, log, source, stop))
        if reactions:
            tasks.create_task(Follower(database, log, source, reactions).run(stop))
