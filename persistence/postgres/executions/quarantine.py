"""Ending executions and batches that keep killing workers, in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from domain.executions.records import ExecutionRecord
from persistence.executions.rows import end_notice, ended_event, quarantined
from persistence.postgres import outbox
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions import batches
from persistence.postgres.executions.rows.codec import EXECUTION_COLUMNS, dataclass_text, execution_of
from persistence.postgres.executions.rows.composite import command_row
from persistence.postgres.executions.statements import batches as batch_statements
from persistence.postgres.executions.statements import hot_path as statements

POISONED_ONES = """
SELECT FROM workflow_execution
WHERE crashes >= $3 AND crashes > 0 AND worker_id IS NULL AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
"""
"""The executions and batches that are to be ended, as a subquery; $3: the number of lost workers."""

_POISONED = f"""
SELECT {EXECUTION_COLUMNS}, EXISTS (
  SELECT FROM workflow_execution b WHERE b.parent_id = e.id AND b.is_batch
) AS has_batches
FROM workflow_execution e
WHERE e.crashes >= $1 AND e.crashes > 0 AND e.worker_id IS NULL AND NOT e.is_batch
  AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ORDER BY e.id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""

_FAIL = """
WITH stopped AS (
  UPDATE step_execution s
  SET status = 'CANCELLED', sequence = e.sequence + 1, waiting_for = NULL, due_at = NULL, finished_at = $3
  FROM workflow_execution e
  WHERE e.id = $1 AND s.execution_id = e.id AND s.status IN ('PENDING', 'RUNNING', 'WAITING')
  RETURNING 1
)
UPDATE workflow_execution
SET status = 'FAILED', error = $2, finished_at = $3, waiting_for = NULL, due_at = NULL, epoch = epoch + 1,
  sequence = sequence + 1, steps_running = 0, is_queued = false
WHERE id = $1
"""

# Looked at first and locked afterwards: their executions come before them.
_POISONED_BATCHES = """
SELECT b.id, b.parent_id FROM workflow_execution b
WHERE b.crashes >= $1 AND b.crashes > 0 AND b.worker_id IS NULL AND b.is_batch
  AND b.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ORDER BY b.id LIMIT $2
"""

_LOCK_PARENTS = """
SELECT id, sequence FROM workflow_execution
WHERE id = ANY ($1::uuid[]) AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ORDER BY id FOR NO KEY UPDATE
"""

_LOCK_BATCHES = f"""
SELECT {EXECUTION_COLUMNS} FROM workflow_execution e
WHERE e.id = ANY ($1::uuid[]) AND e.crashes >= $2 AND e.worker_id IS NULL
  AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ORDER BY e.id FOR NO KEY UPDATE
"""

_STOP_ITEMS_OF_BATCH = """
UPDATE step_execution s
SET status = 'CANCELLED', sequence = e.sequence + 1, waiting_for = NULL, due_at = NULL, finished_at = $5
FROM workflow_execution e, generate_series($3::int, $3 + $4 - 1) item
WHERE e.id = $1 AND s.execution_id = e.id
  AND s.path >= $2 || '[' || item || '].' AND s.path < $2 || '[' || item || ']/'
  AND s.status IN ('PENDING', 'RUNNING', 'WAITING')
"""

_FAIL_BATCH = """
UPDATE workflow_execution
SET status = 'FAILED', error = $2, finished_at = $3, waiting_for = NULL, due_at = NULL, epoch = epoch + 1,
  sequence = sequence + 1, steps_running = 0
WHERE id = $1
"""

_COUNT = "UPDATE workflow_execution SET sequence = sequence + 1, items_running = items_running - $2 WHERE id = $1"


async def fail_executions(connection: Connection, *, crashes: int, now: datetime, limit: int) -> list[UUID]:
    """End executions that have lost this many workers or more, in a transaction; returns their ids."""
    rows = await connection.fetch(_POISONED, crashes, limit)
    divided = {row["id"]: row["sequence"] + 1 for row in rows if row["has_batches"]}
    if divided:
        await batches.stop_all(connection, divided, now)
    for execution in map(execution_of, rows):
        await connection.execute(_FAIL, execution.id, dataclass_text(quarantined(execution.crashes)), now)
        await outbox.add(connection, [ended_event(execution, now)])
        await _tell(connection, execution, now)
    return [row["id"] for row in rows]


async def fail_batches(connection: Connection, *, crashes: int, now: datetime, limit: int) -> list[UUID]:
    """End batches that have lost this many workers or more, in a transaction; returns their ids.

    It is a failure of the loop, and not at once of the execution.
    """
    found = await connection.fetch(_POISONED_BATCHES, crashes, max(0, limit))
    if not found:
        return []
    active = {row["id"] for row in await connection.fetch(_LOCK_PARENTS, [row["parent_id"] for row in found])}
    ids = [row["id"] for row in found]
    rows = await connection.fetch(_LOCK_BATCHES, [row["id"] for row in found if row["parent_id"] in active], crashes)
    for batch in map(execution_of, rows):
        await _fail_batch(connection, batch, now)
    await connection.execute(batch_statements.DROP_ORPHANS, ids)
    return [row["id"] for row in rows]


async def _fail_batch(connection: Connection, batch: ExecutionRecord, now: datetime) -> None:
    assert isinstance(batch.input, dict)
    first, size = batch.input["first"], len(batch.input["items"])
    await connection.execute(_STOP_ITEMS_OF_BATCH, batch.parent_id, batch.parent_path, first, size, now)
    await connection.execute(_FAIL_BATCH, batch.id, dataclass_text(quarantined(batch.crashes)), now)
    await connection.execute(_COUNT, batch.parent_id, batch.progress.running)
    await _tell(connection, batch, now)


async def _tell(connection: Connection, execution: ExecutionRecord, now: datetime) -> None:
    """Store the notice of an end for the parent, unless that has ended."""
    notice = end_notice(execution, quarantined(execution.crashes), now)
    if notice is not None:
        await connection.execute(statements.NOTIFY, [command_row(notice)])
