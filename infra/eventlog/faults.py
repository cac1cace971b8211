"""Whose fault a fault is: the database's, which comes back, or the fact's, which will fail again."""

from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes: connection exceptions, insufficient resources (disk, memory, connections), server stopping or
# starting, and a server that has become a read-only replica.
_AWAY = ("08", "53", "57P", "25006")


def unreachable(fault: BaseException) -> bool:
    """Whether the database was away, so that nothing is said about what was being done."""
    if isinstance(fault, OSError | PoolTimeout):
        return True
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    # asyncpg's own confusion when a connection breaks under it; SQLAlchemy passes it on as it is.
    if any(isinstance(cause, asyncpg.InternalClientError) for cause in _causes(fault)):
        return True
    return sqlstate(fault).startswith(_AWAY)


def reason(fault: BaseException) -> str:
    """What may be kept of a fault: its SQLSTATE or the name of its class. Texts may quote a client's phone."""
    return sqlstate(fault) or type(fault).__name__


def sqlstate(fault: BaseException) -> str:
    """PostgreSQL's five characters, or nothing."""
    for cause in _causes(fault):
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return state
    return ""


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = getattr(fault, "orig", None) or fault.__cause__
