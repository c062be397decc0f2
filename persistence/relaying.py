"""Emptying the outbox in PostgreSQL: each event is counted and queued for webhooks in the transaction that takes it."""

from collections.abc import Callable
from datetime import datetime

from domain.metrics import Counted
from persistence import outbox
from persistence.database import Database
from persistence.metric_counting import count
from persistence.webhook_queueing import enqueue

LOCK = "SELECT pg_try_advisory_xact_lock(x'53570004'::int), set_config('statement_timeout', $1, true)"
"""One relays at a time, or events would overtake each other. Tells this advisory lock from others.

Its lock is free soon when its process is stopped: between statements by the session's limit for idle transactions, and
while a statement is being prepared, when the server does not call it idle, by this limit of statements.
"""


class PostgresEventRelay:
    """Implements `domain.ports.EventRelay`. `counted` is told what was counted, once that is committed."""

    def __init__(self, database: Database, counted: Callable[[Counted], None] | None = None) -> None:
        self._database = database
        self._counted = counted

    async def relay(self, limit: int, now: datetime) -> int:
        async with self._database.transaction() as connection:
            if not await connection.fetchval(LOCK, str(self._database.lease_milliseconds)):
                return 0
            taken = await outbox.take(connection, limit)
            if taken:
                counted = await count(connection, taken)
                await enqueue(connection, taken, now)
        if taken and self._counted is not None:
            self._counted(counted)
        return len(taken)
