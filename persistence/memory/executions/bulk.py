"""Bulk operations in memory."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.executions.bulk.model import BulkOperation
from domain.kernel.pages import Page
from persistence.memory.tables import MemoryTables, page_of


class MemoryBulkOperations:
    """Implements `domain.executions.bulk.ports.BulkOperations`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._rows: dict[UUID, BulkOperation] = {}
        self._held_until: dict[UUID, datetime] = {}

    async def add(self, operation: BulkOperation) -> None:
        self._rows[operation.id] = operation

    async def get(self, id: UUID) -> BulkOperation | None:
        return self._rows.get(id)

    async def page(self, *, first: int, after: UUID | None) -> Page[BulkOperation]:
        rows = sorted((row for row in self._rows.values() if after is None or row.id < after), key=lambda row: row.id)
        return page_of(rows[::-1], first)

    async def count(self) -> int:
        return len(self._rows)

    async def claim(self, *, lease: timedelta) -> BulkOperation | None:
        now = self._tables.now()
        for id in sorted(self._rows):
            row, held = self._rows[id], self._held_until.get(id)
            if row.finished_at is None and (held is None or held <= now):
                self._held_until[id] = now + lease
                self._rows[id] = replace(row, epoch=row.epoch + 1)
                return self._rows[id]
        return None

    async def advance(self, operation: BulkOperation) -> bool:
        stored = self._rows[operation.id]
        if stored.epoch != operation.epoch:
            return False
        is_finished = operation.finished_at is not None
        self._rows[operation.id] = operation if is_finished else replace(operation, stopped_at=stored.stopped_at)
        self._held_until.pop(operation.id, None)
        return True

    async def stop(self, id: UUID, now: datetime) -> BulkOperation | None:
        row = self._rows.get(id)
        if row is None or row.finished_at is not None:
            return None
        self._rows[id] = replace(row, stopped_at=row.stopped_at or now)
        return self._rows[id]

    async def prune(self, before: datetime, limit: int) -> int:
        ended = [row.id for row in self._rows.values() if row.finished_at is not None and row.finished_at < before]
        for id in sorted(ended)[:limit]:
            del self._rows[id]
        return min(len(ended), limit)
