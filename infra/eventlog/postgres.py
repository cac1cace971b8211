"""The log as a PostgreSQL table: one appender at a time gives dense positions in the order of the commits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import Database
from infra.eventlog.direct import Connection, direct
from infra.eventlog.hint import Hint
from infra.eventlog.port import Deposed, Entry, Envelope, LogForked, LogGap, Stored
from infra.telemetry import reduced

# Seconds between two looks for facts that other processes append: where some have just come, more are soon to follow;
# every look in vain doubles the time to the next.
SOON, POLL = 0.01, 0.05
PARTITION = 10_000_000  # positions in one partition of `fact`

_SOURCE = "select epoch, last_relay_seq from log_source where source = $1 for update"
_NEW_SOURCE = """
insert into log_source (source, epoch, last_relay_seq) values ($1, $2, 0) on conflict (source) do nothing
"""
# The head's row is locked last and until the commit: positions are dense, and become visible in their order.
_APPEND = """
with head as (
    update log_head set position = position + $2 returning position
), source as (
    update log_source set epoch = $3, last_relay_seq = $4 where source = $1
), written as (
    insert into fact (position, source, relay_seq, envelope)
    select head.position - $2 + item.n, $1, item.relay_seq, item.envelope::jsonb
    from head, unnest($5::bigint[], $6::text[]) with ordinality as item (relay_seq, envelope, n)
)
select position from head
"""
_EPOCH = "update log_source set epoch = $2 where source = $1"
_IDS = "select relay_seq, (envelope ->> 'id')::uuid as id from fact where source = $1 and relay_seq = any($2::bigint[])"
_READ = """
select position, source, relay_seq, envelope::text as envelope, appended_at
from fact where position > $1 order by position limit $2
"""


class PostgresLog:
    """The shared log in `maison_log`. Any number of processes append; the row locks make them take turns."""

    def __init__(self, url: str, *, pool_size: int = 4, partition: int = PARTITION) -> None:
        self._database = Database(url, pool_size=pool_size, name="eventlog")
        self._engine = self._database.engine
        self._hint = Hint()
        self._pause = POLL
        self._partition = partition
        self._room_until = 0  # positions below this have a partition, as far as this process knows

    @property
    def engine(self) -> AsyncEngine:
        """The pool, for what looks after the log: refill, reconciliation, verification."""
        return self._engine

    async def dispose(self) -> None:
        """Close the pool."""
        await self._database.dispose()

    async def append(self, source: str, epoch: int, batch: Sequence[Entry]) -> int:
        """See `Log.append`."""
        if not batch:
            return 0
        if self._room_until == 0:
            await self._make_room()
        async with direct(self._engine) as connection, connection.transaction():
            held = await self._lock(connection, source, epoch)
            if epoch < held["epoch"]:
                raise Deposed
            last = held["last_relay_seq"]
            repeats = [entry for entry in batch if entry.relay_seq <= last]
            fresh = [entry for entry in batch if entry.relay_seq > last]
            if repeats:
                await _same(connection, source, repeats)
            if [entry.relay_seq for entry in fresh] != list(range(last + 1, last + 1 + len(fresh))):
                raise LogGap
            if not fresh:
                await connection.execute(_EPOCH, source, epoch)
                return 0
            position = await connection.fetchval(
                _APPEND,
                source,
                len(fresh),
                epoch,
                fresh[-1].relay_seq,
                [entry.relay_seq for entry in fresh],
                [entry.envelope.to_json() for entry in fresh],
            )
        self._hint.give()
        await self._keep_room(position)
        return len(fresh)

    async def read(self, after: int, limit: int, wait: float = 0.0) -> list[Stored]:
        """See `Log.read`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            self._hint.clear()
            async with direct(self._engine) as connection:
                rows = await connection.fetch(_READ, after, limit)
            left = deadline - loop.time()
            self._pause = SOON if rows else min(2 * self._pause, POLL)
            if rows or left <= 0:
                return [_stored(row) for row in rows]
            await self._hint.wait(min(left, self._pause))

    async def _lock(self, connection: Connection, source: str, epoch: int) -> Any:
        held = await connection.fetchrow(_SOURCE, source)
        if held is None:
            await connection.execute(_NEW_SOURCE, source, epoch)
            held = await connection.fetchrow(_SOURCE, source)
        return held

    async def _keep_room(self, position: int) -> None:
        if position < self._room_until - self._partition // 2:
            return
        try:
            await self._make_room()
        except Exception as fault:  # noqa: BLE001 - half a partition is left; every further append tries again
            structlog.get_logger().warning("log-partition", **reduced(fault))

    async def _make_room(self) -> None:
        """Have a partition ready for at least half a partition's facts ahead.

        Attached rather than created in place: that needs no lock that readers or appenders wait for.
        """
        async with direct(self._engine) as connection, connection.transaction():
            await connection.execute("lock table log_partition in share row exclusive mode")
            head = await connection.fetchval("select position from log_head")
            until: int = await connection.fetchval("select max(until) from log_partition")
            while head >= until - self._partition // 2:
                name, first, until = f"fact_{until}", until, until + self._partition
                await connection.execute(f"create table {name} (like fact including all)")
                await connection.execute(f"create unique index uq_{name}_source on {name} (source, relay_seq)")
                await connection.execute(
                    f"alter table fact attach partition {name} for values from ({first}) to ({until})"
                )
                await connection.execute("insert into log_partition (first, until) values ($1, $2)", first, until)
        self._room_until = until


async def _same(connection: Connection, source: str, repeats: Sequence[Entry]) -> None:
    """A repeat must be the fact the log has; silently dropping another one would lose it."""
    rows = await connection.fetch(_IDS, source, [entry.relay_seq for entry in repeats])
    known = {row["relay_seq"]: row["id"] for row in rows}
    if any(known.get(entry.relay_seq, entry.envelope.id) != entry.envelope.id for entry in repeats):
        raise LogForked


def _stored(row: Any) -> Stored:
    envelope = Envelope.model_validate_json(row["envelope"])
    return Stored(row["position"], row["source"], row["relay_seq"], envelope, row["appended_at"])
