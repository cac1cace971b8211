"""Refill: a log that has lost facts gets them again from the outbox of the service that recorded them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg
import structlog

from infra.database import Database
from infra.eventlog import extent, reconcile
from infra.eventlog.direct import LONG, Connection, direct, unhurried
from infra.eventlog.lease import HELD, Lease
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reconcile import BATCH, Tell, silent
from infra.eventlog.refusals import LogBusy, LogHasOthers, OutboxTooShort
from infra.eventlog.rewind import rewind

SAID = 20  # stretches of numbers that a refusal names

_FOLLOWERS = "select follower from follower_cursor order by follower"
_HOLD = """
insert into log_source (source, epoch, last_relay_seq) values ($1, $2, 0)
on conflict (source) do update set epoch = excluded.epoch where log_source.epoch <= excluded.epoch returning true
"""
_IDS = """
select relay_seq, (envelope ->> 'id')::uuid as event_id from fact where source = $1 and relay_seq between $2 and $3
"""
_CUT = "delete from fact where source = $1 and relay_seq > $2"
_END = "update log_source set last_relay_seq = $2 where source = $1"
# Never back: a position that was once given is not given to another fact, for a follower may have passed it.
_HEAD = "update log_head set position = greatest(position, (select coalesce(max(position), 0) from fact))"
_LAST = "select last_relay_seq from relay_state where source = $1 for update"
_AGAIN = "update outbox set published_at = null where relay_seq > $1 and published_at is not null"
_KEPT = "select relay_seq, event_id from outbox where relay_seq between $1 and $2"
# What the outbox lacks between two numbers: each row that does not follow its neighbour has a stretch before it.
_LACKED = """
select before + 1 as first, relay_seq - 1 as last from (
    select relay_seq, lag(relay_seq, 1, $1::bigint) over (order by relay_seq) as before from (
        select relay_seq from outbox where relay_seq > $1 union all select $2::bigint + 1
    ) kept
) line where relay_seq > before + 1 order by relay_seq limit $3
"""


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a refill did for one source.

    `kept` facts stood in the log without a gap, `again` are waiting in the outbox to be appended again, of which
    `moved` stood behind a gap and were taken out; `rewound` followers of the service's own read again from there.
    """

    source: str
    kept: int
    again: int
    moved: int
    rewound: int


async def refill(database: Database, log: PostgresLog, source: str, *, tell: Tell = silent) -> Refilled:
    """Let one source's facts that the log has lost be appended again, under their own numbers.

    The relay does the appending afterwards. Safe to repeat, and to kill anywhere; sources may be refilled in any order
    and while the suite works. Raises OutboxTooShort, LogHasOthers (nothing was changed) or LogBusy.
    """
    compared = await reconcile.compare(database, log, source, tell=tell)
    if compared.foreign:
        raise LogHasOthers(source=source, foreign=extent.ranges(list(compared.foreign))[:SAID])
    async with direct(database.engine) as service:
        followers = [row["follower"] for row in await service.fetch(_FOLLOWERS)]
    try:
        async with AsyncExitStack() as held:
            # While we hold the relay's lease nothing is numbered, appended or marked by anybody else. A follower that
            # gets its own back asks anew where it stands. Killed, we lose them.
            for name in followers:
                await _seize(held, Lease(database, f"follower:{name}"))
            relay = Lease(database, f"relay:{source}")
            epoch = await _seize(held, relay)
            done = await _mend(database, log, source, (relay.name, relay.holder, epoch))
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise LogBusy(retry_after=10) from None
    structlog.get_logger().info("log-refilled", source=source, position=done.kept, count=done.again)
    return done


async def _seize(held: AsyncExitStack, lease: Lease) -> int:
    epoch = await lease.seize()
    await held.enter_async_context(lease.renewed())
    return epoch


async def _mend(database: Database, log: PostgresLog, source: str, lease: tuple[str, str, int]) -> Refilled:
    async with (
        direct(database.engine) as service,
        direct(log.engine) as shared,
        # The log commits first: were the outbox first, a relay could offer facts that the log still believes to have.
        service.transaction(),
        shared.transaction(),
    ):
        await unhurried(service)
        await unhurried(shared)
        # Refuses whatever a relay of an earlier epoch still tries, and keeps the others away from this source.
        if not await shared.fetchval(_HOLD, source, lease[2]):
            raise LogBusy(retry_after=10)
        held = await extent.in_log(shared, source)
        last = int(await service.fetchval(_LAST, source) or 0)
        # Somebody may have taken over while the locks were waited for: an operator here, or a relay after a pause.
        if not await service.fetchval(HELD, *lease):
            raise LogBusy(retry_after=10)
        if held.whole_until > last:
            raise LogHasOthers(source=source, foreign=[[last + 1, held.last]])
        # Before they are counted: what waits again is not forgotten meanwhile.
        await service.execute(_AGAIN, held.whole_until, timeout=LONG)
        lacked = await service.fetch(_LACKED, held.whole_until, last, SAID, timeout=LONG)
        if lacked:
            raise OutboxTooShort(source=source, missing=[[row["first"], row["last"]] for row in lacked])
        moved = await _check(service, shared, source, held)
        await shared.execute(_CUT, source, held.whole_until, timeout=LONG)
        await shared.execute(_END, source, held.whole_until)
        await shared.execute(_HEAD)
        rewound = await rewind(service, shared)
    return Refilled(source, held.whole_until, last - held.whole_until, moved, rewound)


async def _check(service: Connection, shared: Connection, source: str, held: extent.InLog) -> int:
    """What the log has behind its last whole number must be the outbox's; answers how many facts that are."""
    moved = 0
    for start in range(held.whole_until + 1, held.last + 1, BATCH):
        end = min(start + BATCH - 1, held.last)
        behind = await shared.fetch(_IDS, source, start, end)
        outbox = {row["relay_seq"]: row["event_id"] for row in await service.fetch(_KEPT, start, end)}
        foreign = [row["relay_seq"] for row in behind if outbox.get(row["relay_seq"]) != row["event_id"]]
        if foreign:
            raise LogHasOthers(source=source, foreign=extent.ranges(foreign)[:SAID])
        moved += len(behind)
    return moved
