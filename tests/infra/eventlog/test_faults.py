"""Whose fault a fault is."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from infra.database import is_passing
from infra.eventlog.faults import reason, unreachable


def _from_database(fault: Exception, *, invalidated: bool = False) -> DBAPIError:
    return DBAPIError("select phone", None, fault, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        PoolTimeout(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.InternalClientError(),
        _from_database(asyncpg.AdminShutdownError()),
        _from_database(asyncpg.CannotConnectNowError()),
        _from_database(asyncpg.TooManyConnectionsError()),
        _from_database(asyncpg.DiskFullError()),
        _from_database(asyncpg.ReadOnlySQLTransactionError()),
        _from_database(asyncpg.InterfaceError("connection is closed"), invalidated=True),
    ],
    ids=lambda fault: type(getattr(fault, "orig", fault)).__name__,
)
def test_a_database_that_is_away_says_nothing_about_a_fact(fault: Exception) -> None:
    assert unreachable(fault)


@pytest.mark.parametrize(
    "fault",
    [
        ValueError(),
        _from_database(asyncpg.UniqueViolationError()),
        _from_database(asyncpg.QueryCanceledError()),
        _from_database(asyncpg.DeadlockDetectedError()),
        _from_database(asyncpg.LockNotAvailableError()),
        _from_database(asyncpg.DataError("invalid input")),
    ],
    ids=lambda fault: type(getattr(fault, "orig", fault)).__name__,
)
def test_everything_else_is_looked_for_in_the_facts(fault: Exception) -> None:
    assert not unreachable(fault)


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.AdminShutdownError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.QueryCanceledError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError(),
        ConnectionResetError(),
        TimeoutError(),
        PoolTimeout(),
        _from_database(asyncpg.LockNotAvailableError()),
    ],
    ids=lambda fault: type(getattr(fault, "orig", fault)).__name__,
)
def test_what_passes_by_itself_passes_on_whichever_connection_it_was_met(fault: Exception) -> None:
    assert is_passing(fault)


@pytest.mark.parametrize("fault", [ValueError(), asyncpg.UniqueViolationError(), asyncpg.DataError("invalid input")])
def test_a_defect_does_not_pass(fault: Exception) -> None:
    assert not is_passing(fault)


def test_the_reason_that_is_kept_quotes_nothing() -> None:
    assert reason(_from_database(asyncpg.UniqueViolationError("Key (phone)=(+8613800000000)"))) == "23505"
    assert reason(ValueError("+8613800000000")) == "ValueError"
