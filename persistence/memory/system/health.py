"""The health of a system in memory: every component is up, unless a test says otherwise."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.system.records import ComponentRecord, OutboxBacklog, WorkProgress
from persistence.memory.tables import MemoryTables


class MemoryHealthProbe:
    """Implements `domain.system.ports.HealthProbe`. `down` names the components that do not answer."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self.down: set[str] = set()
        self.clock_offset = timedelta(0)

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        return [
            ComponentRecord(
                name=name,
                is_up=name not in self.down,
                latency=None if name in self.down else timedelta(0),
                detail="switched off" if name in self.down else None,
            )
            for name in ("postgresql", "redis", "migrations")
        ]

    async def backlog(self, now: datetime) -> OutboxBacklog:
        outbox = self._tables.outbox
        lag = max(timedelta(0), now - min(event.at for event in outbox)) if outbox else timedelta(0)
        return OutboxBacklog(pending=len(outbox), lag=lag)

    async def progress(self) -> WorkProgress:
        tables = self._tables
        now = tables.now()
        overdue = [
            now - row.due_at
            for row in tables.executions.values()
            if row.due_at is not None and row.due_at <= now and not row.is_queued
            if row.due_at > row.created_at or row.epoch == 0
        ]
        led = tables.leadership
        return WorkProgress(
            since_reconciled=None if led is None else now - led.worked_at,
            overdue_for=max(overdue, default=timedelta(0)),
            clock_offset=self.clock_offset,
        )
