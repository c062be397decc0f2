"""The questions of the reconciler, and the live workers, in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.executions.records import ExecutionRecord
from domain.kernel.statuses import ExecutionStatus
from domain.system.records import Term, WorkerRecord
from persistence.executions.rows import UNLIMITED, end_notice, ended_event, quarantined
from persistence.memory.tables import NOTHING, LeadershipRow, MemoryTables, item_prefixes

_NO_TIME = timedelta(0)


class MemoryRecovery:
    """Implements `domain.executions.ports.Recovery`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def lead(
        self, candidate: UUID, *, lease: timedelta, stands_back: timedelta | None = None, has_worked: bool = False
    ) -> Term | None:
        now, held = self._tables.now(), self._tables.leadership
        if held is not None and held.holder_id != candidate and held.expires_at + (stands_back or _NO_TIME) > now:
            return None
        epoch = 1 if held is None else held.epoch + (held.holder_id != candidate)
        worked_at = now if has_worked or held is None else held.worked_at
        expires_at = now + (lease if stands_back is None else _NO_TIME)
        self._tables.leadership = LeadershipRow(candidate, epoch, expires_at, worked_at)
        return Term(epoch=epoch, now=now)

    async def resign(self, candidate: UUID) -> None:
        held = self._tables.leadership
        if held is not None and held.holder_id == candidate:
            self._tables.leadership = replace(held, expires_at=self._tables.now())

    async def is_quiet(self, *, now: datetime, dead_before: datetime, crashes: int) -> bool:
        tables = self._tables
        alive = {worker.id for worker in tables.workers.values() if worker.heartbeat_at >= dead_before}
        return not (
            tables.commands
            or len(alive) < len(tables.workers)
            or any(
                row.is_queued
                or tables.wants_attention(row, now)
                or (row.worker_id is not None and row.worker_id not in alive)
                or (row.worker_id is None and not row.status.is_terminal and row.crashes >= crashes)
                for row in tables.executions.values()
            )
        )

    async def due_executions(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        rows = [row for row in self._tables.executions.values() if self._tables.wants_attention(row, now)]
        rows.sort(key=lambda row: (-row.priority, row.due_at or row.created_at, row.id))
        return [row.id for row in rows[:limit]]

    async def release_dead(self, *, dead_before: datetime, limit: int) -> Sequence[UUID]:
        workers = self._tables.workers
        alive = {worker.id for worker in workers.values() if worker.heartbeat_at >= dead_before}
        released = _release(self._tables, lambda row: row.worker_id not in alive, limit=limit, crashes=1)
        for dead in [id for id in workers if id not in alive]:
            del workers[dead]
        return released

    async def queued_workflows(self) -> Sequence[tuple[UUID, int]]:
        tables = self._tables
        ids = {row.workflow_id for row in tables.executions.values() if row.is_queued}
        return [(id, self._limit_of(id)) for id in sorted(id for id in ids if id is not None)]

    def _limit_of(self, workflow_id: UUID) -> int:
        workflow = self._tables.workflows.get(workflow_id)
        limit = None if workflow is None else workflow.document.get("maxConcurrentExecutions")
        return limit if isinstance(limit, int) else UNLIMITED

    async def drop_commands(self, limit: int) -> int:
        tables = self._tables
        live = {id for id, row in tables.executions.items() if not row.status.is_terminal}
        dropped = [id for id, command in tables.commands.items() if command.execution_id not in live][:limit]
        for id in dropped:
            del tables.commands[id]
        return len(dropped)

    async def quarantine(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        found = [
            row
            for row in self._tables.executions.values()
            if row.worker_id is None and not row.status.is_terminal and row.crashes >= crashes
        ][:limit]
        for row in found:
            self._fail(row, now)
        return [row.id for row in found]

    def _fail(self, row: ExecutionRecord, now: datetime) -> None:
        tables = self._tables
        if row.is_batch:
            self._fail_batch(row, now)
            return
        tables.drop_batches(row.id, None, row.sequence + 1, now)
        tables.stop_steps(row.id, ("",), row.sequence + 1, now)
        progress = tables.executions[row.id].progress
        tables.executions[row.id] = replace(_failed(row, now), progress=replace(progress, running=0))
        tables.tell(end_notice(row, quarantined(row.crashes), now))
        tables.outbox.append(ended_event(row, now))

    def _fail_batch(self, batch: ExecutionRecord, now: datetime) -> None:
        tables = self._tables
        parent = tables.active_parent_of(batch)
        if parent is None:
            tables.remove(batch.id)
            return
        tables.stop_steps(parent.id, item_prefixes(batch), parent.sequence + 1, now)
        progress = replace(batch.progress, running=0)
        tables.executions[batch.id] = replace(_failed(batch, now), progress=progress)
        tables.count_items(parent.id, replace(NOTHING, running=-batch.progress.running))
        tables.executions[parent.id] = replace(tables.executions[parent.id], sequence=parent.sequence + 1)
        tables.tell(end_notice(batch, quarantined(batch.crashes), now))


class MemoryWorkerRegistry:
    """Implements `domain.system.workers.WorkerRegistry`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        self._tables.workers[worker_id] = WorkerRecord(
            id=worker_id, host=host, started_at=now, heartbeat_at=now, active_executions=0
        )

    async def heartbeat(self, worker_id: UUID, *, active_executions: int) -> bool:
        worker = self._tables.workers.get(worker_id)
        if worker is None:
            return False
        now = self._tables.now()
        self._tables.workers[worker_id] = replace(worker, heartbeat_at=now, active_executions=active_executions)
        return True

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        self._tables.workers.pop(worker_id, None)
        return _release(self._tables, lambda row: row.worker_id == worker_id, limit=None, crashes=0)

    async def holdings(self, worker_id: UUID) -> Mapping[UUID, int]:
        return {row.id: row.epoch for row in self._tables.executions.values() if row.worker_id == worker_id}

    async def release(self, worker_id: UUID, holdings: Mapping[UUID, int]) -> Sequence[UUID]:
        return _release(
            self._tables,
            lambda row: row.worker_id == worker_id and holdings.get(row.id) == row.epoch,
            limit=None,
            crashes=1,
        )

    async def release_ended(self, worker_ids: Collection[UUID], *, crashes: int) -> Sequence[UUID]:
        for id in worker_ids:
            self._tables.workers.pop(id, None)
        return _release(
            self._tables,
            lambda row: row.worker_id in worker_ids and row.crashes + 1 < crashes,
            limit=None,
            crashes=1,
        )

    async def workers(self) -> Sequence[WorkerRecord]:
        return sorted(self._tables.workers.values(), key=lambda row: (row.started_at, row.id))


def _release(
    tables: MemoryTables, predicate: Callable[[ExecutionRecord], bool], *, limit: int | None, crashes: int
) -> list[UUID]:
    held = [row for row in tables.executions.values() if row.worker_id is not None and predicate(row)][:limit]
    for row in held:
        tables.executions[row.id] = replace(
            row,
            worker_id=None,
            epoch=row.epoch + 1,
            crashes=row.crashes + crashes,
            due_at=None if row.is_queued else row.created_at,
        )
    return [row.id for row in held]


def _failed(row: ExecutionRecord, now: datetime) -> ExecutionRecord:
    return replace(
        row,
        status=ExecutionStatus.FAILED,
        error=quarantined(row.crashes),
        finished_at=now,
        waiting_for=None,
        due_at=None,
        is_queued=False,
        epoch=row.epoch + 1,
        sequence=row.sequence + 1,
    )
