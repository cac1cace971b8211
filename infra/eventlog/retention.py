"""How long published facts stay in the outbox: a log that lost its tail is refilled from them."""

import asyncio
from datetime import timedelta

from infra.database import Database
from infra.eventlog.direct import direct
from infra.eventlog.hint import pause
from infra.eventlog.work import until

KEEP = timedelta(days=14)  # after publishing
FEW = 1_000  # rows looked at in one transaction
REST = 600.0  # seconds between two looks once nothing is old enough

# Ids grow with time, so what is old enough stands among the lowest: no index on the time is needed. A fact that waits
# to be published is never touched, however old it is; asked twice, for a refill may be putting it back just now.
_FORGET = """
delete from outbox where id in (
    select id from (select id, published_at from outbox order by id limit $2) as oldest
    where published_at < now() - $1::interval
) and published_at < now() - $1::interval
"""


async def forget_published(database: Database) -> int:
    """Delete some of what was published long enough ago; answers how many rows."""
    async with direct(database.engine) as connection:
        return int((await connection.execute(_FORGET, KEEP, FEW)).rpartition(" ")[2])


async def keep_short(database: Database, stop: asyncio.Event, *, source: str) -> None:
    """Go on forgetting until told to stop."""

    async def step() -> None:
        if await forget_published(database) == 0:
            await pause(stop, REST)

    await until(stop, step, source=source)
