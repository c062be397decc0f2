"""The reconciler's questions to PostgreSQL: who leads, which executions are due, which were held by dead workers."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.system.records import Term
from persistence.executions.rows import UNLIMITED
from persistence.postgres.connections.clock import DatabaseClock
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.quarantine import POISONED_ONES, fail_batches, fail_executions

# The row outlives no one: whoever holds it must renew it, by the database's clock and with any connection.
_LEAD = """
INSERT INTO leadership AS l (role, holder_id, epoch, expires_at, worked_at)
VALUES ('reconciler', $1, 1, clock_timestamp() + $2, clock_timestamp())
ON CONFLICT (role) DO UPDATE SET
  holder_id = excluded.holder_id,
  epoch = l.epoch + (l.holder_id <> excluded.holder_id)::int,
  expires_at = excluded.expires_at,
  worked_at = CASE WHEN $4 THEN clock_timestamp() ELSE l.worked_at END
WHERE l.holder_id = excluded.holder_id OR l.expires_at + $3 <= clock_timestamp()
RETURNING epoch, clock_timestamp() AS now
"""
_RESIGN = "UPDATE leadership SET expires_at = clock_timestamp() WHERE role = 'reconciler' AND holder_id = $1"

EACH_PRIORITY = """
WITH RECURSIVE level (priority) AS (
  (SELECT priority FROM workflow_execution WHERE due_at IS NOT NULL ORDER BY priority DESC LIMIT 1)
  UNION ALL
  SELECT (
    SELECT e.priority FROM workflow_execution e
    WHERE e.due_at IS NOT NULL AND e.priority < level.priority ORDER BY e.priority DESC LIMIT 1
  )
  FROM level WHERE level.priority IS NOT NULL
)
"""
"""The beginning of a statement: `level` has the priorities of executions with a due time, by walking the index."""

# Of each priority the range that is due. An execution with a command is rarely due as well; the union drops it once if
# it is.
_DUE = f"""{EACH_PRIORITY}SELECT id FROM (
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
_IS_DEAD = "NOT EXISTS (SELECT FROM worker_process w WHERE w.id = e.worker_id AND w.heartbeat_at >= {before})"
_RELEASE_DEAD = _RELEASE.format(
    condition=_IS_DEAD.format(before="$1"),
    crashes=1,
    locked=" SKIP LOCKED",
)
RELEASE_STRAY = _RELEASE.format(
    condition="e.worker_id = $1 AND (e.id, e.epoch) IN (SELECT * FROM unnest($3::uuid[], $4::int[]))",
    crashes=1,
    locked=" SKIP LOCKED",
)
RELEASE_OF_ENDED = _RELEASE.format(
    condition="e.worker_id = ANY ($1::uuid[]) AND e.crashes + 1 < $3", crashes=1, locked=""
)
RELEASE_OF_WORKER = _RELEASE.format(condition="e.worker_id = $1", crashes=0, locked="")

_REMOVE_DEAD = "DELETE FROM worker_process WHERE heartbeat_at < $1"

# The beginnings of all others: each is a look into an index, up to the first that finds something. The last walks
# through what is held.
_BUSY = f"""
SELECT EXISTS (SELECT FROM execution_command)
  OR EXISTS (
    {EACH_PRIORITY}SELECT FROM level CROSS JOIN LATERAL (
      SELECT FROM workflow_execution e WHERE e.priority = level.priority AND e.due_at <= $1 AND NOT e.is_queued LIMIT 1
    ) due
  )
  OR EXISTS (SELECT FROM workflow_execution WHERE is_queued)
  OR EXISTS (SELECT FROM worker_process WHERE heartbeat_at < $2)
  OR EXISTS ({POISONED_ONES})
  OR EXISTS (SELECT FROM workflow_execution e WHERE e.worker_id IS NOT NULL AND {_IS_DEAD.format(before="$2")})
"""


# SKIP LOCKED: what is locked is being removed with its execution.
_DROP_COMMANDS = """
DELETE FROM execution_command WHERE id IN (
  SELECT c.id FROM execution_command c LEFT JOIN workflow_execution e ON e.id = c.execution_id
  WHERE e.id IS NULL OR e.status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
  LIMIT $1 FOR UPDATE OF c SKIP LOCKED
)
RETURNING id
"""


class PostgresRecovery:
    """Implements `domain.executions.ports.Recovery`."""

    def __init__(
        self, database: Database, clock: DatabaseClock | None = None, woken: Callable[[], None] = lambda: None
    ) -> None:
        """`clock` is set by each call of `lead`; `woken` is called when something was put into the outbox."""
        self._database = database
        self._woken = woken
        self._clock = clock or DatabaseClock()

    async def lead(
        self, candidate: UUID, *, lease: timedelta, stands_back: timedelta | None = None, has_worked: bool = False
    ) -> Term | None:
        clock = self._clock
        if stands_back is not None:
            lease = timedelta(0)
        async with self._database.hot_connection() as connection:
            asked = clock.asked()
            row = await connection.fetchrow(_LEAD, candidate, lease, stands_back or timedelta(0), has_worked)
        if row is None:
            return None
        clock.measured(asked, row["now"])
        return Term(epoch=row["epoch"], now=row["now"])

    async def resign(self, candidate: UUID) -> None:
        async with self._database.hot_connection() as connection:
            await connection.execute(_RESIGN, candidate)

    async def is_quiet(self, *, now: datetime, dead_before: datetime, crashes: int) -> bool:
        async with self._database.hot_connection() as connection:
            return not await connection.fetchval(_BUSY, now, dead_before, crashes)

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

    async def drop_commands(self, limit: int) -> int:
        return len(await self._database.fetch(_DROP_COMMANDS, limit))

    async def quarantine(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            failed = await fail_executions(connection, crashes=crashes, now=now, limit=limit)
        if failed:
            self._woken()
        # By itself: it locks other executions, and those come before any batch.
        async with self._database.transaction() as connection:
            return [*failed, *await fail_batches(connection, crashes=crashes, now=now, limit=limit - len(failed))]
