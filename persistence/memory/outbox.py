"""Emptying the outbox in memory."""

from datetime import datetime

from persistence.memory.metrics import count
from persistence.memory.tables import MemoryTables
from persistence.memory.webhooks.queueing import enqueue


class MemoryEventRelay:
    """Implements `domain.outbox.ports.EventRelay`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def relay(self, limit: int, now: datetime) -> int | None:
        outbox = self._tables.outbox
        taken = list(enumerate(outbox[:limit], start=self._tables.relayed + 1))
        del outbox[: len(taken)]
        self._tables.relayed += len(taken)
        count(self._tables, taken)
        enqueue(self._tables, taken, now)
        return len(taken)
