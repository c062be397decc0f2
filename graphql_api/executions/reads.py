"""Reads of executions and steps within one operation: those tested in it from memory, all others from the store."""

from collections.abc import Collection, Mapping
from uuid import UUID

from domain.executions.records import ExecutionRecord, StepFilter, StepRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import StepStatus
from domain.workflow_tests.model import WorkflowTestResult
from graphql_api.context import Context
from persistence.memory.executions.queries import MemoryExecutionQueries
from persistence.memory.tables import MemoryTables


class ExecutionReads:
    """The part of `domain.executions.ports.ExecutionQueries` by which clients see executions. Stored records are lean.

    Tested executions have ids of their own, and are forgotten with the operation.
    """

    def __init__(self, context: Context) -> None:
        self._stored = context.services.execution_queries
        self._tables: MemoryTables | None = None

    def add(self, result: WorkflowTestResult) -> None:
        """Show the executions of a test, too."""
        if self._tables is None:
            self._tables = MemoryTables()
        tables = self._tables
        first = () if result.execution is None else (result.execution,)
        tables.executions |= {row.id: row for row in (*first, *result.children)}
        for step in result.steps:
            tables.steps.setdefault(step.execution_id, {})[step.state.path] = step

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, ExecutionRecord]:
        """See the port."""
        tested, stored = self._divided(ids)
        found = await self._stored.get_many(stored, lean=True) if stored else {}
        return {**found, **await self._tested.get_many(tested)} if tested else found

    async def steps_page(
        self, execution_id: UUID, filter: StepFilter, *, first: int, after: str | None
    ) -> Page[StepRecord]:
        """See the port."""
        if self._is_tested(execution_id):
            return await self._tested.steps_page(execution_id, filter, first=first, after=after)
        return await self._stored.steps_page(execution_id, filter, first=first, after=after, lean=True)

    async def steps_pages(
        self, execution_ids: Collection[UUID], filter: StepFilter, *, first: int
    ) -> Mapping[UUID, Page[StepRecord]]:
        """See the port."""
        tested, stored = self._divided(execution_ids)
        found = await self._stored.steps_pages(stored, filter, first=first, lean=True) if stored else {}
        return {**found, **await self._tested.steps_pages(tested, filter, first=first)} if tested else found

    async def steps_counts(self, execution_ids: Collection[UUID], filter: StepFilter) -> Mapping[UUID, int]:
        """See the port."""
        tested, stored = self._divided(execution_ids)
        found = await self._stored.steps_counts(stored, filter) if stored else {}
        return {**found, **await self._tested.steps_counts(tested, filter)} if tested else found

    async def steps_by_path(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepRecord]:
        """See the port."""
        tested = {key for key in keys if self._is_tested(key[0])}
        stored = set(keys) - tested
        found = await self._stored.steps_by_path(stored, lean=True) if stored else {}
        return {**found, **await self._tested.steps_by_path(tested)} if tested else found

    async def step_statuses(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepStatus]:
        """See the port; tested executions are over, and nobody asks for these of them."""
        return await self._stored.step_statuses(keys)

    @property
    def _tested(self) -> MemoryExecutionQueries:
        assert self._tables is not None
        return MemoryExecutionQueries(self._tables)

    def _is_tested(self, id: UUID) -> bool:
        return self._tables is not None and id in self._tables.executions

    def _divided(self, ids: Collection[UUID]) -> tuple[Collection[UUID], Collection[UUID]]:
        """The tested and the stored ones of these."""
        if self._tables is None:
            return (), ids
        tested = [id for id in ids if id in self._tables.executions]
        return tested, [id for id in ids if id not in self._tables.executions]
