"""Leases: one holder at a time, told apart by an epoch, on the clock of the database alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from infra.database import Database
from infra.eventlog.direct import direct
from infra.ids import new_id
from infra.telemetry import metrics, reduced

TTL = timedelta(seconds=3)

# Asked inside the holder's own transactions: (name, holder, epoch).
HELD = "select exists (select from lease where name = $1 and holder = $2 and epoch = $3)"

_ACQUIRE = """
insert into lease as l (name, holder, epoch, expires_at) values ($1, $2, 1, clock_timestamp() + $3)
on conflict (name) do update set holder = excluded.holder, epoch = l.epoch + 1, expires_at = clock_timestamp() + $3
where l.expires_at <= clock_timestamp()
returning epoch
"""
_SEIZE = """
insert into lease as l (name, holder, epoch, expires_at) values ($1, $2, 1, clock_timestamp() + $3)
on conflict (name) do update set holder = excluded.holder, epoch = l.epoch + 1, expires_at = clock_timestamp() + $3
returning epoch
"""
_RENEW = """
update lease set expires_at = clock_timestamp() + $4 where name = $1 and holder = $2 and epoch = $3 returning epoch
"""
_RELEASE = "update lease set expires_at = clock_timestamp() where name = $1 and holder = $2 and epoch = $3"


class LeaseLost(Exception):
    """Another holder has taken over; what this one was doing must not be committed."""


class Lease:
    """One holder's hold on one name. A rival takes over `ttl` after the last renewal, at once after a release.

    A row with an epoch and not a session lock: poolers break those. Losing the lease unnoticed does no harm,
    because every commit made under it asks for the epoch again.
    """

    def __init__(self, database: Database, name: str, *, ttl: timedelta = TTL) -> None:
        self.name = name
        self.holder = str(new_id())
        self.epoch: int | None = None
        self._engine = database.engine
        self._ttl = ttl

    @property
    def patience(self) -> float:
        """Seconds between two looks at a lease that another one holds."""
        return self._ttl.total_seconds() / 6

    async def hold(self) -> int | None:
        """The epoch, if this holder has the lease or can take it now; None while another one has it."""
        if self.epoch is None:
            async with direct(self._engine) as connection:
                self.epoch = await connection.fetchval(_ACQUIRE, self.name, self.holder, self._ttl)
            metrics.HELD.labels(self.name).set(self.epoch is not None)
        return self.epoch

    async def seize(self) -> int:
        """Take it from whoever has it, for an operator's act; the epoch. Release it, and work goes on as before."""
        async with direct(self._engine) as connection:
            self.epoch = int(await connection.fetchval(_SEIZE, self.name, self.holder, self._ttl))
        return self.epoch

    async def renew(self) -> None:
        """Hold on for another `ttl`, unless somebody has taken over."""
        if self.epoch is None:
            return
        async with direct(self._engine) as connection:
            epoch = await connection.fetchval(_RENEW, self.name, self.holder, self.epoch, self._ttl)
        if epoch is None:
            self.drop()

    async def release(self) -> None:
        """Let the next holder in at once."""
        try:
            if self.epoch is not None:
                async with direct(self._engine) as connection:
                    await connection.execute(_RELEASE, self.name, self.holder, self.epoch)
        finally:
            self.drop()

    def drop(self) -> None:
        """Know that it is lost."""
        self.epoch = None
        metrics.HELD.labels(self.name).set(0)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Keep renewing while inside, and release on the way out."""
        renewal = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(asyncio.CancelledError):
                await renewal
            try:
                await self.release()
            except Exception as fault:  # noqa: BLE001 - going anyway: the lease runs out by itself
                structlog.get_logger().warning("lease-not-released", source=self.name, **reduced(fault))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._ttl.total_seconds() / 3)
            try:
                await self.renew()
            except Exception as fault:  # noqa: BLE001 - tried again in time, or the lease runs out
                structlog.get_logger().warning("lease-not-renewed", source=self.name, **reduced(fault))
