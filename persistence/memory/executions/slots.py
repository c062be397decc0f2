"""The limit on executions of a workflow that run at a time, and the order of those that queue, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.engine.state import WaitReason
from domain.executions.records import ExecutionRecord, NewExecution
from domain.kernel.statuses import WaitKind
from persistence.executions.rows import starts_later
from persistence.memory.tables import MemoryTables


def admit(tables: MemoryTables, workflow_id: UUID, limit: int, now: datetime) -> list[UUID]:
    """Give free slots to queued executions; returns the ids of those that got one."""
    waiting = []
    for row in _queue_of(tables, workflow_id):
        if not _has_come(row, now):
            continue
        queued = replace(row, waiting_for=WaitReason(kind=WaitKind.CONCURRENCY))
        tables.executions[row.id] = queued
        if row.worker_id is None:
            waiting.append(queued)
    free = max(0, limit - _held(tables, workflow_id))
    admitted = sorted(waiting, key=lambda row: (-row.priority, row.id))[:free]
    for row in admitted:
        tables.executions[row.id] = replace(
            row, is_queued=False, due_at=row.created_at, waiting_for=WaitReason(kind=WaitKind.WORKER)
        )
    return [row.id for row in admitted]


def queued_of(tables: MemoryTables, executions: Sequence[NewExecution]) -> set[UUID]:
    """The ids of those that must wait for a slot."""
    queued: set[UUID] = set()
    held: dict[UUID, int] = {}
    # Of two with one key, the first is the one that is created.
    firsts: dict[object, NewExecution] = {}
    for new in executions:
        firsts.setdefault((new.workflow_id, new.idempotency_key or new.id), new)
    for new in sorted(firsts.values(), key=lambda new: -new.priority):
        workflow_id, limit = new.workflow_id, new.max_concurrent
        if workflow_id is None or limit is None:
            continue
        if starts_later(new):
            queued.add(new.id)
            continue
        if workflow_id not in held:
            is_waited_for = any(_has_come(row, new.created_at) for row in _queue_of(tables, workflow_id))
            held[workflow_id] = limit if is_waited_for else _held(tables, workflow_id)
        if held[workflow_id] < limit:
            held[workflow_id] += 1
        else:
            queued.add(new.id)
    return queued


def _queue_of(tables: MemoryTables, workflow_id: UUID) -> list[ExecutionRecord]:
    return [row for row in tables.executions.values() if row.workflow_id == workflow_id and row.is_queued]


def _held(tables: MemoryTables, workflow_id: UUID) -> int:
    return sum(
        row.workflow_id == workflow_id and not row.is_queued and not row.status.is_terminal
        for row in tables.executions.values()
    )


def _has_come(queued: ExecutionRecord, now: datetime) -> bool:
    """True when a queued execution lacks nothing but a slot to start."""
    until = queued.waiting_for.until if queued.waiting_for is not None else None
    return until is None or until <= now
