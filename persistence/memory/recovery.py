"""What the reconciler asks and which workers live, in memory."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.engine.state import StepState
from domain.records import ExecutionRecord, Progress, StepRecord, WorkerRecord
from domain.statuses import ExecutionStatus, StepStatus
from persistence.memory.tables import MemoryTables
from persistence.rows import poisoned


class MemoryRecovery:
    """Implements `domain.ports.Recovery`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._has_leader = False

    async def lead(self) -> AbstractAsyncContextManager[bool]:
        return self._lead()

    @asynccontextmanager
    async def _lead(self) -> AsyncIterator[bool]:
        if self._has_leader:
            yield False
            return
        self._has_leader = True
        try:
            yield True
        finally:
            self._has_leader = False

    async def due_executions(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        rows = [row for row in self._tables.executions.values() if self._tables.wants_attention(row, now)]
        rows.sort(key=lambda row: (row.due_at or row.created_at, row.id))
        return [row.id for row in rows[:limit]]

    async def release_dead(self, *, dead_before: datetime, limit: int) -> Sequence[UUID]:
        workers = self._tables.workers
        alive = {worker.id for worker in workers.values() if worker.heartbeat_at >= dead_before}
        released = _release(self._tables, lambda row: row.worker_id not in alive, limit=limit, crashes=1)
        for dead in [id for id in workers if id not in alive]:
            del workers[dead]
        return released

    async def fail_poisoned(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        found = [
            row
            for row in self._tables.executions.values()
            if row.worker_id is None and not row.status.is_terminal and row.crashes >= crashes
        ]
        for row in found[:limit]:
            self._fail(row, now)
        return [row.id for row in found[:limit]]

    def _fail(self, row: ExecutionRecord, now: datetime) -> None:
        steps = self._tables.steps.get(row.id, {})
        unfinished = [step for step in steps.values() if not step.state.status.is_terminal]
        sequence = row.sequence + 1
        for step in unfinished:
            steps[step.state.path] = StepRecord(
                execution_id=row.id,
                position=step.position,
                sequence=sequence,
                state=_cancelled(step.state, now),
            )
        self._tables.executions[row.id] = replace(
            row,
            status=ExecutionStatus.FAILED,
            error=poisoned(row.crashes),
            finished_at=now,
            waiting_for=None,
            due_at=None,
            epoch=row.epoch + 1,
            sequence=sequence,
            progress=Progress(
                total=row.progress.total,
                completed=row.progress.completed,
                failed=row.progress.failed,
                running=0,
                ended=row.progress.ended + len(unfinished),
            ),
        )


class MemoryWorkerRegistry:
    """Implements `domain.ports.WorkerRegistry`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        self._tables.workers[worker_id] = WorkerRecord(
            id=worker_id, host=host, started_at=now, heartbeat_at=now, active_executions=0
        )

    async def heartbeat(self, worker_id: UUID, *, active_executions: int, now: datetime) -> bool:
        worker = self._tables.workers.get(worker_id)
        if worker is None:
            return False
        self._tables.workers[worker_id] = replace(worker, heartbeat_at=now, active_executions=active_executions)
        return True

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        self._tables.workers.pop(worker_id, None)
        return _release(self._tables, lambda row: row.worker_id == worker_id, limit=None, crashes=0)

    async def workers(self) -> Sequence[WorkerRecord]:
        return sorted(self._tables.workers.values(), key=lambda row: (row.started_at, row.id))


def _release(
    tables: MemoryTables, predicate: Callable[[ExecutionRecord], bool], *, limit: int | None, crashes: int
) -> list[UUID]:
    held = [row for row in tables.executions.values() if row.worker_id is not None and predicate(row)][:limit]
    for row in held:
        tables.executions[row.id] = replace(
            row, worker_id=None, epoch=row.epoch + 1, crashes=row.crashes + crashes, due_at=row.created_at
        )
    return [row.id for row in held]


def _cancelled(state: StepState, now: datetime) -> StepState:
    return replace(state, status=StepStatus.CANCELLED, waiting_for=None, due_at=None, finished_at=now)
