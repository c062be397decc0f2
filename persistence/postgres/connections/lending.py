"""Lending the connections of one pool: every statement borrows one, at little more cost than the pool's own work."""

from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

import asyncpg

from persistence.postgres.connections.unavailable import is_unavailable, unavailable

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_RELEASE_WITHIN = 1.0
_FREE_WITHIN = 30.0
"""The seconds that a caller waits for a connection while all are in use."""
_BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Lender:
    """Lends the `size` connections of a pool. `lent` are the backends of those in use, of other pools' too.

    `on_silence` is called when a statement was given up, before its connection is broken.
    """

    __slots__ = ("asked", "lent", "on_silence", "pool", "size")

    def __init__(self, pool: Pool, *, size: int, lent: set[int], on_silence: Callable[[], None]) -> None:
        self.pool = pool
        self.size = size
        self.lent = lent
        self.on_silence = on_silence
        self.asked = 0
        """The number of loans that have a connection, wait for one, or give one back."""

    def loan(self) -> "Loan":
        """One connection for as long as its context lasts."""
        return Loan(self)


class Loan:
    """A connection, while its context lasts. Raises `Unavailable` where PostgreSQL is away, on entering or inside."""

    __slots__ = ("_backend", "_connection", "_lender")

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    async def __aenter__(self) -> Connection:
        lender = self._lender
        lender.asked += 1
        try:
            # Only where more are asked for than there are does anybody wait; a timer costs as much as all of the rest.
            connection = await lender.pool.acquire(timeout=None if lender.asked <= lender.size else _FREE_WITHIN)
        except BaseException as error:
            lender.asked -= 1
            if isinstance(error, Exception) and is_unavailable(error):
                raise unavailable(error) from error
            raise
        self._connection = connection
        self._backend = connection.get_server_pid()
        lender.lent.add(self._backend)
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lender, connection = self._lender, self._connection
        if isinstance(error, TimeoutError):
            lender.on_silence()
            connection.terminate()
        lender.lent.discard(self._backend)
        try:
            # Where a statement was given up, the server is told over a connection of its own: that may hang too.
            await lender.pool.release(connection, timeout=_RELEASE_WITHIN)
        except _BROKEN:
            pass
        finally:
            lender.asked -= 1
        if isinstance(error, Exception) and is_unavailable(error):
            raise unavailable(error) from error
