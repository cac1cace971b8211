"""The database of one process: engine, the brand-bound transaction, and the alias routes use."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import AsyncAdaptedQueuePool, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from infra.crypto import Keyring
from infra.eventlog import outbox
from infra.eventlog.faults import sqlstate, unreachable
from infra.refusal import Unauthenticated
from infra.telemetry import metrics

EVERY_BRAND = "*"  # plumbing that sweeps over all brands: expiry, dispatch

# Seconds for one statement, seen from here: the login's own time-outs do not help when the network falls silent.
COMMAND = 15
CONNECT = 5  # seconds for a new connection

# What a waiting caller may simply try again: connection lost or refused, server starting or stopping, busy locks,
# a statement that took too long, a dead-lock or a serialisation failure.
PASSING = ("08", "57", "55P03", "40001", "40P01", "53")

_SEES = text("select set_config('maison.brand_id', :brand, true)")

# Constraint names are said in logs and mapped to refusals, so they are the same on every machine.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def metadata() -> MetaData:
    """The metadata of one service's tables."""
    return MetaData(naming_convention=NAMING)


class SeenPool(AsyncAdaptedQueuePool):
    """A pool that says how long its connections were waited for."""

    def __init__(self, *settings: Any, **named: Any) -> None:
        super().__init__(*settings, **named)
        metrics.watch_pool(self)

    def _do_get(self) -> ConnectionPoolEntry:
        began = time.perf_counter()
        try:
            return super()._do_get()
        finally:
            metrics.WAITED.labels(self.logging_name).observe(time.perf_counter() - began)


class Database:
    """The pool of one process to one database."""

    def __init__(self, url: str, *, pool_size: int = 8, name: str = "maison", keyring: Keyring | None = None) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            poolclass=SeenPool,
            pool_logging_name=name,
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT,
                "command_timeout": COMMAND,
                "server_settings": {"application_name": name},
            },
        )
        # The field keys travel with the transaction, for it is rows that they open: see infra.crypto.keyring.
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info={"keyring": keyring})

    @asynccontextmanager
    async def transaction(self, brand_id: str) -> AsyncIterator[AsyncSession]:
        """One transaction that sees one brand; the facts recorded in it are written and all is committed at the end.

        Any exception rolls everything back. `EVERY_BRAND` is for plumbing only.
        """
        async with self._sessions() as session:
            session.info["brand_id"] = brand_id
            await session.execute(_SEES, {"brand": brand_id})
            yield session
            await outbox.flush(session)
            await session.commit()
            outbox.committed(session)

    @asynccontextmanager
    async def snapshot(self, brand_id: str) -> AsyncIterator[AsyncSession]:
        """One brand as it is at this moment, for reading alone: however many statements, all see the same."""
        async with self._sessions() as session:
            as_of_now = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            await session.connection(execution_options=as_of_now)
            session.info["brand_id"] = brand_id
            await session.execute(_SEES, {"brand": brand_id})
            yield session

    async def dispose(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def is_passing(fault: BaseException) -> bool:
    """Whether this is the database being away or busy, so that trying again may help."""
    if unreachable(fault):
        return True
    if state := sqlstate(fault):
        return state.startswith(PASSING)
    # A driver that says nothing more is confused by its connection, unless it was an argument that it could not send.
    return isinstance(fault, DBAPIError | asyncpg.InterfaceError) and not isinstance(fault, asyncpg.DataError)


def violated(fault: BaseException) -> str | None:
    """The name of the constraint an error broke, if it broke one."""
    cause: BaseException | None = fault
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if isinstance(name, str):
            return name
        cause = getattr(cause, "orig", None) or cause.__cause__
    return None


def guard(table: str) -> list[str]:
    """The statements that put row-level security on a table with `brand_id`: the second wall behind the queries.

    FORCE makes it hold for the owner too, and an unset brand sees nothing.
    """
    mine = "brand_id = current_setting('maison.brand_id', true) or current_setting('maison.brand_id', true) = '*'"
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy brand_wall on {table} using ({mine}) with check ({mine})",
    ]


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    # An idempotent route has already begun: the key and the effect are one transaction, committed by infra.idempotency.
    begun: AsyncSession | None = getattr(request.state, "transaction", None)
    if begun is not None:
        yield begun
        return
    caller = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthenticated
    async with request.app.state.kit.database.transaction(caller.brand_id) as session:
        yield session


# The one way a route touches the database. scope="function" commits before the response is sent: what a caller was
# told happened, happened.
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
