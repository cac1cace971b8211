"""The relay: the one way from a service's outbox into the shared log, in order and without a repeat."""

import asyncio

from infra.database import Database
from infra.eventlog import outbox
from infra.eventlog.direct import Connection, direct
from infra.eventlog.hint import pause
from infra.eventlog.lease import HELD, Lease, LeaseLost
from infra.eventlog.port import Deposed, Entry, Log, Written
from infra.eventlog.work import until

BATCH = 2_000  # facts; each batch waits for the disk twice, however many facts it carries
POLL = 0.05  # seconds between two looks when nobody hints

# Both questions are answered from the ends of one small partial index, however long the outbox has grown.
_WAITING = """
select exists (select from outbox where published_at is null and relay_seq is not null) as stamped,
    exists (select from outbox where published_at is null and relay_seq is null) as unstamped
"""
_STATE = "insert into relay_state (source, last_relay_seq) values ($1, 0) on conflict (source) do nothing"
_LOCK = "select last_relay_seq from relay_state where source = $1 for update"
# `order by relay_seq, id` is the order of ids here, said the way the partial index is sorted.
_STAMP = """
with next as (
    select id from outbox where published_at is null and relay_seq is null order by relay_seq, id limit $3
), numbered as (
    select id, $2 + row_number() over (order by id) as relay_seq from next
), stamped as (
    update outbox set relay_seq = numbered.relay_seq from numbered where outbox.id = numbered.id returning 1
)
update relay_state set last_relay_seq = $2 + (select count(*) from stamped) where source = $1
"""
# The envelope (see port.Envelope) is put together here: to read the data and write it again took half of a relay's
# time. An absent traceparent is left out, but not a null in the data, which is set in as it stands.
_STAMPED = """
select relay_seq, event_id, format('%s, "data": %s}', left(json_strip_nulls(json_build_object(
    'specversion', '1.0', 'id', event_id, 'source', 'maison/' || $2::text, 'type', type,
    'subject', substr(aggregate, strpos(aggregate, ':') + 1),
    'time', to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'datacontenttype', 'application/json', 'partitionkey', aggregate, 'sequence', lpad(sequence::text, 20, '0'),
    'brandid', brand_id, 'traceparent', traceparent
))::text, -1), data) as envelope
from outbox where published_at is null and relay_seq is not null order by relay_seq limit $1
"""
# Under the lease, whose row it locks: a refill takes the lease first, so nothing that it puts back into the queue can
# be taken out by a relay that appended it before. Its commit does not wait for the disk: a mark lost in a crash of the
# whole server is one that was never made.
_MARK = """
with held as (
    select from lease where name = $3 and holder = $4 and epoch = $5 for share
), marked as (
    update outbox set published_at = clock_timestamp()
    where relay_seq between $1 and $2 and published_at is null and exists (select from held)
)
select exists (select from held), set_config('synchronous_commit', 'off', true)
"""


class Relay:
    """Carries one service's facts to the log. Any number may run for a source; the lease lets one work."""

    def __init__(self, database: Database, log: Log, source: str) -> None:
        self.lease = Lease(database, f"relay:{source}")
        self._engine = database.engine
        self._log = log
        self._source = source
        self._hint = outbox.hint(database.engine.sync_engine)

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop, then let the next one in."""

        async def step() -> None:
            self._hint.clear()
            if await self.once() > 0:
                return
            if self.lease.epoch is None:
                await pause(stop, self.lease.patience)
            else:
                await self._hint.wait(POLL)

        async with self.lease.renewed():
            await until(stop, step, source=self._source)

    async def once(self) -> int:
        """Carry one batch, if this relay has the lease and there is one; answers how many facts it carried."""
        epoch = await self.lease.hold()
        if epoch is None:
            return 0
        try:
            async with direct(self._engine) as connection:
                waiting = await connection.fetchrow(_WAITING)
            if not waiting["stamped"]:
                # What was stamped before a crash goes first; new numbers only when nothing numbered is left.
                if not waiting["unstamped"]:
                    return 0
                await self.stamp(epoch)
            batch = await self.stamped()
            await self.append(epoch, batch)
            await self.mark(batch)
        except (LeaseLost, Deposed):
            self.lease.drop()
            raise
        return len(batch)

    async def stamp(self, epoch: int) -> None:
        """Number what has none yet, densely and in outbox order, in a commit of its own; raises LeaseLost.

        The numbers are drawn under the lock of the source's row and only while the lease is ours, so a relay that
        was deposed without noticing cannot number anything.
        """
        async with direct(self._engine) as connection, connection.transaction():
            last = await self._last(connection)
            # A statement of its own: it must see what was committed while the lock was waited for.
            if not await connection.fetchval(HELD, self.lease.name, self.lease.holder, epoch):
                raise LeaseLost
            await connection.execute(_STAMP, self._source, last, BATCH)

    async def _last(self, connection: Connection) -> int:
        last = await connection.fetchval(_LOCK, self._source)
        if last is None:
            await connection.execute(_STATE, self._source)
            last = await connection.fetchval(_LOCK, self._source)
        return int(last)

    async def stamped(self) -> list[Entry]:
        """The next facts for the log: numbered, and not known to have arrived there."""
        async with direct(self._engine) as connection:
            rows = await connection.fetch(_STAMPED, BATCH, self._source)
        return [Entry(row["relay_seq"], Written(row["event_id"], row["envelope"])) for row in rows]

    async def append(self, epoch: int, batch: list[Entry]) -> None:
        """Hand a batch to the log, which drops what it has already."""
        await self._log.append(self._source, epoch, batch)

    async def mark(self, batch: list[Entry]) -> None:
        """Take from the queue what the log has; raises LeaseLost.

        Killed before this, or deposed, the batch is offered again and dropped there.
        """
        if not batch:
            return
        lease = (self.lease.name, self.lease.holder, self.lease.epoch)
        async with direct(self._engine) as connection:
            if not await connection.fetchval(_MARK, batch[0].relay_seq, batch[-1].relay_seq, *lease):
                raise LeaseLost
