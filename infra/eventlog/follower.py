"""The follower: reads the shared log after its cursor; each fact's effect and the cursor commit together."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database, is_passing
from infra.eventlog import parking
from infra.eventlog.direct import direct
from infra.eventlog.faults import reason, unreachable
from infra.eventlog.hint import pause
from infra.eventlog.lease import HELD, Lease, LeaseLost
from infra.eventlog.parking import BEHIND, Parked, aggregate_of, parked_count
from infra.eventlog.port import Log, LogGap, Stored
from infra.eventlog.reaction import Reaction, following, named, on, react, runs, see
from infra.eventlog.work import until
from infra.telemetry import reduced
from infra.tombstones import buried, has_buried

__all__ = ["Follower", "Reaction", "lag", "on", "parked_count"]

BATCH = 500  # facts
WAIT = 0.25  # seconds that one look at an idle log takes at most
ATTEMPTS = 3  # of one fact alone, before it is parked
PATIENT_ATTEMPTS = 8  # when each time something passing, such as a busy lock, was in the way
BACKOFF = 0.05  # seconds, times the attempt

_START = "insert into follower_cursor (follower, position) values ($1, 0) on conflict (follower) do nothing"
_CURSOR = "select position from follower_cursor where follower = $1"
_SOURCES = "select source, relay_seq from follower_source where follower = $1"
_ADVANCE = """
with moved as (
    update follower_cursor set position = $2 where follower = $1
)
insert into follower_source (follower, source, relay_seq)
select $1, source, relay_seq from unnest($3::text[], $4::bigint[]) as item (source, relay_seq)
on conflict (follower, source) do update set relay_seq = excluded.relay_seq
"""


class CursorMoved(Exception):
    """Another holder, or a person, has moved the cursor since the batch was read."""


class CursorBusy(Exception):
    """The cursor could not be locked; nothing was tried yet."""


class Follower:
    """Takes the facts of the shared log into one service. Any number may run under a name; the lease lets one work."""

    def __init__(self, database: Database, log: Log, name: str, reactions: Sequence[Reaction]) -> None:
        self.lease = Lease(database, f"follower:{name}")
        self._database = database
        self._log = log
        self._name = name
        self._reactions: dict[str, list[Reaction]] = defaultdict(list)
        for reaction in reactions:
            self._reactions[reaction.reads.type].append(reaction)
        self._after: int | None = None
        self._epoch: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop, then let the next one in."""

        async def step() -> None:
            if await self.once(wait=WAIT, stop=stop) == 0 and self.lease.epoch is None:
                await pause(stop, self.lease.patience)

        async with self.lease.renewed():
            await until(stop, step, follower=self._name)

    async def once(self, *, wait: float = 0.0, stop: asyncio.Event | None = None) -> int:
        """Take one batch, if this follower has the lease and there is one; answers how many facts it read.

        With nothing there it waits up to `wait` seconds, or until it is told to stop.
        """
        epoch = await self.lease.hold()
        if epoch is None:
            return 0
        if self._after is None or epoch != self._epoch:
            # Whoever held the lease in between has taken facts, or has set the cursor back.
            self._after, self._epoch = await self._start(), epoch
        batch = await self._read(self._after, wait, stop)
        try:
            if batch:
                await self._take(batch)
        except LeaseLost:
            self.lease.drop()
            raise
        except CursorMoved:
            self._after = None
            raise
        return len(batch)

    async def _read(self, after: int, wait: float, stop: asyncio.Event | None) -> Sequence[Stored]:
        if stop is None:
            return await self._log.read(after, BATCH, wait)
        reading, stopping = asyncio.create_task(self._log.read(after, BATCH, wait)), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Nothing is lost with a look that is broken off: whoever follows next begins where this one did.
            stopping.cancel()
            if not reading.done():
                reading.cancel()
        await asyncio.wait({reading})
        return [] if reading.cancelled() else reading.result()

    async def retry_aggregate(self, aggregate: parking.Aggregate) -> int:
        """Try all that is parked of one aggregate, in order, until one fails again; answers how many took effect.

        Needs no lease: the cursor's lock keeps the follower away meanwhile.
        """
        done = 0
        while await self._retry_first(aggregate):
            done += 1
        return done

    async def _start(self) -> int:
        async with direct(self._database.engine) as connection:
            await connection.execute(_START, self._name)
            return int(await connection.fetchval(_CURSOR, self._name))

    async def _take(self, batch: Sequence[Stored]) -> None:
        try:
            await self._apply(batch)
        except Exception as fault:
            if not _blames_the_facts(fault):
                raise
            structlog.get_logger().warning(
                "batch-failed", follower=self._name, position=batch[0].position, count=len(batch), **reduced(fault)
            )
        else:
            return
        for stored in batch:
            await self._take_alone(stored)

    async def _take_alone(self, stored: Stored) -> None:
        attempt = 0
        while True:
            attempt += 1
            try:
                await self._apply([stored])
                return
            except Exception as fault:
                if not _blames_the_facts(fault):
                    raise
                why = reason(fault)
                if attempt >= (PATIENT_ATTEMPTS if is_passing(fault) else ATTEMPTS):
                    break
            await asyncio.sleep(BACKOFF * attempt)
        await self._apply([stored], poison=why, attempts=attempt)
        structlog.get_logger().error(
            "fact-parked", follower=self._name, position=stored.position, fact_type=stored.envelope.type, fault=why
        )

    async def _apply(self, batch: Sequence[Stored], *, poison: str | None = None, attempts: int = 0) -> None:
        with following(self._name, [stored for stored in batch if stored.envelope.type in self._reactions]):
            await self._commit(batch, poison=poison, attempts=attempts)

    async def _commit(self, batch: Sequence[Stored], *, poison: str | None, attempts: int) -> None:
        """Effects, parked facts and cursor of a batch in one transaction; with `poison` its one fact is parked."""
        async with self._database.transaction(EVERY_BRAND) as tx:
            fresh = _fresh(batch, await self._claim(tx))
            wanted = await living(tx, [stored for stored in fresh if stored.envelope.type in self._reactions])
            blocked = await parking.blocked(tx, self._name, wanted)
            free = [stored for stored in wanted if aggregate_of(stored) not in blocked]
            behind = [stored for stored in wanted if aggregate_of(stored) in blocked]
            if poison is None:
                for run in runs(free):
                    if spared := await self._spared(tx, run):
                        await react(tx, self._reactions[run[0].envelope.type], spared)
            else:
                await parking.park(tx, self._name, free, reason=poison, attempts=attempts)
            await parking.park(tx, self._name, behind, reason=BEHIND, attempts=0)
            await self._advance(tx, batch[-1].position, fresh)
        self._after = batch[-1].position

    async def _spared(self, tx: AsyncSession, run: list[Stored]) -> list[Stored]:
        """A run without what an earlier run of the same batch has buried."""
        if not has_buried(tx):
            return run
        await see(tx, run[0].envelope.brandid)
        return await living(tx, run)

    async def _claim(self, tx: AsyncSession) -> Mapping[str, int]:
        """Lock the cursor, make sure it is ours and where we think it is; answers the last number of each source."""
        connection = await tx.connection()
        try:
            position = (await connection.exec_driver_sql(f"{_CURSOR} for update", (self._name,))).scalar_one()
            # Statements of their own: they must see what was committed while the lock was waited for.
            lease = (self.lease.name, self.lease.holder, self.lease.epoch)
            if not (await connection.exec_driver_sql(HELD, lease)).scalar_one():
                raise LeaseLost
            if position != self._after:
                raise CursorMoved
            return {row.source: row.relay_seq for row in await connection.exec_driver_sql(_SOURCES, (self._name,))}
        except DBAPIError as fault:
            raise CursorBusy from fault

    async def _advance(self, tx: AsyncSession, position: int, fresh: Sequence[Stored]) -> None:
        last = {stored.source: stored.relay_seq for stored in fresh}
        connection = await tx.connection()
        await connection.exec_driver_sql(_ADVANCE, (self._name, position, list(last), list(last.values())))

    async def _retry_first(self, aggregate: parking.Aggregate) -> bool:
        parked: Parked | None = None
        try:
            async with self._database.transaction(EVERY_BRAND) as tx:
                connection = await tx.connection()
                await connection.exec_driver_sql(f"{_CURSOR} for update", (self._name,))
                parked = await parking.first(tx, self._name, aggregate)
                if parked is None:
                    return False
                await parking.release(tx, parked)
                for stored in await living(tx, [parked.stored]):
                    with following(self._name, [stored]):
                        await react(tx, self._reactions.get(stored.envelope.type, ()), [stored])
        except Exception as fault:
            if parked is None or not _blames_the_facts(fault):
                raise
            await parking.tried(self._database, parked, reason=reason(fault))
            return False
        return True


async def lag(database: Database, log: Log, follower: str) -> timedelta:
    """How long the oldest fact that this follower has not taken has stood in the log; zero if it has taken all."""
    async with direct(database.engine) as connection:
        position = await connection.fetchval(_CURSOR, follower)
    waiting = await log.read(position or 0, 1)
    return max(datetime.now(UTC) - waiting[0].appended_at, timedelta(0)) if waiting else timedelta(0)


def _fresh(batch: Sequence[Stored], sources: Mapping[str, int]) -> list[Stored]:
    """What was not taken before, by the sources' own numbers; raises LogGap where one is missing."""
    last, fresh = dict(sources), []
    for stored in batch:
        known = last.get(stored.source, 0)  # every source begins at 1
        if stored.relay_seq <= known:
            continue
        if stored.relay_seq > known + 1:
            raise LogGap
        last[stored.source] = stored.relay_seq
        fresh.append(stored)
    return fresh


async def living(tx: AsyncSession, facts: Sequence[Stored]) -> list[Stored]:
    """Without those about what was buried, or that name it: they count as taken, and have no effect."""
    things = [named(stored) for stored in facts]
    dead = await buried(tx, set[parking.Aggregate]().union(*things))
    return [stored for stored, its in zip(facts, things, strict=True) if its.isdisjoint(dead)]


def _blames_the_facts(fault: BaseException) -> bool:
    """Whether trying the facts one by one could find a culprit."""
    return not isinstance(fault, LeaseLost | CursorMoved | CursorBusy | LogGap) and not unreachable(fault)
