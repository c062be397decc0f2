"""Telling a part that cannot be reached from a part that says no: drivers' errors become `Unavailable` at the port."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from domain.errors import Unavailable

_CONNECTION_FAULTS = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
)
"""The network, a server that stops, starts, is full or is a replica just now, and conflicts that PostgreSQL resolves
by ending one side: for all of these the same statement may succeed a moment later."""


REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
)
"""The server or the driver (its own DataError is a ValueError) cannot take a value: U+0000, a number out of range, a
path too long to be indexed."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Unavailable` in place of a driver's complaint that PostgreSQL cannot be reached."""
    try:
        yield
    except _CONNECTION_FAULTS as error:
        if isinstance(error, REFUSALS):
            raise
        raise Unavailable(f"PostgreSQL cannot be reached: {str(error) or type(error).__name__}") from error
