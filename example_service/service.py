"""The service itself: it listens, counts what it is asked, and remembers what workflows have stored in it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from example_service.connection import Connection

_MAX_COUNTED_PATHS = 100_000
_MAX_ROWS = 100_000


class ExampleService:
    """A listening service. `port` 0 takes a free one; `url` is known once the context is entered.

    `counters` counts the requests per path (without the query). `connections` is how many are open. `tables` is what
    was stored, by table and key.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.counters: Counter[str] = Counter()
        self.tables: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.url = ""
        self._host = host
        self._port = port
        self._attempts: Counter[str] = Counter()
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """The number of connections that are open now."""
        return len(self._open)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self._host, self._port, backlog=4096, reuse_address=True
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            for connection in tuple(self._open):
                connection.abort()
            await self._server.wait_closed()

    def opened(self, connection: Connection) -> None:
        """Note that a connection was made."""
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        self._open.discard(connection)

    def count(self, path: str) -> None:
        """Count a request for this path. Paths beyond a bound are counted together."""
        if len(self.counters) >= _MAX_COUNTED_PATHS and path not in self.counters:
            path = "*"
        self.counters[path] += 1

    def attempt(self, key: str) -> int:
        """Count a call with this key, and return its number, from 1. All keys are forgotten when there are too many."""
        if len(self._attempts) >= _MAX_COUNTED_PATHS:
            self._attempts.clear()
        self._attempts[key] += 1
        return self._attempts[key]

    def store(self, table: str, key: str, row: Any) -> None:
        """Keep a row, in place of one with the same key. A table that grows too long is begun anew."""
        rows = self.tables[table]
        if len(rows) >= _MAX_ROWS:
            rows.clear()
        rows[key] = row

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the answer, for as long as the service runs."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
