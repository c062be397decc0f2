"""A database that loses an answer when a test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.kernel.errors import Unavailable
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection


class ForgetfulDatabase(Database):
    """Stores the next commit and loses its answer, once `forgets` is set."""

    forgets = False

    @asynccontextmanager
    async def hot_connection(self) -> AsyncIterator[Connection]:
        async with super().hot_connection() as connection:
            yield connection
        if self.forgets:
            self.forgets = False
            raise Unavailable("the connection broke")
