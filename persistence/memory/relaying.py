"""Emptying the outbox in memory."""

from datetime import datetime

from persistence.memory.tables import MemoryTables


class MemoryEventRelay:
    """Implements `domain.ports.EventRelay`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def relay(self, limit: int, now: datetime) -> int:
        taken, self._tables.outbox[:] = self._tables.outbox[:limit], self._tables.outbox[limit:]
        return len(taken)
