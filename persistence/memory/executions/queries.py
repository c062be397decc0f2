"""Executions and their steps, read for people, in memory."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.engine.state import CarriedStep
from domain.executions.lists import (
    NEWEST_FIRST,
    Count,
    ExecutionOrder,
    OrderBy,
    Place,
    has_words,
    matches,
    place_of,
    statuses_of,
    texts_of,
)
from domain.executions.records import ExecutionChange, ExecutionFilter, ExecutionRecord, StepFilter, StepRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus
from persistence.executions.changes import check_changed, shown, snapshot_of
from persistence.memory.large_values import lean_change, lean_execution, lean_step
from persistence.memory.tables import MemoryTables, contains, page_of

_USUAL = 100


class MemoryExecutionQueries:
    """Implements `domain.executions.ports.ExecutionQueries`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ExecutionRecord]:
        found = {id: self._tables.executions[id] for id in ids if id in self._tables.executions}
        return {id: lean_execution(row, len(ids)) for id, row in found.items()} if lean else found

    async def page(
        self,
        filter: ExecutionFilter,
        *,
        first: int,
        after: Place | None,
        order: ExecutionOrder = NEWEST_FIRST,
        lean: bool = False,
    ) -> Page[ExecutionRecord]:
        rows = _in_order(self._matching(filter), order)
        if after is not None:
            here = _key(after)
            rows = [(key, row) for key, row in rows if (key > here if order.ascending else key < here)]
        page = page_of([row for _, row in rows], first)
        return replace(page, rows=tuple(lean_execution(row, first) for row in page.rows)) if lean else page

    async def count(self, filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED) -> int:
        return len(_in_order(self._matching(filter), ExecutionOrder(by=by)))

    async def counts(self, filter: ExecutionFilter) -> Mapping[ExecutionStatus, Count]:
        allowed = statuses_of(filter)
        found = Counter(row.status for row in self._matching(filter))
        return {status: Count(found[status]) for status in (ExecutionStatus if allowed is None else allowed)}

    async def steps_page(
        self, execution_id: UUID, filter: StepFilter, *, first: int, after: str | None, lean: bool = False
    ) -> Page[StepRecord]:
        rows = [row for row in self._steps(execution_id, filter) if after is None or row.position > after]
        page = page_of(sorted(rows, key=lambda row: row.position), first)
        return _lean(page, first) if lean else page

    async def steps_pages(
        self, execution_ids: Collection[UUID], filter: StepFilter, *, first: int, lean: bool = False
    ) -> Mapping[UUID, Page[StepRecord]]:
        pages = {id: await self.steps_page(id, filter, first=first, after=None) for id in execution_ids}
        return {id: _lean(page, first * len(pages)) for id, page in pages.items()} if lean else pages

    async def steps_counts(self, execution_ids: Collection[UUID], filter: StepFilter) -> Mapping[UUID, int]:
        return {id: len(self._steps(id, filter)) for id in execution_ids}

    async def steps_by_path(
        self, keys: Collection[tuple[UUID, str]], *, lean: bool = False
    ) -> Mapping[tuple[UUID, str], StepRecord]:
        found = {key: self._tables.steps.get(key[0], {}).get(key[1]) for key in keys}
        return {key: lean_step(row, len(found)) if lean else row for key, row in found.items() if row is not None}

    async def step_statuses(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepStatus]:
        return {key: row.state.status for key, row in (await self.steps_by_path(keys)).items()}

    async def changes_since(
        self, execution_id: UUID, sequence: int, *, lean: bool = False, most: int | None = None, steps: bool = True
    ) -> ExecutionChange | None:
        execution = self._tables.executions.get(execution_id)
        if execution is None:
            return None
        rows = self._tables.steps.get(execution_id, {}).values()
        changed = [replace(row, state=shown(row.state)) for row in rows if steps and row.sequence > sequence]
        check_changed(len(changed), most)
        changed.sort(key=lambda row: (row.sequence, row.position))
        change = snapshot_of(execution, since=sequence, steps=tuple(changed))
        return lean_change(change, _USUAL) if lean else change

    async def sequences(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {id: row.sequence for id, row in (await self.get_many(ids)).items()}

    async def carried(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[CarriedStep]]:
        return {id: steps for id in ids if (steps := self._tables.carried.get(id))}

    async def children_at(self, parent_ids: Collection[UUID], path: str) -> Sequence[ExecutionRecord]:
        rows = self._tables.executions.values()
        found = [r.id for r in rows if r.parent_id in parent_ids and r.parent_path == path and not r.is_batch]
        return [self._tables.executions[id] for id in sorted(self._line(found))]

    async def newest_retries(self, ids: Collection[UUID]) -> Mapping[UUID, ExecutionRecord]:
        return {id: self._tables.executions[max(self._line([id]))] for id in ids if id in self._tables.executions}

    def _line(self, ids: Sequence[UUID]) -> set[UUID]:
        """These executions, and all retries of them."""
        found: set[UUID] = set()
        waiting = list(ids)
        while waiting:
            id = waiting.pop()
            found.add(id)
            waiting += [row.id for row in self._tables.executions.values() if row.retried_from_id == id]
        return found

    def _steps(self, execution_id: UUID, filter: StepFilter) -> list[StepRecord]:
        return [
            row
            for row in self._tables.steps.get(execution_id, {}).values()
            if (filter.statuses is None or row.state.status in filter.statuses)
            and (filter.types is None or row.state.type in filter.types)
            and (filter.path_prefix is None or row.state.path.startswith(filter.path_prefix))
        ]

    def _matching(self, filter: ExecutionFilter) -> list[ExecutionRecord]:
        named = {row.id for row in self._tables.workflows.values() if row.name == filter.workflow_name}

        return [
            row
            for row in self._tables.executions.values()
            if not row.is_batch
            and (filter.workflow_name is None or row.workflow_id in named)
            and contains(row.labels, filter.labels)
            and (filter.label_text is None or has_words(texts_of(row.labels), filter.label_text))
            and matches(row, filter)
        ]


def _in_order(rows: Iterable[ExecutionRecord], order: ExecutionOrder) -> list[tuple[Any, ExecutionRecord]]:
    placed = [(_key(place), row) for row in rows if (place := place_of(row, order.by)) is not None]
    return sorted(placed, key=lambda each: each[0], reverse=not order.ascending)


def _key(place: Place) -> Any:
    return (place.id,) if place.value is None else (place.value, place.id)


def _lean(page: Page[StepRecord], rows: int) -> Page[StepRecord]:
    return replace(page, rows=tuple(lean_step(row, rows) for row in page.rows))
