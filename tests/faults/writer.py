"""`python -m tests.faults.writer SERVICE --ledgers FOLDER ...`: a service's requests, without the requests."""

import argparse
import asyncio
import os
import random
from pathlib import Path

import structlog

from infra.database import Database, is_passing
from infra.eventlog.faults import unreachable
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record, recorded
from infra.telemetry import reduced
from tests.faults.facts import BRAND, ECHO, said, say
from tests.faults.ledger import Pen
from tests.faults.lifetime import DATABASE_URL, live

AGAIN = 0.1  # seconds before the next transaction after one whose outcome is unknown


class Writer:
    """One connection that commits facts about the same few things as all others do."""

    def __init__(self, database: Database, pen: Pen, chance: random.Random, told: argparse.Namespace) -> None:
        self._database = database
        self._pen = pen
        self._chance = chance
        self._told = told

    async def run(self, stop: asyncio.Event) -> None:
        """Transaction after transaction; raises what a caller could not simply try again after."""
        while not stop.is_set():
            try:
                await self._commit()
            except Exception as fault:
                if not (is_passing(fault) or unreachable(fault)):
                    raise
                structlog.get_logger().warning("not-acknowledged", **reduced(fault))
                await pause(stop, AGAIN)
            else:
                if self._told.pause:
                    await pause(stop, self._told.pause * self._chance.uniform(0.5, 1.5))

    async def _commit(self) -> None:
        number = None
        try:
            async with self._database.transaction(BRAND) as tx:
                for _ in range(self._chance.randint(1, self._told.most)):
                    about = self._chance.randrange(self._told.things)
                    record(tx, said(self._told.service, about, by=self._chance.randrange(10 * ECHO)))
                event_ids = [one.event_id for one in recorded(tx)]
                await say(tx, event_ids)
                number = self._pen.means(event_ids)
            self._pen.kept(number)
        except Exception:
            if number is not None:
                self._pen.unknown(number)
            raise


def main() -> None:
    """Write until SIGTERM."""
    asked = argparse.ArgumentParser()
    asked.add_argument("service")
    asked.add_argument("--ledgers", type=Path, required=True)
    asked.add_argument("--connections", type=int, default=4)
    asked.add_argument("--things", type=int, default=32, help="lamps or bells there are")
    asked.add_argument("--most", type=int, default=20, help="facts in one transaction")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--pause", type=float, default=0.0, help="seconds between two transactions, about")
    told = asked.parse_args()

    async def work(stop: asyncio.Event) -> None:
        database = Database(os.environ[DATABASE_URL], pool_size=told.connections, name="writer")
        pen = Pen(told.ledgers)
        async with asyncio.TaskGroup() as tasks:
            for number in range(told.connections):
                chance = random.Random(told.seed * 1000 + number)
                tasks.create_task(Writer(database, pen, chance, told).run(stop))
        await database.dispose()

    live("writer", work)


if __name__ == "__main__":
    main()
