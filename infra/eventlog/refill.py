"""Refill: a log that has lost facts gets them again from the outbox of the service that recorded them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from infra.database import Database
from infra.eventlog import extent, reconcile
from infra.eventlog.direct import LONG, direct, unhurried
from infra.eventlog.lease import Lease
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reconcile import Tell, silent
from infra.eventlog.refusals import LogBusy, LogHasOthers, OutboxTooShort
from infra.eventlog.rewind import rewind

SAID = 20  # stretches of numbers that a refusal names

_FOLLOWERS = "select follower from follower_cursor order by follower"
_HOLD = """
insert into log_source (source, epoch, last_relay_seq) values ($1, $2, 0)
on conflict (source) do update set epoch = excluded.epoch
"""
_IDS = "select relay_seq, (envelope ->> 'id')::uuid as event_id from fact where source = $1 and relay_seq > $2"
_CUT = "delete from fact where source = $1 and relay_seq > $2"
_END = "update log_source set last_relay_seq = $2 where source = $1"
# Never back: a position that was once given is not given to another fact, for a follower may have passed it.
_HEAD = "update log_head set position = greatest(position, (select coalesce(max(position), 0) from fact))"
_LAST = "select last_relay_seq from relay_state where source = $1 for update"
_AGAIN = "update outbox set published_at = null where relay_seq > $1 and published_at is not null"
_KEPT = "select relay_seq, event_id from outbox where relay_seq > $1 order by relay_seq"


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
            epoch = await _seize(held, Lease(database, f"relay:{source}"))
            done = await _mend(database, log, source, epoch)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise LogBusy(retry_after=10) from None
    structlog.get_logger().info("log-refilled", source=source, position=done.kept, count=done.again)
    return done


async def _seize(held: AsyncExitStack, lease: Lease) -> int:
    epoch = await lease.seize()
    await held.enter_async_context(lease.renewed())
    return epoch


async def _mend(database: Database, log: PostgresLog, source: str, epoch: int) -> Refilled:
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
        await shared.execute(_HOLD, source, epoch)
        held = await extent.in_log(shared, source)
        last = int(await service.fetchval(_LAST, source) or 0)
        if held.whole_until > last:
            raise LogHasOthers(source=source, foreign=[[last + 1, held.last]])
        # Before they are counted: what waits again is not forgotten meanwhile.
        await service.execute(_AGAIN, held.whole_until, timeout=LONG)
        behind = await shared.fetch(_IDS, source, held.whole_until, timeout=LONG)
        _check(source, held.whole_until, last, await service.fetch(_KEPT, held.whole_until, timeout=LONG), behind)
        await shared.execute(_CUT, source, held.whole_until, timeout=LONG)
        await shared.execute(_END, source, held.whole_until)
        await shared.execute(_HEAD)
        rewound = await rewind(service, shared)
    return Refilled(source, held.whole_until, last - held.whole_until, len(behind), rewound)


def _check(source: str, whole_until: int, last: int, kept: Sequence[Any], behind: Sequence[Any]) -> None:
    """Everything behind the last whole number must be in the outbox, and what the log has of it the same."""
    outbox = {row["relay_seq"]: row["event_id"] for row in kept}
    missing = [number for number in range(whole_until + 1, last + 1) if number not in outbox]
    if missing:
        raise OutboxTooShort(source=source, missing=extent.ranges(missing)[:SAID])
    foreign = [row["relay_seq"] for row in behind if outbox.get(row["relay_seq"]) != row["event_id"]]
    if foreign:
        raise LogHasOthers(source=source, foreign=extent.ranges(foreign)[:SAID])
