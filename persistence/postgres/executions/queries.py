"""Executions and their steps, read for people: keyset pages, and change sets of one consistent moment."""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

import asyncpg

from domain.engine.state import CarriedStep
from domain.executions.lists import NEWEST_FIRST, Count, ExecutionOrder, OrderBy, Place
from domain.executions.records import ExecutionChange, ExecutionFilter, ExecutionRecord, StepFilter, StepRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus
from persistence.executions.large_values import share_of
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database
from persistence.postgres.executions import lineage
from persistence.postgres.executions.changes_since import ChangesSince
from persistence.postgres.executions.lists.counts import count, counts
from persistence.postgres.executions.lists.pages import page_rows
from persistence.postgres.executions.rows.codec import (
    EXECUTION_COLUMNS,
    WHOLE_STEP_COLUMNS,
    execution_of,
    step_of,
)
from persistence.postgres.executions.rows.lean import (
    lean_execution_columns,
    lean_execution_of,
    lean_step_columns,
    lean_step_of,
)

_GET_MANY = f"SELECT {EXECUTION_COLUMNS} FROM workflow_execution e WHERE e.id = ANY ($1::uuid[])"
_GET_MANY_LEAN = f"""
SELECT {lean_execution_columns("$2::int")} FROM workflow_execution e WHERE e.id = ANY ($1::uuid[])
"""

_BY_PATH = """
SELECT {columns}
FROM unnest($1::uuid[], $2::text[]) AS k (execution_id, path)
JOIN step_execution s ON s.execution_id = k.execution_id AND s.path = k.path
"""
_WHOLE_BY_PATH = _BY_PATH.format(columns=WHOLE_STEP_COLUMNS)
_LEAN_BY_PATH = _BY_PATH.format(columns=lean_step_columns("$3::int"))

_STATUSES = """
SELECT s.execution_id, s.path, s.status
FROM unnest($1::uuid[], $2::text[]) AS k (execution_id, path)
JOIN step_execution s ON s.execution_id = k.execution_id AND s.path = k.path
"""

_SEQUENCES = "SELECT id, sequence FROM workflow_execution WHERE id = ANY ($1::uuid[])"


class PostgresExecutionQueries:
    """Implements `domain.executions.ports.ExecutionQueries`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = ChangesSince(database)

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ExecutionRecord]:
        if not ids:
            return {}
        if lean:
            rows = await self._database.fetch(_GET_MANY_LEAN, list(ids), share_of(len(ids)))
            return {row["id"]: lean_execution_of(row) for row in rows}
        rows = await self._database.fetch(_GET_MANY, list(ids))
        return {row["id"]: execution_of(row) for row in rows}

    async def page(
        self,
        filter: ExecutionFilter,
        *,
        first: int,
        after: Place | None,
        order: ExecutionOrder = NEWEST_FIRST,
        lean: bool = False,
    ) -> Page[ExecutionRecord]:
        rows = await page_rows(self._database, filter, order, after, limit=first + 1, lean=lean)
        read = lean_execution_of if lean else execution_of
        return Page(rows=tuple(read(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED) -> int:
        return await count(self._database, filter, by)

    async def counts(self, filter: ExecutionFilter) -> Mapping[ExecutionStatus, Count]:
        return await counts(self._database, filter)

    async def steps_page(
        self, execution_id: UUID, filter: StepFilter, *, first: int, after: str | None, lean: bool = False
    ) -> Page[StepRecord]:
        conditions = _step_conditions(filter)
        conditions.add("s.execution_id = ?", execution_id)
        conditions.add("s.position > ?", after)
        limit = conditions.argument(first + 1)
        columns, read = _steps(conditions, first, lean=lean)
        walk = f"SELECT {columns} FROM step_execution s WHERE {conditions} ORDER BY s.position LIMIT {limit}"
        rows = await self._database.fetch(walk, *conditions.arguments)
        return Page(rows=tuple(read(row) for row in rows[:first]), has_next=len(rows) > first)

    async def steps_pages(
        self, execution_ids: Collection[UUID], filter: StepFilter, *, first: int, lean: bool = False
    ) -> Mapping[UUID, Page[StepRecord]]:
        conditions = _step_conditions(filter)
        ids, limit = conditions.argument(list(execution_ids)), conditions.argument(first + 1)
        columns, read = _steps(conditions, first * len(execution_ids), lean=lean)
        rows = await self._database.fetch(
            f"""
            SELECT s.* FROM unnest({ids}::uuid[]) walk (id) CROSS JOIN LATERAL (
              SELECT {columns} FROM step_execution s WHERE s.execution_id = walk.id AND {conditions}
              ORDER BY s.position LIMIT {limit}
            ) s ORDER BY s.execution_id, s.position
            """,
            *conditions.arguments,
        )
        found: dict[UUID, list[StepRecord]] = {id: [] for id in execution_ids}
        for row in rows:
            found[row["execution_id"]].append(read(row))
        return {id: Page(rows=tuple(steps[:first]), has_next=len(steps) > first) for id, steps in found.items()}

    async def steps_counts(self, execution_ids: Collection[UUID], filter: StepFilter) -> Mapping[UUID, int]:
        conditions = _step_conditions(filter)
        ids = conditions.argument(list(execution_ids))
        rows = await self._database.fetch(
            f"""
            SELECT s.execution_id, count(*) AS steps FROM step_execution s
            WHERE s.execution_id = ANY ({ids}::uuid[]) AND {conditions} GROUP BY s.execution_id
            """,
            *conditions.arguments,
        )
        return dict.fromkeys(execution_ids, 0) | {row["execution_id"]: row["steps"] for row in rows}

    async def steps_by_path(
        self, keys: Collection[tuple[UUID, str]], *, lean: bool = False
    ) -> Mapping[tuple[UUID, str], StepRecord]:
        if not keys:
            return {}
        unique = list(dict.fromkeys(keys))
        arguments = [id for id, _ in unique], [path for _, path in unique]
        if lean:
            rows = await self._database.fetch(_LEAN_BY_PATH, *arguments, share_of(len(unique)))
            return {(row["execution_id"], row["path"]): lean_step_of(row) for row in rows}
        rows = await self._database.fetch(_WHOLE_BY_PATH, *arguments)
        return {(row["execution_id"], row["path"]): step_of(row) for row in rows}

    async def step_statuses(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepStatus]:
        if not keys:
            return {}
        unique = list(dict.fromkeys(keys))
        rows = await self._database.fetch(_STATUSES, [id for id, _ in unique], [path for _, path in unique])
        return {(row["execution_id"], row["path"]): StepStatus(row["status"]) for row in rows}

    async def changes_since(
        self, execution_id: UUID, sequence: int, *, lean: bool = False, most: int | None = None, steps: bool = True
    ) -> ExecutionChange | None:
        read = self._changes.lean if lean else self._changes.whole
        return await read(execution_id, sequence, most=most, steps=steps)

    async def sequences(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        if not ids:
            return {}
        rows = await self._database.fetch(_SEQUENCES, list(ids))
        return {row["id"]: row["sequence"] for row in rows}

    async def carried(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[CarriedStep]]:
        return lineage.carried_of(await self._database.fetch(lineage.CARRIED, list(ids))) if ids else {}

    async def children_at(self, parent_ids: Collection[UUID], path: str) -> Sequence[ExecutionRecord]:
        return [execution_of(row) for row in await self._database.fetch(lineage.CHILDREN, list(parent_ids), path)]

    async def newest_retries(self, ids: Collection[UUID]) -> Mapping[UUID, ExecutionRecord]:
        if not ids:
            return {}
        rows = await self._database.fetch(lineage.NEWEST_RETRIES, list(dict.fromkeys(ids)))
        return {row["asked_id"]: execution_of(row) for row in rows}


def _steps(conditions: Conditions, rows: int, *, lean: bool) -> tuple[str, Callable[[asyncpg.Record], StepRecord]]:
    """The columns of steps for `rows` rows, and the function that reads them."""
    if not lean:
        return WHOLE_STEP_COLUMNS, step_of
    return lean_step_columns(f"{conditions.argument(share_of(rows))}::int"), lean_step_of


def _step_conditions(filter: StepFilter) -> Conditions:
    conditions = Conditions()
    conditions.add("s.status = ANY (?::text[])", None if filter.statuses is None else list(filter.statuses))
    conditions.add("s.type = ANY (?::text[])", None if filter.types is None else list(filter.types))
    conditions.add("starts_with(s.path, ?)", filter.path_prefix)
    return conditions
