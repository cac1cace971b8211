"""asyncpg's own connection out of the pool: the plumbing's few hot statements go without the ORM's layers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Connection(Protocol):
    """The part of asyncpg.Connection used here. Outside `transaction()` each statement commits on its own.

    `timeout` is in seconds, for one statement; without it the pool's own holds.
    """

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Run it and answer PostgreSQL's command tag."""
        ...

    async def fetch(self, query: str, *args: object, timeout: float | None = None) -> list[Any]:  # noqa: ASYNC109
        """Every row."""
        ...

    async def fetchrow(self, query: str, *args: object, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """The first row or None."""
        ...

    async def fetchval(self, query: str, *args: object, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """The first column of the first row or None."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """All or nothing."""
        ...

    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        ...


# An operator's act may take as long as it takes; the login's time-outs are meant for requests.
UNHURRIED = (
    "set local statement_timeout = 0",
    "set local idle_in_transaction_session_timeout = 0",
    "set local lock_timeout = '5s'",
)
LONG = 24 * 3600.0  # seconds, for one statement of such an act


async def unhurried(connection: Connection) -> None:
    """Lift the login's time-outs for the transaction that has begun here."""
    for statement in UNHURRIED:
        await connection.execute(statement)


@asynccontextmanager
async def direct(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """Borrow a connection. The pool does not see these break: one found broken is replaced, and none is given back."""
    async with engine.connect() as borrowed:
        connection = await driver(borrowed)
        if connection.is_closed():
            await borrowed.invalidate()
            connection = await driver(borrowed)
        try:
            yield connection
        finally:
            if connection.is_closed():
                await borrowed.invalidate()


async def driver(borrowed: AsyncConnection) -> Connection:
    """The driver's connection beneath a borrowed one; it sees the transaction that has begun there."""
    return cast("Connection", (await borrowed.get_raw_connection()).driver_connection)
