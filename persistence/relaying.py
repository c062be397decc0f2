"""Emptying the outbox in PostgreSQL: each event is counted and queued for webhooks in the transaction that takes it."""

from datetime import datetime

from persistence import outbox
from persistence.database import Database
from persistence.metric_counting import count
from persistence.webhook_queueing import enqueue

_LOCK = "SELECT pg_try_advisory_xact_lock(x'53570004'::int)"
"""One relays at a time, or events would overtake each other. Tells this advisory lock from others."""


class PostgresEventRelay:
    """Implements `domain.ports.EventRelay`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def relay(self, limit: int, now: datetime) -> int:
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_LOCK):
                return 0
            taken = await outbox.take(connection, limit)
            if taken:
                await count(connection, taken)
                await enqueue(connection, taken, now)
            return len(taken)
