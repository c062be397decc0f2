"""What the reconciler asks of PostgreSQL: who leads, what is due, and what dead workers have left behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from persistence.database import Database
from persistence.row_codec import dataclass_text
from persistence.rows import poisoned
from persistence.unavailable import translated

_LEADERSHIP = 0x5357_0002
"""The advisory lock that the one active reconciler holds."""

# Each half is an index range. An execution with a command is rarely due as well; the union drops it once if it is.
_DUE = """
SELECT id FROM (
  (SELECT e.id, e.due_at AS since FROM workflow_execution e WHERE e.due_at <= $1 ORDER BY e.due_at, e.id LIMIT $2)
  UNION
  (
    SELECT e.id, e.created_at FROM execution_command c JOIN workflow_execution e ON e.id = c.execution_id
    WHERE e.worker_id IS NULL AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED') LIMIT $2
  )
) wanted GROUP BY id ORDER BY min(since), id LIMIT $2
"""

# SKIP LOCKED: a row that is locked is being committed by a worker that lives after all, or released by somebody else.
# A due time that is not after the creation means "at once" by any clock.
_RELEASE = """
WITH held AS (
  SELECT e.id FROM workflow_execution e
  WHERE e.worker_id IS NOT NULL AND {condition}
  ORDER BY e.id LIMIT $2 FOR NO KEY UPDATE{locked}
)
UPDATE workflow_execution e
SET worker_id = NULL, epoch = e.epoch + 1, crashes = e.crashes + {crashes}, due_at = e.created_at
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

_POISONED = """
SELECT id, crashes FROM workflow_execution
WHERE crashes >= $1 AND crashes > 0 AND worker_id IS NULL AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
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
  sequence = sequence + 1, steps_running = 0, steps_ended = steps_ended + (SELECT count(*) FROM stopped)
WHERE id = $1
"""


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

    async def fail_poisoned(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_POISONED, crashes, limit)
            for row in rows:
                await connection.execute(_FAIL, row["id"], dataclass_text(poisoned(row["crashes"])), now)
        return [row["id"] for row in rows]


async def _give_up(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Release what a connection has locked, now if it still works, or else when the server finds it broken."""
    try:
        await connection.execute("SELECT pg_advisory_unlock_all()", timeout=2.0)
        await connection.close(timeout=2.0)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
