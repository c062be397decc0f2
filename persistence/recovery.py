"""What the reconciler asks of PostgreSQL: who leads, what is due, and what dead workers have left behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from persistence.database import Database
from persistence.poisoned import fail_batches, fail_executions
from persistence.rows import UNLIMITED
from persistence.unavailable import translated

_LEADERSHIP = 0x5357_0002
"""The advisory lock that the one active reconciler holds."""

# The priorities that there are, found by walking the index from one to the next; of each, the range that is due. An
# execution with a command is rarely due as well; the union drops it once if it is.
_DUE = """
WITH RECURSIVE level (priority) AS (
  (SELECT priority FROM workflow_execution WHERE due_at IS NOT NULL ORDER BY priority DESC LIMIT 1)
  UNION ALL
  SELECT (
    SELECT e.priority FROM workflow_execution e
    WHERE e.due_at IS NOT NULL AND e.priority < level.priority ORDER BY e.priority DESC LIMIT 1
  )
  FROM level WHERE level.priority IS NOT NULL
)
SELECT id FROM (
  SELECT due.* FROM level CROSS JOIN LATERAL (
    SELECT e.id, e.priority, e.due_at AS since FROM workflow_execution e
    WHERE e.priority = level.priority AND e.due_at <= $1 AND NOT e.is_queued ORDER BY e.due_at, e.id LIMIT $2
  ) due
  UNION
  (
    SELECT e.id, e.priority, e.created_at FROM execution_command c JOIN workflow_execution e ON e.id = c.execution_id
    WHERE e.worker_id IS NULL AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
      AND (c.kind = 'CANCEL' OR NOT e.is_queued)
    LIMIT $2
  )
) wanted GROUP BY id ORDER BY max(priority) DESC, min(since), id LIMIT $2
"""

# Walks from one workflow to the next, however many executions of it are queued.
_QUEUED = """
WITH RECURSIVE queued (id) AS (
  (SELECT workflow_id FROM workflow_execution WHERE is_queued ORDER BY workflow_id LIMIT 1)
  UNION ALL
  SELECT (
    SELECT e.workflow_id FROM workflow_execution e
    WHERE e.is_queued AND e.workflow_id > queued.id ORDER BY e.workflow_id LIMIT 1
  )
  FROM queued WHERE queued.id IS NOT NULL
)
SELECT queued.id, (v.document->>'maxConcurrentExecutions')::int AS most
FROM queued LEFT JOIN workflow w ON w.id = queued.id LEFT JOIN workflow_version v ON v.id = w.definition_id
WHERE queued.id IS NOT NULL
"""

# SKIP LOCKED: a row that is locked is being committed by a worker that lives after all, or released by somebody else.
# A due time that is not after the creation means "at once" by any clock. Executions are locked before batches.
_RELEASE = """
WITH held AS (
  SELECT e.id FROM workflow_execution e
  WHERE e.worker_id IS NOT NULL AND {condition}
  ORDER BY e.is_batch, e.id LIMIT $2 FOR NO KEY UPDATE{locked}
)
UPDATE workflow_execution e
SET worker_id = NULL, epoch = e.epoch + 1, crashes = e.crashes + {crashes},
  due_at = CASE WHEN e.is_queued THEN NULL ELSE e.created_at END
FROM held WHERE e.id = held.id
RETURNING e.id
"""
_RELEASE_DEAD = _RELEASE.format(
    condition="NOT EXISTS (SELECT FROM worker_process w WHERE w.id = e.worker_id AND w.heartbeat_at >= $1)",
    crashes=1,
    locked=" SKIP LOCKED",
)
RELEASE_OF_WORKER = _RELEASE.format(condition="e.worker_id = $1", crashes=0, locked="")

_REMOVE_DEAD = "DELETE FROM worker_process WHERE heartbeat_at < $1"


class PostgresRecovery:
    """Implements `domain.ports.Recovery`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lead(self) -> AbstractAsyncContextManager[bool]:
        return self._lead()

    @asynccontextmanager
    async def _lead(self) -> AsyncIterator[bool]:
        """The lock lives as long as its connection, so that has to be one of its own: a crash gives it back."""
        with translated():
            connection = await asyncpg.connect(
                self._database.url, timeout=5.0, server_settings={"application_name": "stepgraph reconciler"}
            )
        try:
            with translated():
                is_leader: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LEADERSHIP)
            yield is_leader
        finally:
            await _give_up(connection)

    async def due_executions(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        rows = await self._database.fetch(_DUE, now, limit)
        return [row["id"] for row in rows]

    async def release_dead(self, *, dead_before: datetime, limit: int) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_RELEASE_DEAD, dead_before, limit)
            await connection.execute(_REMOVE_DEAD, dead_before)
        return [row["id"] for row in rows]

    async def queued_workflows(self) -> Sequence[tuple[UUID, int]]:
        rows = await self._database.fetch(_QUEUED)
        return [(row["id"], UNLIMITED if row["most"] is None else row["most"]) for row in rows]

    async def fail_poisoned(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            failed = await fail_executions(connection, crashes=crashes, now=now, limit=limit)
        # By itself: it locks other executions, and those come before any batch.
        async with self._database.transaction() as connection:
            return [*failed, *await fail_batches(connection, crashes=crashes, now=now, limit=limit - len(failed))]


async def _give_up(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Release what a connection has locked, now if it still works, or else when the server finds it broken."""
    try:
        await connection.execute("SELECT pg_advisory_unlock_all()", timeout=2.0)
        await connection.close(timeout=2.0)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
