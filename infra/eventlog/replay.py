"""Replay: a follower's projections made anew from the whole log, in one transaction that readers do not notice."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database, is_passing
from infra.eventlog.direct import LONG, Connection, driver, unhurried
from infra.eventlog.faults import reason, sqlstate
from infra.eventlog.follower import living
from infra.eventlog.port import Log, Stored
from infra.eventlog.reaction import Reaction, following, react, runs, see
from infra.eventlog.reconcile import Tell, silent
from infra.eventlog.refusals import FactNotReplayable, LogBusy, LogIncomplete
from infra.telemetry import reduced

BATCH = 2_000  # facts
LOCKED = "55P03"  # SQLSTATE: the cursor could not be locked in time

_CURSOR = "select position from follower_cursor where follower = $1 for update"
_TAKEN = "select source, relay_seq from follower_source where follower = $1"
_PARKED = "select source, relay_seq from parked_fact where follower = $1"
# The sum of the rows' hashes does not depend on their order and needs no sorting; two seeds make 128 bits.
_HASH = """
select count(*) as rows, md5(
    coalesce(sum(hashtextextended(kept::text, 0)), 0)::text || ':' || coalesce(sum(hashtextextended(kept::text, 1)), 0)
) as hash from {table} kept
"""
_TABLE = re.compile(r"^[a-z][a-z_]*$")

Numbers = Mapping[str, int]  # source -> number


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was filled anew: its rows, and the hash over them before and after (32 hexadecimal digits)."""

    name: str
    rows_before: int
    hash_before: str
    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: facts read of the log, how many of them fill tables, and the tables."""

    follower: str
    facts: int
    taken: int
    tables: tuple[Table, ...]


async def replay(
    database: Database, log: Log, follower: str, reactions: Sequence[Reaction], *, tell: Tell = silent
) -> Replayed:
    """Empty the tables that reactions alone fill and hand them every fact again that the follower has taken.

    One transaction: readers see the old rows until it commits, the live follower waits, and killed half-way nothing
    has happened. Parked facts stay out, as they did, and so do buried ones. Raises LogIncomplete, FactNotReplayable
    or LogBusy.
    """
    filling: dict[str, list[Reaction]] = defaultdict(list)
    for reaction in reactions:
        if reaction.fills:
            filling[reaction.reads.type].append(reaction)
    tables = sorted({table for reaction in reactions for table in reaction.fills})
    async with database.transaction(EVERY_BRAND) as tx:
        connection = await driver(await tx.connection())
        await unhurried(connection)
        taken = await _claim(tx, connection, follower)
        parked = {(row["source"], row["relay_seq"]) for row in await connection.fetch(_PARKED, follower)}
        before = [await _hashed(connection, table) for table in tables]
        for table in tables:
            await connection.execute(f"delete from {table}", timeout=LONG)  # noqa: S608 - held to _TABLE
        read = handed = 0
        async for batch in _whole(log, taken):
            read += len(batch)
            free = [stored for stored in batch if (stored.source, stored.relay_seq) not in parked]
            await see(tx, EVERY_BRAND)  # the last run has narrowed the transaction to its brand
            wanted = await living(tx, [stored for stored in free if stored.envelope.type in filling])
            with following(follower, wanted):
                for run in runs(wanted):
                    await _hand(tx, filling[run[0].envelope.type], run)
            handed += len(wanted)
            tx.expunge_all()  # what reactions loaded must not pile up over a million facts
            tell(read, sum(taken.values()))
        await see(tx, EVERY_BRAND)
        after = [await _hashed(connection, table) for table in tables]
    pairs = zip(tables, before, after, strict=True)
    made = tuple(Table(table, *old, *new) for table, old, new in pairs)
    structlog.get_logger().info("follower-replayed", follower=follower, count=read)
    return Replayed(follower, read, handed, made)


async def _claim(tx: AsyncSession, connection: Connection, follower: str) -> Numbers:
    """Keep the live follower away until the commit; answers what it has taken of each source."""
    try:
        await (await tx.connection()).exec_driver_sql(_CURSOR, (follower,))
    except DBAPIError as fault:
        if sqlstate(fault) == LOCKED:
            raise LogBusy(retry_after=10) from None
        raise
    return {row["source"]: row["relay_seq"] for row in await connection.fetch(_TAKEN, follower)}


async def _whole(log: Log, taken: Numbers) -> AsyncIterator[list[Stored]]:
    """Every fact that was taken, in the order of the log, each once; raises LogIncomplete where one is missing.

    The next batch is read while this one is being worked on.
    """
    seen: dict[str, int] = dict.fromkeys(taken, 0)
    left = sum(taken.values())
    ahead = asyncio.create_task(log.read(0, BATCH))
    try:
        while left > 0:
            batch = await ahead
            if not batch:
                missing = {source: seen[source] + 1 for source, last in taken.items() if seen[source] < last}
                raise LogIncomplete(missing=missing)
            ahead = asyncio.create_task(log.read(batch[-1].position, BATCH))
            known = []
            for stored in batch:
                number = seen.get(stored.source, 0) + 1
                if stored.relay_seq < number or stored.relay_seq > taken.get(stored.source, 0):
                    continue  # a repeat, or not taken yet: the live follower comes to it
                if stored.relay_seq > number:
                    raise LogIncomplete(missing={stored.source: number})
                seen[stored.source] = number
                known.append(stored)
            left -= len(known)
            yield known
    finally:
        ahead.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await ahead


async def _hand(tx: AsyncSession, reactions: Sequence[Reaction], run: Sequence[Stored]) -> None:
    try:
        await react(tx, reactions, run)
    except Exception as fault:
        if is_passing(fault):
            raise
        structlog.get_logger().error(
            "fact-not-replayable", position=run[0].position, fact_type=run[0].envelope.type, **reduced(fault)
        )
        raise FactNotReplayable(
            position=run[0].position, until_position=run[-1].position, reason=reason(fault)
        ) from None


async def _hashed(connection: Connection, table: str) -> tuple[int, str]:
    if not _TABLE.match(table):
        raise ValueError("a reaction fills a table without a plain name")
    row = await connection.fetchrow(_HASH.format(table=table), timeout=LONG)
    return row["rows"], row["hash"]
