"""The process's one pool of connections to PostgreSQL, and the ORM on top of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias

import asyncpg

from domain.errors import Unavailable
from persistence.orm import Orm
from persistence.unavailable import translated

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_ANSWER_WITHIN = 60.0
_HOT_ANSWER_WITHIN = 10.0
"""Seconds after which a connection is taken for dead: a host that vanished closes nothing."""


class Database:
    """Connections to one database: open while its context lasts.

    `json` and `jsonb` come and go as text: see domain/json_text.py. Whatever is asked while PostgreSQL is away raises
    `Unavailable`; opening the context does not need it yet. There are two pools: one for the batched statements of the
    hot path, whose plans are made once and never scan a table, and one for everything else.
    """

    def __init__(self, url: str, *, pool_size: int = 8, hot_pool_size: int = 4, connect_timeout: float = 5.0) -> None:
        """`url` is a libpq address; `connect_timeout` is in seconds. Connections are opened when first needed."""
        self.url = url
        self._pool_size = pool_size
        self._hot_pool_size = hot_pool_size
        self._connect_timeout = connect_timeout
        self._pool: Pool | None = None
        self._hot_pool: Pool | None = None
        self._orm: Orm | None = None

    async def __aenter__(self) -> Self:
        self._pool = await self._open(self._pool_size, _ANSWER_WITHIN, idle_for=300.0)
        # The planner of a batch of unknown size chooses the same each time, for half a millisecond; and one that saw a
        # table when it was small must not go on to scan it when it is not.
        self._hot_pool = await self._open(
            self._hot_pool_size,
            _HOT_ANSWER_WITHIN,
            idle_for=0.0,  # never closed: the first statement of a new connection takes twenty times as long
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
            jit="off",
        )
        self._orm = await Orm.over(self._pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pools = [pool for pool in (self._pool, self._hot_pool) if pool is not None]
        self._pool = self._hot_pool = self._orm = None
        for pool in pools:
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    async def _open(self, size: int, answer_within: float, *, idle_for: float, **settings: str) -> Pool:
        return await asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=idle_for,
            timeout=self._connect_timeout,
            command_timeout=answer_within,
            statement_cache_size=256,
            max_cached_statement_lifetime=0,
            reset=_keep,
            server_settings={"application_name": "stepgraph", "timezone": "UTC", **settings},
        )

    @property
    def orm(self) -> Orm:
        """The models, on the same connections."""
        if self._orm is None:
            raise Unavailable("The database is not open.")
        return self._orm

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for a while; statements outside a transaction commit one by one."""
        with translated():
            async with _opened(self._pool).acquire() as connection:
                yield connection

    @asynccontextmanager
    async def hot_connection(self) -> AsyncIterator[Connection]:
        """A connection for statements that handle a batch by index."""
        with translated():
            async with _opened(self._hot_pool).acquire() as connection:
                yield connection

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
        """The first row of one statement."""
        async with self.connection() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def fetch_value(self, statement: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        async with self.connection() as connection:
            return await connection.fetchval(statement, *arguments)


def _opened(pool: "Pool | None") -> "Pool":
    if pool is None:
        raise Unavailable("The database is not open.")
    return pool


async def _keep(connection: Any) -> None:
    """Give a connection back as it is: nothing here changes a session, and asyncpg's own reset is a round trip."""
