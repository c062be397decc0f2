"""Executions and their steps, changed by the workers, in memory."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from domain.executions.progress import ProgressPublisher
from domain.executions.records import (
    Claim,
    ExecutionDelta,
    ExecutionRecord,
    NewBatch,
    NewExecution,
    PendingCommand,
    Progress,
    StepRecord,
)
from domain.executions.suspects import SUSPECT_AFTER
from domain.kernel.errors import InvalidState, LeaseLost, NotFound
from domain.kernel.statuses import EventType, WorkflowStatus
from domain.outbox.events import OutboxEvent
from persistence.executions.changes import Stored, change_of, parent_changes_of, snapshot_of, sum_of
from persistence.executions.delta_merge import merge_deltas
from persistence.executions.rows import all_of, claimed_from_the_first, execution_of_batch, execution_of_new
from persistence.memory.executions.slots import admit, queued_of
from persistence.memory.tables import MemoryTables, item_prefixes

_SOON = 0.01


class MemoryExecutionStore:
    """Implements `domain.executions.ports.ExecutionStore`. `flush` stores posted deltas at once."""

    def __init__(self, tables: MemoryTables, publisher: ProgressPublisher) -> None:
        self._tables = tables
        self._publisher = publisher
        self._posted: dict[UUID, ExecutionDelta] = {}

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        queued = queued_of(self._tables, [new for new in executions if self._known(new) is None])
        answers: list[ExecutionRecord | None] = []
        for new in executions:
            known = self._known(new)
            if self._has_changed(new) or (known is None and self._tables.has_no_room(new)):
                answers.append(None)
                continue
            if known is None:
                self._tables.count_family(new)
                known = execution_of_new(new, is_queued=new.id in queued)
                if new.worker_id is not None and new.worker_id in self._tables.workers:
                    known = claimed_from_the_first(known, new.worker_id)
                self._tables.executions[new.id] = known
                self._tables.put_steps(new.id, 0, new.steps)
                if new.carried:
                    self._tables.carried[new.id] = new.carried
                if new.idempotency_key is not None:
                    self._tables.executions_by_key[new.workflow_id, new.idempotency_key] = new.id
                self._publisher.publish([snapshot_of(known, since=0, steps=())])
            answers.append(known)
        return all_of(executions, answers)

    def _has_changed(self, new: NewExecution) -> bool:
        """Its workflow is not as it was, or its key is known, which is looked at when the workflow has been."""
        if new.expected is None:
            return False
        row = None if new.workflow_id is None else self._tables.workflows.get(new.workflow_id)
        if row is None or row.id in self._tables.deleted_workflows:
            return True
        is_expected = (row.name, row.version) == (new.expected.name, new.expected.version)
        return not is_expected or row.status is not WorkflowStatus.ACTIVE or self._known(new) is not None

    async def take_back(self, ids: Collection[UUID]) -> Sequence[UUID]:
        taken = []
        for id in ids:
            row = self._tables.executions.get(id)
            if row is not None and row.epoch == 1 and row.sequence == 0 and row.worker_id is not None:
                self._tables.executions[id] = replace(row, worker_id=None, epoch=2, due_at=row.created_at)
                taken.append(id)
        return taken

    async def claim(
        self, ids: Collection[UUID], *, worker_id: UUID, now: datetime, watched: Collection[UUID] = ()
    ) -> list[Claim]:
        claims = []
        suspect = self._suspect_to_take(ids, worker_id, now, watched)
        for id in dict.fromkeys(ids):
            execution = self._tables.executions.get(id)
            if execution is None:
                continue
            is_own = execution.worker_id == worker_id and not execution.status.is_terminal
            if not is_own and not self._tables.wants_attention(execution, now):
                continue
            if not is_own and execution.crashes >= SUSPECT_AFTER and id != suspect:
                continue
            held = replace(execution, worker_id=worker_id, epoch=execution.epoch + 1, due_at=None)
            self._tables.executions[id] = held
            claim = self._claim_of(held)
            if claim is not None:
                claims.append(claim)
        return claims

    def _suspect_to_take(
        self, ids: Collection[UUID], worker_id: UUID, now: datetime, watched: Collection[UUID]
    ) -> UUID | None:
        tables = self._tables
        suspects = [row for row in tables.executions.values() if row.crashes >= SUSPECT_AFTER]
        if any(row.worker_id == worker_id and row.id not in watched for row in suspects):
            return None
        wanted = [row for row in suspects if row.id in ids and tables.wants_attention(row, now)]
        return min(wanted, key=lambda row: (row.crashes, row.id)).id if wanted else None

    def _claim_of(self, held: ExecutionRecord) -> Claim | None:
        tables = self._tables
        commands = tables.commands_of(held.id)
        if not held.is_batch:
            return Claim(
                execution=held,
                steps=tables.steps_outside(held.id),
                commands=commands,
                carried=tables.carried.get(held.id, ()),
            )
        parent = tables.active_parent_of(held)
        if parent is None:
            tables.remove(held.id)
            return None
        own = item_prefixes(held)
        steps = tables.steps.get(parent.id, {}).values()
        return Claim(
            execution=held,
            steps=tuple(step for step in steps if step.state.path.startswith(own)),
            commands=commands,
            parent=parent,
            outer=tables.steps_outside(parent.id),
            carried=tuple(
                step
                for step in tables.carried.get(parent.id, ())
                if not step.path or step.path.startswith(f"{held.parent_path}[")
            ),
        )

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
        """Store the deltas that were posted and not absorbed by a commit; lost leases are passed over."""
        self._store_posted()

    def _store_posted(self) -> None:
        for delta in list(self._posted.values()):
            del self._posted[delta.execution_id]
            try:
                self._store(delta)
            except LeaseLost:
                continue

    async def add_command(self, command: PendingCommand) -> UUID | None:
        execution = self._tables.executions.get(command.execution_id)
        if execution is None:
            raise NotFound("execution", str(command.execution_id))
        if execution.status.is_terminal:
            raise InvalidState(f"The execution has ended: it is {execution.status}.", execution.status.value)
        self._tables.commands.setdefault(command.id, command)
        return execution.worker_id

    async def add_commands(self, commands: Sequence[PendingCommand]) -> Mapping[UUID, UUID | None]:
        holders = await self.holders([command.execution_id for command in commands])
        for command in commands:
            if command.execution_id in holders:
                self._tables.commands.setdefault(command.id, command)
        return holders

    async def commands(self, execution_id: UUID, known: Collection[UUID] = ()) -> Sequence[PendingCommand]:
        if execution_id not in self._tables.executions:
            raise LeaseLost(execution_id, 0)
        return [command for command in self._tables.commands_of(execution_id) if command.id not in known]

    async def commanded(self, worker_id: UUID) -> Sequence[UUID]:
        held = {id for id, row in self._tables.executions.items() if row.worker_id == worker_id}
        return sorted({command.execution_id for command in self._tables.commands.values()} & held)

    async def holders(self, ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        rows = [self._tables.executions[id] for id in ids if id in self._tables.executions]
        return {row.id: row.worker_id for row in rows if not row.status.is_terminal}

    async def create_batches(self, batches: Sequence[NewBatch]) -> None:
        for batch in batches:
            record = execution_of_batch(batch)
            loop = self._tables.steps.get(batch.execution_id, {}).get(batch.range.path)
            has_ended = loop is not None and loop.state.status.is_terminal
            if not has_ended and self._tables.active_parent_of(record) is not None:
                self._tables.executions.setdefault(record.id, record)

    async def drop_batches(self, execution_id: UUID, path: str, now: datetime) -> Sequence[tuple[UUID, UUID]]:
        tables = self._tables
        parent = tables.executions.get(execution_id)
        if parent is None or parent.status.is_terminal:
            for batch in tables.batches_of(execution_id, path):
                tables.remove(batch.id)
            return []
        sequence = parent.sequence + 1
        batches, stopped = tables.drop_batches(execution_id, path, sequence, now)
        if stopped or any(batch.progress.running for batch in batches):
            changed = replace(tables.executions[execution_id], sequence=sequence)
            tables.executions[execution_id] = changed
            self._publisher.publish([snapshot_of(changed, since=sequence - 1, steps=tuple(stopped))])
        return [(batch.worker_id, batch.id) for batch in batches if batch.worker_id is not None]

    async def admit(self, workflow_id: UUID, limit: int, now: datetime) -> Sequence[UUID]:
        return admit(self._tables, workflow_id, limit, now)

    async def delete(self, ids: Collection[UUID]) -> Sequence[UUID]:
        tables = self._tables
        doomed = [row for id in ids if (row := tables.executions.get(id)) and row.status.is_terminal]
        doomed = [row for row in doomed if not row.is_batch]
        for row in doomed:
            for each in (row, *tables.batches_of(row.id)):
                tables.remove(each.id)
            tables.steps.pop(row.id, None)
            tables.items.pop(row.id, None)
        return [row.id for row in doomed]

    async def prune(self, before: datetime, limit: int) -> int:
        executions = self._tables.executions
        ended = [row.id for row in executions.values() if row.finished_at is not None and row.finished_at < before]
        free = (id for id in sorted(ended) if not self._has_living_parent(id))
        return len(await self.delete(list(islice(free, limit))))

    def _has_living_parent(self, id: UUID) -> bool:
        parent_id = self._tables.executions[id].parent_id
        parent = None if parent_id is None else self._tables.executions.get(parent_id)
        return parent is not None and not parent.status.is_terminal

    def _known(self, new: NewExecution) -> ExecutionRecord | None:
        if new.id in self._tables.executions:
            return self._tables.executions[new.id]
        if new.idempotency_key is None:
            return None
        id = self._tables.executions_by_key.get((new.workflow_id, new.idempotency_key))
        return None if id is None else self._tables.executions[id]

    def _store(self, delta: ExecutionDelta) -> int:
        tables = self._tables
        execution = tables.executions.get(delta.execution_id)
        if (
            execution is None
            or execution.epoch != delta.epoch
            or execution.worker_id is None
            or execution.status.is_terminal
        ):
            raise LeaseLost(delta.execution_id, delta.epoch)
        if execution.is_batch:
            return self._store_batch(execution, delta)
        sequence = execution.sequence + 1
        stopped: list[StepRecord] = []
        if delta.status.is_terminal:
            _, stopped = tables.drop_batches(execution.id, None, sequence, delta.finished_at)
        items = tables.items.get(execution.id)
        progress = delta.progress if items is None else sum_of(delta.progress, items)
        tables.executions[execution.id] = replace(_changed(execution, delta), progress=progress, is_queued=False)
        tables.put_steps(execution.id, sequence, delta.steps)
        self._tell(delta)
        tables.outbox.extend(_events(execution, delta))
        stored = Stored(sequence, execution.workflow_id, items=items, stopped=tuple(stopped))
        self._publisher.publish([change_of(delta, stored)])
        return sequence

    def _store_batch(self, batch: ExecutionRecord, delta: ExecutionDelta) -> int:
        tables = self._tables
        parent = tables.active_parent_of(batch)
        if parent is None:
            tables.remove(batch.id)
            raise LeaseLost(delta.execution_id, delta.epoch)
        tables.executions[batch.id] = replace(_changed(batch, delta), progress=delta.progress)
        tables.count_items(parent.id, _difference(delta.progress, batch.progress))
        changed = replace(tables.executions[parent.id], sequence=parent.sequence + 1)
        tables.executions[parent.id] = changed
        tables.put_steps(parent.id, changed.sequence, delta.steps)
        self._tell(delta)
        change = snapshot_of(changed, since=parent.sequence, steps=())
        stored = Stored(changed.sequence, changed.workflow_id, parent=change)
        self._publisher.publish(parent_changes_of([(delta, stored)]))
        return changed.sequence

    def _tell(self, delta: ExecutionDelta) -> None:
        """Remove the applied commands, and tell the parent of an end."""
        for command_id in delta.applied_commands:
            self._tables.commands.pop(command_id, None)
        if delta.status.is_terminal:
            self._tables.tell(delta.notify)


def _events(execution: ExecutionRecord, delta: ExecutionDelta) -> Iterator[OutboxEvent]:
    """The outbox events that a change makes."""
    if delta.starts and delta.started_at is not None and execution.started_at is None:
        yield _event(execution, delta, EventType.EXECUTION_STARTED, delta.started_at)
    if delta.finished_at is not None and delta.status.is_terminal:
        yield _event(execution, delta, EventType.of_end(delta.status), delta.finished_at)


def _event(execution: ExecutionRecord, delta: ExecutionDelta, type: EventType, at: datetime) -> OutboxEvent:
    return OutboxEvent(
        type=type,
        at=at,
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        started_at=delta.started_at,
    )


def _changed(execution: ExecutionRecord, delta: ExecutionDelta) -> ExecutionRecord:
    lets_go = delta.release or delta.status.is_terminal
    return replace(
        execution,
        status=delta.status,
        started_at=delta.started_at,
        finished_at=delta.finished_at,
        deadline_at=delta.deadline_at,
        output=delta.output,
        error=delta.error,
        waiting_for=delta.waiting_for,
        due_at=delta.due_at if delta.release and not delta.status.is_terminal else None,
        worker_id=None if lets_go else execution.worker_id,
        sequence=execution.sequence + 1,
        crashes=0 if any(step.state.status.is_terminal for step in delta.steps) else execution.crashes,
        paused_at=delta.paused_at,
        signals=delta.signals,
    )


def _difference(now: Progress, before: Progress) -> Progress:
    return Progress(
        total=now.total - before.total,
        completed=now.completed - before.completed,
        failed=now.failed - before.failed,
        running=now.running - before.running,
        ended=now.ended - before.ended,
    )
