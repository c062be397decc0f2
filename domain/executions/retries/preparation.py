"""Preparing the retry of an execution that did not complete."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.engine.carrying import carried_steps
from domain.engine.state import CarriedStep, StepState
from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionRecord, NewExecution, StepChange, StepFilter, StepRecord
from domain.executions.rehydration import ended_with
from domain.executions.retries.plan import kept_steps, total_steps
from domain.kernel.clock import Clock
from domain.kernel.ids import new_id
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.cache import LoadedDefinition
from domain.workflows.definitions.definition import Definition

RETRYABLE = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.CANCELLED})
STEPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """The options of a retry. `from_step` None: keep every step and item that is done, and run the rest again.

    `latest_version`: with the newest version of the workflow, and not with the one that failed.
    """

    from_step: str | None = None
    latest_version: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The rows of an execution that its retry needs: the first page of its steps, and the steps it carried over."""

    first: Page[StepRecord]
    given: Sequence[CarriedStep]


class RetryPreparation:
    """Prepares retries: copies the work already done, so that the execution that failed stays as it was."""

    def __init__(self, *, queries: ExecutionQueries, clock: Clock, new_id: Callable[[], UUID] = new_id) -> None:
        self._queries = queries
        self._clock = clock
        self._new_id = new_id

    async def histories(self, ids: Sequence[UUID]) -> Mapping[UUID, History]:
        """The histories of these executions, read in few statements."""
        firsts = await self._queries.steps_pages(ids, StepFilter(), first=STEPS)
        given = await self._queries.carried(ids)
        return {id: History(firsts[id], given.get(id, ())) for id in ids}

    async def retry_of(
        self, execution: ExecutionRecord, loaded: LoadedDefinition, history: History, request: RetryRequest
    ) -> NewExecution:
        """The retry of an execution, not stored yet. Raises `InvalidInput`: `fromStep` was never reached."""
        definition, now = loaded.definition, self._clock.now()
        rows = [record.state for record in await self._steps(execution.id, history.first)]
        id = self._new_id()
        kept, carried = await asyncio.to_thread(
            _taken_over, id, execution, definition, rows, history.given, request, now
        )
        return NewExecution(
            id=id,
            definition_id=definition.id,
            workflow_id=execution.workflow_id,
            workflow_version=definition.version,
            input=execution.input,
            labels=execution.labels,
            priority=execution.priority,
            total_steps=total_steps(definition, kept),
            ended=await asyncio.to_thread(ended_with, definition, kept),
            created_at=now,
            retried_from_id=execution.id,
            steps=kept,
            carried=carried,
            max_concurrent=definition.max_concurrent_executions,
        )

    async def _steps(self, execution_id: UUID, first: Page[StepRecord]) -> Sequence[StepRecord]:
        """Every step of an execution that has ended, of which `first` is the first page."""
        rows = list(first.rows)
        has_next = first.has_next
        while has_next:
            page = await self._queries.steps_page(execution_id, StepFilter(), first=STEPS, after=rows[-1].position)
            rows += page.rows
            has_next = page.has_next
        return rows


def _taken_over(
    retry_id: UUID,
    execution: ExecutionRecord,
    definition: Definition,
    rows: Sequence[StepState],
    given: Sequence[CarriedStep],
    request: RetryRequest,
    now: datetime,
) -> tuple[tuple[StepChange, ...], tuple[CarriedStep, ...]]:
    """The rows that are kept, and the steps that are carried over."""
    is_new_version = definition.id != execution.definition_id
    kept = kept_steps(definition, rows, now=now, from_step=request.from_step, is_new_version=is_new_version)
    carried = carried_steps(
        definition,
        rows,
        [step.state.path for step in kept],
        execution_id=execution.id,
        retry_id=retry_id,
        known={step.path: step for step in given},
        from_step=request.from_step,
        is_new_version=is_new_version,
        latest_version=request.latest_version,
    )
    return kept, carried
