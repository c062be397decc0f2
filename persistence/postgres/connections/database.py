"""The process's one pool of connections to PostgreSQL, and the ORM on top of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import asyncpg

from domain.kernel.errors import Unavailable
from persistence.postgres.connections.lending import Connection, Lender, Pool
from persistence.postgres.connections.orm import Orm
from persistence.postgres.connections.sessions import PoolerMode, Session, SessionOpener

_ANSWER_WITHIN = 60.0
"""The seconds that a statement of no hurry may take."""
_SHORTEST = 2.0


class Database:
    """Connections to one database: open while its context lasts.

    `json` and `jsonb` values are text on both ways: see domain/kernel/json/text.py. While PostgreSQL is away, every
    call raises `Unavailable`; opening the context does not need it yet. There are two pools: one for the batched
    statements of the hot path, whose plans are made once and never scan a table, and one for everything else.

    A host that vanished closes nothing, so no side waits for the other for longer than a worker's lease allows. A hot
    statement is given up after three quarters of it, and the connections that were open then are not used again. The
    server ends a transaction that is idle for half of it, as its worker was stopped in the middle, and a session whose
    client has not acknowledged anything for the whole of it; either frees the locks.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        hot_pool_size: int = 4,
        connect_timeout: float = 5.0,
        lease: timedelta = timedelta(seconds=8),
        pooler: PoolerMode = PoolerMode.TRANSACTION,
    ) -> None:
        """`url` is a libpq address; `connect_timeout` is in seconds. Connections are opened when first needed.

        `lease`: the time for which a silent worker keeps its executions. `pooler`: how one in between lends sessions.
        """
        self.url = url
        self.pooler = pooler
        self._lease = lease.total_seconds()
        self._connections: WeakSet[asyncpg.Connection[asyncpg.Record]] = WeakSet()
        self._lent_out: set[int] = set()
        """The backends of the connections that are in use."""
        self._pool_size = pool_size
        self._hot_pool_size = hot_pool_size
        self._connect_timeout = connect_timeout
        self._pool: Pool | None = None
        self._hot_pool: Pool | None = None
        self._lender: Lender | None = None
        self._hot_lender: Lender | None = None
        self._orm: Orm | None = None

    async def __aenter__(self) -> Self:
        self._pool = await self._open(self._pool_size, _ANSWER_WITHIN, idle_for=300.0)
        # The planner of a batch of unknown size chooses the same each time, for half a millisecond; and one that saw a
        # table when it was small must not go on to scan it when it is not.
        self._hot_pool = await self._open(
            self._hot_pool_size,
            max(_SHORTEST, 0.75 * self._lease),
            idle_for=0.0,  # never closed: the first statement of a new connection takes twenty times as long
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
            jit="off",
        )
        self._lender = self._lending(self._pool, self._pool_size)
        self._hot_lender = self._lending(self._hot_pool, self._hot_pool_size)
        self._orm = await Orm.over(self._pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pools = [pool for pool in (self._pool, self._hot_pool) if pool is not None]
        self._pool = self._hot_pool = self._lender = self._hot_lender = self._orm = None
        for pool in pools:
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    async def _open(self, size: int, answer_within: float, *, idle_for: float, **settings: str) -> Pool:
        milliseconds = {
            "statement_timeout": answer_within,
            "idle_in_transaction_session_timeout": max(_SHORTEST, self._lease / 2),
        }
        settings.setdefault("jit", "off")  # a list is read before its statement would be compiled
        settings |= {name: f"{1000 * seconds:.0f}" for name, seconds in milliseconds.items()}
        connection = {
            "tcp_user_timeout": f"{1000 * max(_SHORTEST, self._lease):.0f}",
            "tcp_keepalives_idle": f"{max(1, self._lease // 2):.0f}",
            "tcp_keepalives_interval": "1",
            "tcp_keepalives_count": "3",
        }
        opener = SessionOpener(self.url, settings, connection_settings=connection, pooler=self.pooler)
        return await opener.pool(
            size,
            idle_for=idle_for,
            opened=self._opened,
            timeout=self._connect_timeout,
            command_timeout=answer_within,
        )

    async def _opened(self, session: Session) -> None:
        self._connections.add(session)

    def _lending(self, pool: Pool, size: int) -> Lender:
        return Lender(pool, size=size, lent=self._lent_out, on_silence=self.distrust_connections)

    @property
    def most_connections(self) -> int:
        """The connections that this process may have open at once."""
        return self._pool_size + self._hot_pool_size

    @property
    def lease(self) -> timedelta:
        """The time for which a silent worker keeps its executions."""
        return timedelta(seconds=self._lease)

    @property
    def lease_milliseconds(self) -> int:
        """The most milliseconds that a transaction may take for which all processes wait."""
        return round(1000 * max(_SHORTEST, self._lease))

    @property
    def orm(self) -> Orm:
        """The models, on the same connections."""
        if self._orm is None:
            raise Unavailable("The database is not open.")
        return self._orm

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for a while; statements outside a transaction commit one by one."""
        return _lender_of(self._lender).loan()

    def hot_connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for statements that handle a batch by index."""
        return _lender_of(self._hot_lender).loan()

    def distrust_connections(self) -> None:
        """Close all connections that are not in use: where one was silent, the way to the server may be cut.

        Nothing is sent to the server: it would not arrive, and waiting for that to be done would take long.
        """
        for connection in list(self._connections):
            if not connection.is_closed() and connection.get_server_pid() not in self._lent_out:
                connection.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one transaction: committed at the end, rolled back when an error leaves it."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """All rows of one statement."""
        async with self.connection() as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *arguments)
            return rows

    async def fetch_row(self, statement: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of one statement; None where there is none."""
        async with self.connection() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def fetch_value(self, statement: str, *arguments: Any) -> Any:
        """The first column of the first row; None where there is no row."""
        async with self.connection() as connection:
            return await connection.fetchval(statement, *arguments)


def _lender_of(lender: Lender | None) -> Lender:
    if lender is None:
        raise Unavailable("The database is not open.")
    return lender
