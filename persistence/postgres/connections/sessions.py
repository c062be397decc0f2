"""Opening sessions with PostgreSQL, directly or by way of a pooler: the one place that does."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, TypeAlias

import asyncpg

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_STATEMENTS = 256
"""The prepared statements that a session keeps."""


class PoolerMode(StrEnum):
    """The time for which a pooler, if there is one, lends a session of PostgreSQL's to one of its clients."""

    TRANSACTION = "transaction"
    SESSION = "session"


class SharedSession(asyncpg.Connection):  # type: ignore[misc]
    """A connection to a pooler that lends a session for one transaction.

    Nothing outlives a transaction, so there are no prepared statements, settings are made anew in each one, and each
    statement with arguments is in one: it is read and executed in two steps, between which the session must not change.
    """

    settings: Mapping[str, str]

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        if not args:
            query = f"{query}{self._local_settings()}" if query.startswith("BEGIN") else query
            told: str = await super().execute(query, timeout=timeout)
            return told
        async with self._in_one():
            done: str = await super().execute(query, *args, timeout=timeout)
        return done

    async def executemany(self, command: str, args: Iterable[Sequence[Any]], *, timeout: float | None = None) -> None:
        async with self._in_one():
            await super().executemany(command, args, timeout=timeout)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._in_one():
            return await super().fetch(query, *args, **options)

    async def fetchmany(self, query: str, args: Iterable[Sequence[Any]], **options: Any) -> Any:
        async with self._in_one():
            return await super().fetchmany(query, args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._in_one():
            return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        async with self._in_one():
            return await super().fetchval(query, *args, **options)

    @asynccontextmanager
    async def _in_one(self) -> AsyncIterator[None]:
        if self.is_in_transaction():
            yield
            return
        async with self.transaction():
            yield

    def _local_settings(self) -> str:
        return "".join(f"SET LOCAL {name} TO '{value}';" for name, value in self.settings.items())


class SessionOpener:
    """Opens sessions of one database, with these settings, and learns on the way if a pooler lends them.

    A pooler answers with a process of its own where PostgreSQL would name the backend. Such sessions are taken to be
    shared unless `pooler` says that they are not; to take shared ones for one's own would run the statements of others.
    """

    def __init__(
        self,
        url: str,
        settings: Mapping[str, str] | None = None,
        *,
        connection_settings: Mapping[str, str] | None = None,
        pooler: PoolerMode = PoolerMode.TRANSACTION,
    ) -> None:
        """`settings` hold in each transaction; `connection_settings` also outside, where no pooler shares sessions."""
        self.is_shared = False
        self._url = url
        self._settings = settings or {}
        self._of_connection = connection_settings or {}
        self._pooler = pooler

    async def open(self, **options: Any) -> Session:
        """A session; the caller closes it. `options` are those of `asyncpg.connect`. Raises errors of the driver's."""
        if not self.is_shared:
            connection: Session = await asyncpg.connect(self._url, **options, **self._options(_STATEMENTS))
            try:
                if self._pooler is PoolerMode.SESSION or not await is_pooled(connection):
                    await self._set_up(connection)
                    return connection
                await connection.close()
            except BaseException:
                connection.terminate()
                raise
            self.is_shared = True
        shared = await asyncpg.connect(
            self._url, **options | {"connection_class": SharedSession}, **self._options(statements=0)
        )
        shared.settings = self._settings
        return shared

    async def pool(
        self,
        size: int,
        *,
        idle_for: float = 300.0,
        opened: Callable[[Session], Awaitable[None]] | None = None,
        **options: Any,
    ) -> "asyncpg.Pool[asyncpg.Record]":
        """An open pool of at most `size` such sessions, made when first needed. `opened` is called with each.

        `idle_for`: the seconds after which one that is not used is closed; 0 for never.
        """
        return await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=idle_for,
            connect=self._connect,
            init=opened,
            reset=_keep,
            **options,
        )

    async def _connect(self, _url: str, *, loop: Any, connection_class: Any, **options: Any) -> Session:
        return await self.open(**options)

    async def _set_up(self, connection: Session) -> None:
        # Not among the parameters of the connection, of which poolers refuse what they do not know.
        settings = {**self._of_connection, **self._settings}
        if settings:
            await connection.execute(";".join(f"SET {name} TO '{value}'" for name, value in settings.items()))

    @staticmethod
    def _options(statements: int) -> dict[str, Any]:
        return {
            "statement_cache_size": statements,
            "max_cached_statement_lifetime": 0,
            "server_settings": {"application_name": "stepgraph", "timezone": "UTC"},
        }


async def is_pooled(connection: Session) -> bool:
    """True when somebody between us and PostgreSQL answers for it."""
    # As text alone, without arguments: that needs no prepared statement. Its answer is the number of rows.
    told: str = await connection.execute(f"SELECT WHERE pg_backend_pid() <> {connection.get_server_pid()}")
    return told != "SELECT 0"


async def _keep(connection: Any) -> None:
    """Give a connection back as it is: nothing here changes a session, and asyncpg's own reset is a round trip."""
