"""Executions and their steps, changed by the workers: hand-written SQL, many calls to a statement."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg

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
from domain.kernel.errors import InvalidInput, InvalidState, LeaseLost, NotFound, Problem
from domain.kernel.ids import oldest_id_of
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus
from persistence.executions.changes import Stored, parent_changes_of, snapshot_of
from persistence.executions.rows import all_of
from persistence.postgres.connections.batcher import Batcher
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.unavailable import REFUSALS
from persistence.postgres.executions import batches, claiming, creating
from persistence.postgres.executions.group_commit import GroupCommitter, Refused
from persistence.postgres.executions.rows.codec import commands_of
from persistence.postgres.executions.rows.composite import DeltaRows, command_row
from persistence.postgres.executions.statements import hot_path as statements

_LETS_GO = 16
"""The position of `lets_go` in an `execution_delta_2`."""

_Wanted = tuple[UUID, datetime, tuple[UUID, ...]]
"""An execution that is to be claimed, the time, and the suspects that have been watched for long enough."""

_COUNTERS = ("total", "completed", "failed", "running", "ended")


class PostgresExecutionStore:
    """Implements `domain.executions.ports.ExecutionStore`. Leaving its context stores posted changes."""

    def __init__(
        self,
        database: Database,
        publisher: ProgressPublisher,
        *,
        told: Callable[[], None] = lambda: None,
        drain_timeout: float = 5.0,
    ) -> None:
        """`told` is called when a commit has put something into the outbox.

        `drain_timeout`: the seconds that leaving the context may take, also while the database is away.
        """
        self._database = database
        self._told = told
        self._publisher = publisher
        self._drain_timeout = drain_timeout
        self._committer = GroupCommitter(self._store, publisher)
        # One statement at a time: most batches that are run here are of one execution, whose row they all change.
        self._batch_committer = GroupCommitter(self._store_batches, publisher, announced=parent_changes_of, lanes=1)
        self._creations: Batcher[NewExecution, ExecutionRecord | None] = Batcher(self._create)
        self._careful_creations: Batcher[NewExecution, ExecutionRecord | None] = Batcher(self._create_carefully)
        self._claims: dict[UUID, Batcher[_Wanted, Claim | None]] = {}
        self._held_batches: dict[UUID, tuple[UUID, int]] = {}
        """The batches that are held here: batch id to (execution id, epoch)."""
        self._divided: set[UUID] = set()
        """The executions that are held here and have batches."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._batch_committer.drain(self._drain_timeout)
        await self._committer.drain(self._drain_timeout)

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        careful = [
            new for new in executions if new.max_concurrent is not None or new.steps or new.carried or new.root_id
        ]
        if careful:
            if any(new.expected is not None for new in executions):
                raise ValueError("`expected` stands beside neither a limit, a family nor steps to begin with")
            return all_of(executions, await self._careful_creations.submit(executions))
        return all_of(executions, await self._creations.submit(executions))

    async def take_back(self, ids: Collection[UUID]) -> Sequence[UUID]:
        if not ids:
            return []
        return [row["id"] for row in await self._database.fetch(statements.TAKE_BACK, list(ids))]

    async def claim(
        self, ids: Collection[UUID], *, worker_id: UUID, now: datetime, watched: Collection[UUID] = ()
    ) -> list[Claim]:
        claims = self._claims.get(worker_id)
        if claims is None:

            async def run(wanted: list[_Wanted]) -> list[Claim | None]:
                return await self._claim(wanted, worker_id)

            claims = self._claims[worker_id] = Batcher(run)
        known = tuple(watched)
        found = await claims.submit([(id, now, known) for id in dict.fromkeys(ids)])
        return [claim for claim in found if claim is not None]

    async def commit(self, delta: ExecutionDelta) -> int:
        return await self._committer_of(delta).commit(delta)

    def post(self, delta: ExecutionDelta) -> None:
        self._committer_of(delta).post(delta)

    async def add_command(self, command: PendingCommand) -> UUID | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(statements.LOCK_FOR_COMMANDS, [command.execution_id])
            if row is None:
                raise NotFound("execution", str(command.execution_id))
            status = ExecutionStatus(row["status"])
            if status.is_terminal:
                raise InvalidState(f"The execution has ended: it is {status}.", status.value)
            await connection.execute(statements.ADD_COMMANDS, [command_row(command)])
            worker_id: UUID | None = row["worker_id"]
            return worker_id

    async def add_commands(self, commands: Sequence[PendingCommand]) -> Mapping[UUID, UUID | None]:
        if not commands:
            return {}
        ids = list({command.execution_id for command in commands})
        async with self._database.transaction() as connection:
            rows = await connection.fetch(statements.LOCK_FOR_COMMANDS, ids)
            active = {row["id"]: row["worker_id"] for row in rows if row["status"] not in TERMINAL_EXECUTION_STATUSES}
            wanted = [command_row(command) for command in commands if command.execution_id in active]
            await connection.execute(statements.ADD_COMMANDS, wanted)
        return active

    async def commands(self, execution_id: UUID, known: Collection[UUID] = ()) -> Sequence[PendingCommand]:
        rows = await self._database.fetch(statements.COMMANDS, execution_id, list(known))
        if not rows:
            raise LeaseLost(execution_id, 0)
        return commands_of(row for row in rows if row["id"] is not None)

    async def commanded(self, worker_id: UUID) -> Sequence[UUID]:
        return [row["execution_id"] for row in await self._database.fetch(statements.COMMANDED, worker_id)]

    async def holders(self, ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        rows = await self._database.fetch(statements.HOLDERS, list(ids))
        return {row["id"]: row["worker_id"] for row in rows}

    async def create_batches(self, new: Sequence[NewBatch]) -> None:
        if not new:
            return
        self._divided.update(batch.execution_id for batch in new)
        async with self._database.hot_connection() as connection, connection.transaction():
            await batches.create(connection, new)

    async def drop_batches(self, execution_id: UUID, path: str, now: datetime) -> Sequence[tuple[UUID, UUID]]:
        async with self._database.transaction() as connection:
            dropped, change = await batches.drop(connection, execution_id, path, now)
        if change is not None:
            self._publisher.publish([change])
        return dropped.held

    async def admit(self, workflow_id: UUID, limit: int, now: datetime) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            return await creating.admit(connection, workflow_id, limit, now)

    async def delete(self, ids: Collection[UUID]) -> Sequence[UUID]:
        rows = await self._database.fetch(statements.DELETE, list(ids))
        return [row["id"] for row in rows]

    async def prune(self, before: datetime, limit: int) -> int:
        return len(await self._database.fetch(statements.PRUNE, oldest_id_of(before), before, limit))

    async def _create(self, executions: list[NewExecution]) -> list[ExecutionRecord | None]:
        try:
            async with self._database.hot_connection() as connection:
                fresh, known = await creating.create(connection, executions, alive_within=self._database.lease / 2)
        except REFUSALS as error:
            raise _refused(error) from error
        return self._created(executions, fresh, known)

    async def _create_carefully(self, executions: list[NewExecution]) -> list[ExecutionRecord | None]:
        try:
            async with self._database.hot_connection() as connection, connection.transaction():
                fresh, known = await creating.create_carefully(connection, executions)
        except REFUSALS as error:
            raise _refused(error) from error
        return self._created(executions, fresh, known)

    def _created(
        self, asked: Sequence[NewExecution], fresh: Sequence[ExecutionRecord], known: Mapping[UUID, ExecutionRecord]
    ) -> list[ExecutionRecord | None]:
        self._publisher.publish([snapshot_of(record, since=0, steps=()) for record in fresh])
        records = {record.id: record for record in fresh}
        return [known[new.id] if new.id in known else records.get(new.id) for new in asked]

    async def _claim(self, wanted: list[_Wanted], worker_id: UUID) -> list[Claim | None]:
        ids = list(dict.fromkeys(id for id, _, _ in wanted))
        now = max(time for _, time, _ in wanted)
        watched = list(set().union(*{watched for _, _, watched in wanted}))
        async with self._database.hot_connection() as connection:
            found, divided = await claiming.claim(connection, ids, worker_id=worker_id, now=now, watched=watched)
        claims = {claim.execution.id: claim for claim in found}
        self._divided |= divided
        for claim in found:
            if claim.parent is not None:
                self._held_batches[claim.execution.id] = claim.parent.id, claim.execution.epoch
        # Where two calls asked for the same execution, the first has it.
        return [claims.pop(id, None) for id, _, _ in wanted]

    def _committer_of(self, delta: ExecutionDelta) -> GroupCommitter:
        return self._batch_committer if delta.execution_id in self._held_batches else self._committer

    async def _store(
        self, rows: Sequence[DeltaRows], applied_commands: Sequence[UUID], is_repeated: bool
    ) -> dict[int, Stored]:
        executions = sorted((row.execution for row in rows), key=lambda execution: execution[1])
        steps = [step for row in rows for step in row.steps]
        notices = [row.notify for row in rows if row.notify is not None]
        events = [event for row in rows for event in row.events]
        endings = [row for row in rows if row.ended_at and row.execution[1] in self._divided] if self._divided else ()
        values = executions, steps, applied_commands, notices, events
        stopped: Mapping[int, tuple[StepRecord, ...]] = {}
        try:
            async with self._database.hot_connection() as connection:
                if endings:
                    async with connection.transaction():
                        ids = [execution[1] for execution in executions]
                        stopped = await batches.drop_all(connection, ids, endings)
                        found = await connection.fetch(statements.COMMIT, *values)
                else:
                    found = await connection.fetch(statements.COMMIT, *values)
                if is_repeated and len(found) < len(executions):
                    found += await connection.fetch(statements.WAS_STORED, executions)
        except REFUSALS as error:
            raise Refused from error
        if events:
            self._told()
        if self._divided:
            self._divided.difference_update(execution[1] for execution in executions if execution[_LETS_GO])
        stored = {row["ordinal"]: _stored(row) for row in found}
        for ending in endings:
            ordinal = ending.execution[0]
            if ordinal in stored:
                stored[ordinal] = replace(stored[ordinal], stopped=stopped.get(ordinal))
        return stored

    async def _store_batches(
        self, rows: Sequence[DeltaRows], applied_commands: Sequence[UUID], is_repeated: bool
    ) -> dict[int, Stored]:
        # One that a later delta finds let go of is no batch of anybody's any more; its execution is not locked then.
        parents = {self._held_batches[id][0] for row in rows if (id := row.execution[1]) in self._held_batches}
        try:
            async with self._database.hot_connection() as connection:
                stored = await batches.commit(connection, rows, applied_commands, parents, is_repeated=is_repeated)
        except REFUSALS as error:
            raise Refused from error
        for row in rows:
            ordinal, id, epoch = row.execution[:3]
            known = self._held_batches.get(id)
            if known is not None and known[1] == epoch and (ordinal not in stored or row.execution[_LETS_GO]):
                del self._held_batches[id]
        return stored


def _stored(row: asyncpg.Record) -> Stored:
    counted = row["items"]
    return Stored(
        sequence=row["sequence"],
        workflow_id=row["workflow_id"],
        items=None if counted is None else Progress(**dict(zip(_COUNTERS, counted, strict=True))),
    )


def _refused(error: Exception) -> InvalidInput:
    return InvalidInput([Problem(path=(), message=f"cannot be stored: {error}")])
