"""`python -m tests.faults.follower NAME [--dies] [--halts]`: a real follower, to be killed."""

import argparse
import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Follower, Reaction, on
from infra.eventlog.postgres import PostgresLog
from tests.faults.facts import Lit, Rung, keep
from tests.faults.lifetime import DATABASE_URL, LOG_URL, announce, die, halt, live

REACTIONS = [on(Lit, keep), on(Rung, keep)]


def keep_and(then: Callable[[], None]) -> list[Reaction]:
    """Reactions after which, once, something happens: the effect is written, the cursor is not, nothing committed."""
    todo = [then]

    async def react(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        await keep(tx, facts)
        while todo:
            todo.pop()()

    return [on(Lit, react), on(Rung, react)]


def main() -> None:
    """Follow until SIGTERM or the named death."""
    asked = argparse.ArgumentParser()
    asked.add_argument("name")
    asked.add_argument("--dies", action="store_true", help="after the first effect, before the cursor moves")
    asked.add_argument("--halts", action="store_true", help="in the same place")
    told = asked.parse_args()
    reactions = keep_and(die) if told.dies else keep_and(halt) if told.halts else REACTIONS

    async def work(stop: asyncio.Event) -> None:
        database, log = Database(os.environ[DATABASE_URL], name="follower"), PostgresLog(os.environ[LOG_URL])
        follower = Follower(database, log, told.name, reactions)
        announce(f"holder {follower.lease.holder}")
        await follower.run(stop)
        await log.dispose()
        await database.dispose()

    live("follower", work)


if __name__ == "__main__":
    main()
