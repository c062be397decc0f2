"""Circuit breakers in PostgreSQL: their durable states, for when Redis forgets, and the steps that wait for them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from domain.circuit_breakers.events import is_told, told
from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot, CircuitBreakerRecord
from domain.kernel.errors import NotFound
from domain.kernel.pages import Page
from domain.kernel.statuses import CircuitBreakerState
from persistence.postgres import outbox
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database

MOST_STORED = 10_000
"""The most services that are stored: addresses may come from templates, and their number need not have an end."""

_ENSURE = f"""
INSERT INTO circuit_breaker (
  id, service_id, failure_threshold, success_threshold, reset_timeout, half_open_max_calls, state, version, generation,
  failure_count, success_count, updated_at
)
SELECT $1, $2, $3, $4, $5, $6, 'CLOSED', 0, 0, 0, 0, $7
WHERE (SELECT count(*) FROM circuit_breaker) < {MOST_STORED}
ON CONFLICT (service_id) DO NOTHING
RETURNING *
"""

_CONFIGURE = """
UPDATE circuit_breaker SET
  failure_threshold = $2, success_threshold = $3, reset_timeout = $4, half_open_max_calls = $5, updated_at = $6
WHERE service_id = $1 RETURNING *
"""

_SAVE = """
UPDATE circuit_breaker b SET
  state = $2, version = $3, generation = $4, failure_count = $5, success_count = $6, opened_at = $7, next_probe_at = $8,
  updated_at = $9
FROM (SELECT id, state FROM circuit_breaker WHERE service_id = $1 AND generation < $4 FOR NO KEY UPDATE) before
WHERE b.id = before.id RETURNING before.state
"""

_IS_WAITING = """s.waiting_for ->> 'kind' = 'CIRCUIT_BREAKER' AND s.status = 'WAITING'"""

_WAITING = f"""
SELECT s.waiting_for ->> 'detail' AS service_id, count(DISTINCT s.execution_id)::int AS executions
FROM step_execution s WHERE {_IS_WAITING} AND s.waiting_for ->> 'detail' = ANY ($1::text[]) GROUP BY 1
"""

# Executions are locked in the order of ids, as everywhere. One that a worker has taken meanwhile is left to it. What an
# execution waits for is what its step waits for that is due first (domain/executions/projections.py).
_RELEASE = f"""
WITH found AS MATERIALIZED (
  SELECT s.execution_id, s.path, row_number() OVER (ORDER BY s.started_at, s.execution_id, s.path) - 1 AS number
  FROM step_execution s JOIN workflow_execution e ON e.id = s.execution_id
  WHERE {_IS_WAITING} AND s.waiting_for ->> 'detail' = $1::text AND e.worker_id IS NULL AND e.status = 'WAITING'
  ORDER BY s.started_at, s.execution_id, s.path LIMIT $4::bigint
), locked AS MATERIALIZED (
  SELECT e.id, e.sequence, found.path, $2::timestamptz + found.number * $3::interval AS due_at
  FROM found JOIN workflow_execution e ON e.id = found.execution_id
  WHERE e.worker_id IS NULL AND e.status = 'WAITING'
  ORDER BY e.id FOR NO KEY UPDATE OF e
), moved AS (
  UPDATE step_execution s SET
    due_at = locked.due_at,
    waiting_for = json_build_object('kind', 'CIRCUIT_BREAKER', 'until', locked.due_at, 'detail', $1::text),
    sequence = locked.sequence + 1
  FROM locked
  WHERE s.execution_id = locked.id AND s.path = locked.path AND {_IS_WAITING} AND s.due_at > locked.due_at
  RETURNING s.execution_id, s.path, s.due_at
)
UPDATE workflow_execution e SET
  sequence = e.sequence + 1,
  due_at = least(e.due_at, m.due_at),
  waiting_for = CASE WHEN e.due_at < m.due_at THEN e.waiting_for
    ELSE json_build_object('kind', 'CIRCUIT_BREAKER', 'until', m.due_at, 'detail', m.path || ': ' || $1::text) END
FROM (
  SELECT execution_id, min(due_at) AS due_at, (array_agg(path ORDER BY due_at, path))[1] AS path
  FROM moved GROUP BY execution_id
) m
WHERE e.id = m.execution_id
RETURNING e.id
"""


class PostgresBreakerStore:
    """Implements `domain.circuit_breakers.ports.BreakerStore`."""

    def __init__(self, database: Database, woken: Callable[[], None] = lambda: None) -> None:
        """`woken` is called when something was put into the outbox."""
        self._database = database
        self._woken = woken

    async def ensure(self, service_id: str, *, id: UUID, now: datetime) -> CircuitBreakerRecord:
        known = await self.find(service_id)
        if known is not None:
            return known
        config = BreakerConfig()
        row = await self._database.fetch_row(_ENSURE, id, service_id, *_values(config), now)
        if row is not None:
            return _record_of(row)
        raced = await self.find(service_id)
        if raced is not None:
            return raced
        return CircuitBreakerRecord(
            id=id, config=config, snapshot=BreakerSnapshot(service_id=service_id), updated_at=now
        )

    async def find(self, service_id: str) -> CircuitBreakerRecord | None:
        row = await self._database.fetch_row("SELECT * FROM circuit_breaker WHERE service_id = $1", service_id)
        return None if row is None else _record_of(row)

    async def get(self, id: UUID) -> CircuitBreakerRecord | None:
        row = await self._database.fetch_row("SELECT * FROM circuit_breaker WHERE id = $1", id)
        return None if row is None else _record_of(row)

    async def many(self, service_ids: Collection[str]) -> Mapping[str, CircuitBreakerRecord]:
        rows = await self._database.fetch(
            "SELECT * FROM circuit_breaker WHERE service_id = ANY ($1::text[])", list(service_ids)
        )
        return {row["service_id"]: _record_of(row) for row in rows}

    async def page(
        self, states: Collection[CircuitBreakerState] | None, *, first: int, after: str | None
    ) -> Page[CircuitBreakerRecord]:
        where = _matching(states)
        where.add("service_id > ?", after)
        limit = where.argument(first + 1)
        rows = await self._database.fetch(
            f"SELECT * FROM circuit_breaker WHERE {where} ORDER BY service_id LIMIT {limit}", *where.arguments
        )
        return Page(rows=tuple(_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, states: Collection[CircuitBreakerState] | None) -> int:
        where = _matching(states)
        number: int = await self._database.fetch_value(
            f"SELECT count(*) FROM circuit_breaker WHERE {where}", *where.arguments
        )
        return number

    async def configure(self, service_id: str, config: BreakerConfig, now: datetime) -> CircuitBreakerRecord:
        row = await self._database.fetch_row(_CONFIGURE, service_id, *_values(config), now)
        if row is None:
            raise NotFound("circuit breaker", service_id)
        return _record_of(row)

    async def save(self, snapshot: BreakerSnapshot, now: datetime) -> bool:
        async with self._database.transaction() as connection:
            before = await connection.fetchval(
                _SAVE,
                snapshot.service_id,
                snapshot.state,
                snapshot.version,
                snapshot.generation,
                snapshot.failure_count,
                snapshot.success_count,
                snapshot.opened_at,
                snapshot.next_probe_at,
                now,
            )
            tells = before is not None and is_told(snapshot, CircuitBreakerState(before))
            if tells:
                await outbox.add(connection, [told(snapshot, now)])
        if tells:
            self._woken()
        return before is not None

    async def delete(self, service_id: str) -> UUID | None:
        id: UUID | None = await self._database.fetch_value(
            "DELETE FROM circuit_breaker WHERE service_id = $1 RETURNING id", service_id
        )
        return id

    async def waiting(self, service_ids: Collection[str]) -> Mapping[str, int]:
        rows = await self._database.fetch(_WAITING, list(service_ids))
        return {row["service_id"]: row["executions"] for row in rows}

    async def release(self, service_id: str, *, now: datetime, every: timedelta, limit: int) -> Sequence[UUID]:
        rows = await self._database.fetch(_RELEASE, service_id, now, every, limit)
        return [row["id"] for row in rows]


def _matching(states: Collection[CircuitBreakerState] | None) -> Conditions:
    where = Conditions()
    where.add("state = ANY (?::text[])", None if states is None else [state.value for state in states])
    return where


def _values(config: BreakerConfig) -> tuple[int, int, int, int]:
    """The columns of a configuration; the ORM keeps durations as microseconds."""
    timeout = config.reset_timeout // timedelta(microseconds=1)
    return config.failure_threshold, config.success_threshold, timeout, config.half_open_max_calls


def _record_of(row: asyncpg.Record) -> CircuitBreakerRecord:
    return CircuitBreakerRecord(
        id=row["id"],
        config=BreakerConfig(
            failure_threshold=row["failure_threshold"],
            success_threshold=row["success_threshold"],
            reset_timeout=timedelta(microseconds=row["reset_timeout"]),
            half_open_max_calls=row["half_open_max_calls"],
        ),
        snapshot=BreakerSnapshot(
            service_id=row["service_id"],
            state=CircuitBreakerState(row["state"]),
            version=row["version"],
            generation=row["generation"],
            failure_count=row["failure_count"],
            success_count=row["success_count"],
            opened_at=row["opened_at"],
            next_probe_at=row["next_probe_at"],
        ),
        updated_at=row["updated_at"],
    )
