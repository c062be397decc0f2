"""Preparing the retry of an execution that did not complete."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.engine.carrying import carried_steps
from domain.engine.state import CarriedStep, StepState
from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionRecord, NewExecution, StepChange, StepFilter, StepRecord
from domain.executions.rehydration import ended_with
from domain.executions.retries.plan import kept_steps, total_steps
from domain.executions.retries.planned_steps import PlannedStep, planned_steps
from domain.kernel.changes import UNSET, Unset, changed
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, LimitExceeded, Problem
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.workflows.definitions.cache import LoadedDefinition
from domain.workflows.definitions.definition import Definition
from domain.workflows.steps.registry import CONTAINERS

RETRYABLE = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.CANCELLED})
STEPS = 500
MOST_PLANNED = 20_000
"""The most steps that an execution has whose retry is planned."""

_READ_WHOLE = 100
_DONE = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """The options of a retry. `from_step` None: keep every step and item that is done, and run the rest again.

    `latest_version`: with the newest version of the workflow, and not with the one that failed. `input`: the input in
    place of the one it had. Nothing is kept then but what `from_step` asks for, and no call keeps its key.
    """

    from_step: str | None = None
    latest_version: bool = False
    input: "JsonValue | Unset" = UNSET

    @property
    def is_edited(self) -> bool:
        """True when it has another input."""
        return self.input is not UNSET

    def check_for_many(self) -> None:
        """Raise `InvalidInput` for what cannot be asked of many executions: each has its own input."""
        if self.is_edited:
            message = "Many executions are retried with their own inputs."
            raise InvalidInput([Problem(path=("input",), message=message, hint="Leave it out, or retry one.")])


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
            input=changed(execution.input, request.input),
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

    async def planned(
        self, execution: ExecutionRecord, loaded: LoadedDefinition, request: RetryRequest
    ) -> tuple[PlannedStep, ...]:
        """The plan of what `retry_of` does with each step; no value of a step that is done is read.

        Raises `InvalidInput` as that does, and `LimitExceeded` for more than `MOST_PLANNED` steps.
        """
        records = await self._lean_steps(execution.id)
        given = (await self._queries.carried([execution.id])).get(execution.id, ())
        return await asyncio.to_thread(
            _planned, self._new_id(), execution, loaded.definition, records, given, request, self._clock.now()
        )

    async def _lean_steps(self, execution_id: UUID) -> Sequence[StepRecord]:
        """Every step, whole only where it is a container or is not done."""
        records: list[StepRecord] = []
        page = await self._queries.steps_page(execution_id, StepFilter(), first=STEPS, after=None, lean=True)
        while True:
            whole = [each.state.path for each in page.rows if _is_needed_whole(each)]
            found: dict[str, StepRecord] = {}
            for first in range(0, len(whole), _READ_WHOLE):
                keys = [(execution_id, path) for path in whole[first : first + _READ_WHOLE]]
                read = await self._queries.steps_by_path(keys)
                found.update({path: _without_values(record) for (_, path), record in read.items()})
            records += (found.get(each.state.path, each) for each in page.rows)
            if len(records) > MOST_PLANNED:
                message = f"The execution has more than {MOST_PLANNED:,} steps, which no plan can have."
                raise LimitExceeded(f"{message} Retry it without one.")
            if not page.has_next:
                return records
            last = page.rows[-1].position
            page = await self._queries.steps_page(execution_id, StepFilter(), first=STEPS, after=last, lean=True)

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
    if request.is_edited and request.from_step is None:
        return (), ()
    is_new_version = definition.id != execution.definition_id
    kept = kept_steps(definition, rows, now=now, from_step=request.from_step, is_new_version=is_new_version)
    if request.is_edited:  # what is called is not what was called before
        return kept, ()
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


def _planned(
    retry_id: UUID,
    execution: ExecutionRecord,
    definition: Definition,
    records: Sequence[StepRecord],
    given: Sequence[CarriedStep],
    request: RetryRequest,
    now: datetime,
) -> tuple[PlannedStep, ...]:
    rows = [record.state for record in records]
    kept, carried = _taken_over(retry_id, execution, definition, rows, given, request, now)
    going_on = {step.path for step in carried if step.origins != (retry_id,)}
    return planned_steps(
        definition,
        [(record.position, record.state) for record in records],
        kept,
        from_step=request.from_step,
        is_edited=request.is_edited,
        keeps_key=going_on.__contains__,
    )


def _is_needed_whole(record: StepRecord) -> bool:
    return record.state.type in CONTAINERS or record.state.status not in _DONE


def _without_values(record: StepRecord) -> StepRecord:
    """A step without what may be large and decides nothing: a container's output says which branch it took."""
    if record.state.type in CONTAINERS:
        return record
    return replace(record, state=replace(record.state, input=None, output=None))
