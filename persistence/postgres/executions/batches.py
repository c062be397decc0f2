"""The batches of long loops in PostgreSQL: created, committed as changes of their execution, and removed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.executions.records import ExecutionChange, NewBatch, StepRecord
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus
from persistence.executions.changes import Stored
from persistence.executions.rows import execution_of_batch
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions.rows.codec import change_of_row, step_of
from persistence.postgres.executions.rows.composite import DeltaRows, new_execution_row
from persistence.postgres.executions.statements import batches as batch_statements


async def create(connection: Connection, batches: Sequence[NewBatch]) -> None:
    """Insert new batches for executions and loops that have not ended. Needs a transaction."""
    rows = sorted((new_execution_row(execution_of_batch(batch)) for batch in batches), key=lambda row: row[0])
    await connection.execute(batch_statements.LOCK_PARENTS, list({batch.execution_id for batch in batches}))
    await connection.execute(batch_statements.CREATE, rows)


async def commit(
    connection: Connection,
    rows: Sequence[DeltaRows],
    applied_commands: Sequence[UUID],
    parents: Collection[UUID],
    *,
    is_repeated: bool,
) -> dict[int, Stored]:
    """Store changes of batches of `parents`, by ordinal. Those without a lease are left out, and removed if orphans."""
    executions = [row.execution for row in rows]
    steps = [step for row in rows for step in row.steps]
    notices = [row.notify for row in rows if row.notify is not None]
    found = await connection.fetch(batch_statements.COMMIT, executions, steps, applied_commands, notices, list(parents))
    if len(found) < len(executions):
        if is_repeated:
            found += await connection.fetch(batch_statements.WAS_STORED, executions)
        stored = {row["ordinal"] for row in found}
        lost = [execution[1] for execution in executions if execution[0] not in stored]
        await connection.execute(batch_statements.DROP_ORPHANS, lost)
    return {row["ordinal"]: Stored(row["sequence"], row["workflow_id"], parent=change_of_row(row)) for row in found}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Removed batches: those that a worker holds, as (worker id, batch id), and the steps that were cancelled."""

    held: list[tuple[UUID, UUID]] = field(default_factory=list)
    stopped: tuple[StepRecord, ...] = ()
    has_changed: bool = False


async def drop(
    connection: Connection, execution_id: UUID, path: str, now: datetime
) -> tuple[Dropped, ExecutionChange | None]:
    """Remove a loop's batches, in a transaction; returns the change of the execution too, if it has changed."""
    parent = await connection.fetchrow(batch_statements.LOCK_PARENT, execution_id)
    if parent is None:
        return Dropped(), None
    if ExecutionStatus(parent["status"]) in TERMINAL_EXECUTION_STATUSES:
        await connection.execute(batch_statements.DROP, execution_id, path)
        return Dropped(), None
    dropped = await _drop(connection, execution_id, path, parent["sequence"] + 1, now)
    if not dropped.has_changed:
        return dropped, None
    row = await connection.fetchrow(batch_statements.ADVANCE, execution_id)
    assert row is not None
    return dropped, replace(change_of_row(row), steps=dropped.stopped)


async def drop_all(
    connection: Connection, ids: Sequence[UUID], endings: Sequence[DeltaRows]
) -> dict[int, tuple[StepRecord, ...]]:
    """Remove all batches of executions that are about to end, in the transaction of that end.

    `ids` are all executions that change in it. Returns the cancelled steps by ordinal, at the sequence that the end is
    going to have; an execution that has lost its lease keeps its batches.
    """
    rows = await connection.fetch(batch_statements.LOCK_PARENTS, ids)
    sequences = {(row["id"], row["epoch"]): row["sequence"] for row in rows if row["worker_id"] is not None}
    held = [ending for ending in endings if ending.execution[1:3] in sequences]
    await connection.execute(batch_statements.LOCK_BATCHES, [ending.execution[1] for ending in held])
    stopped = {}
    for ending in held:
        ordinal, id, epoch = ending.execution[:3]
        dropped = await _drop(connection, id, None, sequences[id, epoch] + 1, ending.ended_at)
        stopped[ordinal] = dropped.stopped
    return stopped


async def stop_all(connection: Connection, sequences: Mapping[UUID, int], now: datetime) -> None:
    """Remove all batches of executions that this transaction has locked, and that will have these sequences."""
    await connection.execute(batch_statements.LOCK_BATCHES, list(sequences))
    for id, sequence in sequences.items():
        await _drop(connection, id, None, sequence, now)


async def _drop(connection: Connection, id: UUID, path: str | None, sequence: int, now: datetime | None) -> Dropped:
    rows = await connection.fetch(batch_statements.DROP, id, path)
    stopped: list[StepRecord] = []
    for loop in sorted({row["parent_path"] for row in rows} if path is None else {path}):
        found = await connection.fetch(batch_statements.STOP_ITEMS, id, loop, sequence, now)
        stopped += [step_of(row) for row in found]
    running = sum(row["steps_running"] for row in rows)
    if running or stopped:
        await connection.execute(batch_statements.COUNT_STOPPED, id, running)
    return Dropped(
        held=[(row["worker_id"], row["id"]) for row in rows if row["worker_id"] is not None],
        stopped=tuple(stopped),
        has_changed=bool(running or stopped),
    )
