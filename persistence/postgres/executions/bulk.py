"""Bulk operations in PostgreSQL."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from domain.executions.bulk.filters import filter_of_json, filter_to_json
from domain.executions.bulk.model import BulkAction, BulkOperation, BulkProblem
from domain.kernel.json.text import dumps, loads
from domain.kernel.pages import Page
from persistence.postgres.connections.database import Database

_ADD = """
INSERT INTO bulk_operation (id, action, wanted, arguments, matched, done, failed, problems, created_at, epoch)
VALUES ($1, $2, $3, $4, $5, 0, 0, '[]', $6, 0)
"""
_PAGE = "SELECT * FROM bulk_operation WHERE $2::uuid IS NULL OR id < $2 ORDER BY id DESC LIMIT $1"
_CLAIM = """
UPDATE bulk_operation SET epoch = epoch + 1, held_until = now() + $1
WHERE id = (
  SELECT id FROM bulk_operation WHERE finished_at IS NULL AND (held_until IS NULL OR held_until <= now())
  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""
_ADVANCE = """
UPDATE bulk_operation SET done = $3, failed = $4, problems = $5, cursor = $6, finished_at = $7, held_until = NULL,
  stopped_at = CASE WHEN $7::timestamptz IS NULL THEN stopped_at ELSE $8 END
WHERE id = $1 AND epoch = $2 RETURNING id
"""
_STOP = """
UPDATE bulk_operation SET stopped_at = COALESCE(stopped_at, $2) WHERE id = $1 AND finished_at IS NULL RETURNING *
"""
_PRUNE = """
DELETE FROM bulk_operation
WHERE id IN (SELECT id FROM bulk_operation WHERE finished_at < $1 ORDER BY id LIMIT $2) RETURNING 1
"""


class PostgresBulkOperations:
    """Implements `domain.executions.bulk.ports.BulkOperations`."""

    def __init__(self, database: Database, woken: Callable[[], None] = lambda: None) -> None:
        """`woken` is called when there is an operation to carry on, or to end."""
        self._database = database
        self._woken = woken

    async def add(self, operation: BulkOperation) -> None:
        await self._database.fetch(
            _ADD,
            operation.id,
            operation.action.value,
            dumps(filter_to_json(operation.filter)),
            dumps(operation.arguments),
            operation.matched,
            operation.created_at,
        )
        self._woken()

    async def get(self, id: UUID) -> BulkOperation | None:
        row = await self._database.fetch_row("SELECT * FROM bulk_operation WHERE id = $1", id)
        return None if row is None else _operation_of(row)

    async def page(self, *, first: int, after: UUID | None) -> Page[BulkOperation]:
        rows = await self._database.fetch(_PAGE, first + 1, after)
        return Page(rows=tuple(_operation_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        found: int = await self._database.fetch_value("SELECT count(*) FROM bulk_operation")
        return found

    async def claim(self, *, lease: timedelta) -> BulkOperation | None:
        row = await self._database.fetch_row(_CLAIM, lease)
        return None if row is None else _operation_of(row)

    async def advance(self, operation: BulkOperation) -> bool:
        problems: list[Any] = [
            {"id": str(problem.execution_id), "message": problem.message} for problem in operation.problems
        ]
        row = await self._database.fetch_row(
            _ADVANCE,
            operation.id,
            operation.epoch,
            operation.done,
            operation.failed,
            dumps(problems),
            operation.cursor,
            operation.finished_at,
            operation.stopped_at,
        )
        return row is not None

    async def stop(self, id: UUID, now: datetime) -> BulkOperation | None:
        row = await self._database.fetch_row(_STOP, id, now)
        self._woken()
        return None if row is None else _operation_of(row)

    async def prune(self, before: datetime, limit: int) -> int:
        return len(await self._database.fetch(_PRUNE, before, limit))


def _operation_of(row: asyncpg.Record) -> BulkOperation:
    stored: Any = loads(row["problems"])
    filter: Any = loads(row["wanted"])
    arguments: Any = loads(row["arguments"])
    return BulkOperation(
        id=row["id"],
        action=BulkAction(row["action"]),
        filter=filter_of_json(filter),
        arguments=arguments,
        matched=row["matched"],
        created_at=row["created_at"],
        done=row["done"],
        failed=row["failed"],
        problems=tuple(BulkProblem(execution_id=UUID(each["id"]), message=each["message"]) for each in stored),
        cursor=row["cursor"],
        finished_at=row["finished_at"],
        epoch=row["epoch"],
        stopped_at=row["stopped_at"],
    )
