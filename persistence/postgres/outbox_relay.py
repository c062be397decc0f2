"""Emptying the outbox in PostgreSQL: each event is counted and queued for webhooks in the transaction that takes it."""

from collections.abc import Callable
from datetime import datetime

from domain.metrics.model import Counted
from persistence.postgres import outbox
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection
from persistence.postgres.metrics.counting import count
from persistence.postgres.webhooks.queueing import enqueue

_LIMITS_TRANSACTIONS = 17  # the major version of PostgreSQL

LOCK = "SELECT pg_try_advisory_xact_lock(x'53570004'::int), set_config($1, $2, true)"
"""The lock under which one process at a time relays, or events would overtake each other; its number keeps it apart.

When its process is stopped, the lock is free soon: between statements by the session's limit for idle transactions.
While a statement is being prepared the server calls nothing idle, and only its limit for whole transactions helps.
"""


def limit_of(connection: Connection, milliseconds: int) -> tuple[str, str]:
    """The setting that bounds a transaction best: as a whole where PostgreSQL can (17 and later), or by statement."""
    can_limit_all = connection.get_server_version().major >= _LIMITS_TRANSACTIONS
    return "transaction_timeout" if can_limit_all else "statement_timeout", str(milliseconds)


class PostgresEventRelay:
    """Implements `domain.outbox.ports.EventRelay`. After the commit `counted` is called with the added counts.

    `queued` is called then too, where webhooks have got events.
    """

    def __init__(
        self,
        database: Database,
        counted: Callable[[Counted], None] | None = None,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._counted = counted
        self._queued = queued

    async def relay(self, limit: int, now: datetime) -> int | None:
        has_queued = False
        async with self._database.transaction() as connection:
            if not await connection.fetchval(LOCK, *limit_of(connection, self._database.lease_milliseconds)):
                return None
            taken = await outbox.take(connection, limit)
            if taken:
                counted = await count(connection, taken)
                has_queued = await enqueue(connection, taken, now)
        if taken and self._counted is not None:
            self._counted(counted)
        if has_queued:
            self._queued()
        return len(taken)
