"""Executions and their steps as the workers change them, in memory."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.errors import InvalidState, LeaseLost, NotFound
from domain.json_text import JsonValue
from domain.ports import ProgressPublisher
from domain.records import (
    Claim,
    ExecutionDelta,
    ExecutionRecord,
    NewExecution,
    PendingCommand,
    StepRecord,
)
from persistence.changes import change_of, snapshot_of
from persistence.deltas import merge_deltas
from persistence.memory.tables import MemoryTables
from persistence.rows import execution_of_new

_SOON = 0.01


class MemoryExecutionStore:
    """Implements `domain.ports.ExecutionStore`. `flush` stores what was posted at once, and not only soon."""

    def __init__(self, tables: MemoryTables, publisher: ProgressPublisher) -> None:
        self._tables = tables
        self._publisher = publisher
        self._posted: dict[UUID, ExecutionDelta] = {}

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        answers = []
        for new in executions:
            known = self._known(new)
            if known is None:
                known = execution_of_new(new)
                self._tables.executions[new.id] = known
                if new.idempotency_key is not None:
                    self._tables.executions_by_key[new.workflow_id, new.idempotency_key] = new.id
                self._publisher.publish([snapshot_of(known, since=0, steps=())])
            answers.append(known)
        return answers

    async def claim(self, ids: Collection[UUID], *, worker_id: UUID, now: datetime) -> list[Claim]:
        claims = []
        for id in dict.fromkeys(ids):
            execution = self._tables.executions.get(id)
            if execution is None:
                continue
            is_own = execution.worker_id == worker_id and not execution.status.is_terminal
            if not is_own and not self._tables.wants_attention(execution, now):
                continue
            held = replace(execution, worker_id=worker_id, epoch=execution.epoch + 1, due_at=None)
            self._tables.executions[id] = held
            steps = tuple(self._tables.steps.get(id, {}).values())
            claims.append(Claim(execution=held, steps=steps, commands=self._tables.commands_of(id)))
        return claims

    async def commit(self, delta: ExecutionDelta) -> int:
        posted = self._posted.pop(delta.execution_id, None)
        if posted is not None and posted.epoch == delta.epoch:
            delta = merge_deltas(posted, delta)
        return self._store(delta)

    def post(self, delta: ExecutionDelta) -> None:
        posted = self._posted.get(delta.execution_id)
        if posted is not None and posted.epoch == delta.epoch:
            delta = merge_deltas(posted, delta)
        self._posted[delta.execution_id] = delta
        asyncio.get_running_loop().call_later(_SOON, self._store_posted)

    async def flush(self) -> None:
        """Store what was posted and not absorbed by a commit; lost leases are passed over."""
        self._store_posted()

    def _store_posted(self) -> None:
        for delta in list(self._posted.values()):
            del self._posted[delta.execution_id]
            try:
                self._store(delta)
            except LeaseLost:
                continue

    async def add_command(
        self, *, command_id: UUID, execution_id: UUID, kind: str, payload: JsonValue, now: datetime
    ) -> UUID | None:
        execution = self._tables.executions.get(execution_id)
        if execution is None:
            raise NotFound("execution", str(execution_id))
        if execution.status.is_terminal:
            raise InvalidState(f"The execution has ended: it is {execution.status}.", execution.status.value)
        self._tables.commands.setdefault(
            command_id,
            PendingCommand(id=command_id, execution_id=execution_id, kind=kind, payload=payload, created_at=now),
        )
        return execution.worker_id

    async def commands(self, execution_id: UUID) -> Sequence[PendingCommand]:
        return self._tables.commands_of(execution_id)

    async def commanded(self, worker_id: UUID) -> Sequence[UUID]:
        held = {id for id, row in self._tables.executions.items() if row.worker_id == worker_id}
        return sorted({command.execution_id for command in self._tables.commands.values()} & held)

    def _known(self, new: NewExecution) -> ExecutionRecord | None:
        if new.id in self._tables.executions:
            return self._tables.executions[new.id]
        if new.idempotency_key is None:
            return None
        id = self._tables.executions_by_key.get((new.workflow_id, new.idempotency_key))
        return None if id is None else self._tables.executions[id]

    def _store(self, delta: ExecutionDelta) -> int:
        execution = self._tables.executions.get(delta.execution_id)
        if (
            execution is None
            or execution.epoch != delta.epoch
            or execution.worker_id is None
            or execution.status.is_terminal
        ):
            raise LeaseLost(delta.execution_id, delta.epoch)
        lets_go = delta.release or delta.status.is_terminal
        sequence = execution.sequence + 1
        self._tables.executions[execution.id] = replace(
            execution,
            status=delta.status,
            progress=delta.progress,
            started_at=delta.started_at,
            finished_at=delta.finished_at,
            deadline_at=delta.deadline_at,
            output=delta.output,
            error=delta.error,
            waiting_for=delta.waiting_for,
            due_at=delta.due_at if delta.release and not delta.status.is_terminal else None,
            worker_id=None if lets_go else execution.worker_id,
            sequence=sequence,
            crashes=0 if any(step.state.status.is_terminal for step in delta.steps) else execution.crashes,
        )
        steps = self._tables.steps.setdefault(execution.id, {})
        for step in delta.steps:
            steps[step.state.path] = StepRecord(
                execution_id=execution.id, position=step.position, sequence=sequence, state=step.state
            )
        for command_id in delta.applied_commands:
            self._tables.commands.pop(command_id, None)
        self._publisher.publish([change_of(delta, workflow_id=execution.workflow_id, sequence=sequence)])
        return sequence
