"""asyncpg's own connection out of the pool: the plumbing's few hot statements go without the ORM's layers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Connection(Protocol):
    """The part of asyncpg.Connection used here. Outside `transaction()` each statement commits on its own."""

    async def execute(self, query: str, *args: object) -> str:
        """Run it and answer PostgreSQL's command tag."""
        ...

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Every row."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Any:
        """The first row or None."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first column of the first row or None."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """All or nothing."""
        ...

    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        ...


@asynccontextmanager
async def direct(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """Borrow a connection. The pool does not see these break: one found broken is replaced, and none is given back."""
    async with engine.connect() as borrowed:
        connection = await _driver(borrowed)
        if connection.is_closed():
            await borrowed.invalidate()
            connection = await _driver(borrowed)
        try:
            yield connection
        finally:
            if connection.is_closed():
                await borrowed.invalidate()


async def _driver(borrowed: AsyncConnection) -> Connection:
    return cast("Connection", (await borrowed.get_raw_connection()).driver_connection)
