"""Telling errors of a server that cannot be reached from refusals: drivers' errors become `Unavailable` at the port."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from tortoise.exceptions import BaseORMException

from domain.kernel.errors import Unavailable

_FAULTS = (
    # The network, and a driver that lost its place because the connection went away in mid-conversation.
    OSError,
    EOFError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.FatalPostgresError,
    asyncpg.PostgresConnectionError,
    # A server that stops, starts, is full, is a replica just now, cannot use its disk, or does not let us in yet.
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # Limits of time, and conflicts that PostgreSQL resolves by ending one side.
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    # A session that is not the one in which the statement was prepared: a pooler's, or one with an older schema.
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.InvalidCachedStatementError,
)
"""The errors after which the same statement may succeed a moment later, on this server or on its successor."""

REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
)
"""The errors of a value that the server or the driver cannot take: U+0000, a number out of range, too long a path.

The driver's own DataError is a ValueError.
"""


_CLOSED_TRANSPORT = "the handler is closed"
"""A part of the text of the error that uvloop raises for a closed connection."""


def is_unavailable(error: BaseException) -> bool:
    """True for an error of the connection or the server, False for one of the statement; sees through the ORM's own."""
    if isinstance(error, BaseORMException):
        return error.__cause__ is not None and is_unavailable(error.__cause__)
    if isinstance(error, RuntimeError):
        return _CLOSED_TRANSPORT in str(error)
    return isinstance(error, _FAULTS) and not isinstance(error, REFUSALS)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Unavailable` in place of a driver's error that PostgreSQL cannot be reached."""
    try:
        yield
    except Exception as error:
        if not is_unavailable(error):
            raise
        raise unavailable(error) from error


def unavailable(error: Exception) -> Unavailable:
    """The `Unavailable` of a port for this error of a driver."""
    return Unavailable(f"PostgreSQL cannot be reached: {_what(error)}")


def _what(error: Exception) -> str:
    match error:
        case asyncpg.InvalidSQLStatementNameError() | asyncpg.DuplicatePreparedStatementError():
            told = str(error).partition("\n")[0]  # without the driver's advice to its programmers
            return f"{told}. A pooler in transaction mode does this: set STEPGRAPH_DATABASE_POOLER to transaction"
        case asyncpg.ReadOnlySQLTransactionError():
            return f"{error}. It is a replica or made read-only: DATABASE_URL must lead to the primary"
        case _:
            return str(error) or type(error).__name__
