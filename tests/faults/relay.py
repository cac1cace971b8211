"""`python -m tests.faults.relay SOURCE [--dies stamped|appended] [--halts]`: a real relay, to be killed."""

import argparse
import asyncio
import os
from collections.abc import Sequence

from infra.database import Database
from infra.eventlog.port import Entry
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.relay import Relay
from tests.faults.lifetime import DATABASE_URL, LOG_URL, announce, die, halt, live


class DeadlyLog(PostgresLog):
    """The real log, at whose door the process dies or halts."""

    def __init__(self, url: str, *, dies: str | None, halts: bool) -> None:
        super().__init__(url)
        self._dies = dies
        self._halts = halts

    async def append(self, source: str, epoch: int, batch: Sequence[Entry]) -> int:
        """Append, or not."""
        if batch and self._dies == "stamped":
            die()
        if batch and self._halts:
            self._halts = False
            halt()
        appended = await super().append(source, epoch, batch)
        if appended and self._dies == "appended":
            die()
        return appended


def main() -> None:
    """Relay until SIGTERM or the named death."""
    asked = argparse.ArgumentParser()
    asked.add_argument("source")
    asked.add_argument("--dies", choices=["stamped", "appended"])
    asked.add_argument("--halts", action="store_true", help="once, when a stamped batch is about to be appended")
    told = asked.parse_args()

    async def work(stop: asyncio.Event) -> None:
        database = Database(os.environ[DATABASE_URL], name="relay")
        log = DeadlyLog(os.environ[LOG_URL], dies=told.dies, halts=told.halts)
        relay = Relay(database, log, told.source)
        announce(f"holder {relay.lease.holder}")
        await relay.run(stop)
        await log.dispose()
        await database.dispose()

    live("relay", work)


if __name__ == "__main__":
    main()
