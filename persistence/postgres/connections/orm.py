"""The ORM on the process's one connection pool: a Tortoise backend whose pool is lent to it, never opened or closed."""

import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction


class LentPoolClient(AsyncpgDBClient):
    """Tortoise's asyncpg client over a pool that others own."""

    def __init__(self, *, pool: "asyncpg.Pool[Any] | None" = None, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._pool = pool

    async def create_connection(self, with_db: bool) -> None:
        """Do nothing: the pool was there first."""

    async def close(self) -> None:
        """Do nothing: the pool belongs to its lender."""


client_class = LentPoolClient
"""The name that Tortoise looks for in an engine's module."""


def tortoise_config(**credentials: Any) -> dict[str, Any]:
    """The configuration of the one app; `credentials` are the arguments of its client."""
    return {
        "connections": {"default": {"engine": __name__, "credentials": credentials}},
        "apps": {
            "stepgraph": {
                "models": ["persistence.postgres.models"],
                "migrations": "persistence.postgres.migrations",
                "default_connection": "default",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


class Orm:
    """The models, usable from any task of the process, and from several databases in one process."""

    def __init__(self, context: TortoiseContext) -> None:
        self._context = context

    @classmethod
    async def over(cls, pool: "asyncpg.Pool[Any]") -> "Orm":
        """The ORM on a pool that is open already, for as long as it is."""
        context = TortoiseContext()
        with context:
            await context.init(config=tortoise_config(pool=pool))
        return cls(context)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Let the models of this task find their pool, without opening a connection or a transaction."""
        # A context remembers one entrance only; a copy shares its pool, and can be entered beside others.
        with copy.copy(self._context):
            yield

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """One transaction round everything that the models do inside."""
        with self.session():
            async with in_transaction():
                yield
