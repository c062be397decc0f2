"""Retries of executions that failed, timed out or were cancelled: new executions that keep the work already done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from domain.executions.control.service import BulkResult, find, pages
from domain.executions.ports import ExecutionQueries, ExecutionStore
from domain.executions.records import ExecutionFilter, ExecutionRecord, NewExecution
from domain.executions.retries.planned_steps import PlannedStep
from domain.executions.retries.preparation import RETRYABLE, RetryPreparation, RetryRequest
from domain.executions.starting import launch
from domain.json_schemas.checks import SchemaChecks
from domain.kernel.changes import UNSET
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus
from domain.sandbox.budget import BudgetedSandbox, SandboxBudget
from domain.sandbox.ports import Sandbox
from domain.system.workers import WorkQueue
from domain.workflows.definitions.cache import DefinitionCache, LoadedDefinition
from domain.workflows.ports import WorkflowStore

__all__ = ["ExecutionRetries", "RetryPlan", "RetryRequest"]

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """The work of a retry. `version` is the workflow's that it would have; None for an orchestration."""

    execution: ExecutionRecord
    version: int | None
    steps: tuple[PlannedStep, ...]


class ExecutionRetries:
    """Starts retries. The work already done is copied, so that the execution that failed stays as it was."""

    def __init__(
        self,
        *,
        workflows: WorkflowStore,
        executions: ExecutionStore,
        queries: ExecutionQueries,
        queue: WorkQueue,
        definitions: DefinitionCache,
        clock: Clock,
        limits: Limits | None = None,
        sandbox: Sandbox | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._workflows = workflows
        self._executions = executions
        self._queries = queries
        self._queue = queue
        self._definitions = definitions
        self._limits = limits or Limits()
        self._sandbox = sandbox
        self._preparation = RetryPreparation(queries=queries, clock=clock, new_id=new_id)

    async def retry(self, execution_id: UUID, request: RetryRequest | None = None) -> ExecutionRecord:
        """Start a new execution with the same labels and priority; it begins with the work that was done.

        See `kept_steps` for the steps that are kept, and `carried_steps` for children and for calls whose fate is
        unknown. Raises `NotFound`, `InvalidState` when it has not ended, or has COMPLETED and the input is not another,
        or `InvalidInput`: `fromStep` was never reached, or the input does not meet the version's schema.
        """
        execution = await find(self._queries, execution_id)
        loaded, request = await self._checked(execution, request or RetryRequest(), SchemaChecks(self._sandbox))
        histories = await self._preparation.histories([execution_id])
        new = await self._preparation.retry_of(execution, loaded, histories[execution_id], request)
        [record] = await launch([new], store=self._executions, queue=self._queue)
        return record

    async def plan(self, execution_id: UUID, request: RetryRequest | None = None) -> RetryPlan:
        """The plan of what `retry` would do with each step. Raises as that does, and `LimitExceeded`."""
        execution = await find(self._queries, execution_id)
        loaded, request = await self._checked(execution, request or RetryRequest(), SchemaChecks(self._sandbox))
        steps = await self._preparation.planned(execution, loaded, request)
        return RetryPlan(execution=execution, version=loaded.definition.version, steps=steps)

    async def retry_many(self, filter: ExecutionFilter, request: RetryRequest | None = None) -> BulkResult:
        """`retry` for every matching execution whose state and steps allow it; the others are left as they are.

        Raises `LimitExceeded`, before anything is done, when those in such a state are more than `Limits.max_bulk`,
        and `InvalidInput` for an input: each has its own.
        """
        request = request or RetryRequest()
        request.check_for_many()
        changed = 0
        matched = await self._queries.count(filter)
        budget = SandboxBudget(calls=self._limits.max_bulk, time=self._limits.max_sandbox_time)
        checks = SchemaChecks(None if self._sandbox is None else BudgetedSandbox(self._sandbox, budget))
        async for page in pages(self._queries, filter, RETRYABLE, self._limits.max_bulk, size=PAGE):
            changed += await self._retry_page(page, request, checks)
        return BulkResult(matched=matched, changed=changed)

    async def _retry_page(
        self, executions: Sequence[ExecutionRecord], request: RetryRequest, checks: SchemaChecks
    ) -> int:
        histories = await self._preparation.histories([each.id for each in executions])
        prepared: list[NewExecution] = []
        for execution in executions:
            with suppress(NotFound, InvalidInput, InvalidState, LimitExceeded):
                loaded = await self._version(execution, request, checks)
                prepared.append(await self._preparation.retry_of(execution, loaded, histories[execution.id], request))
        return len(await launch(prepared, store=self._executions, queue=self._queue))

    async def _checked(
        self, execution: ExecutionRecord, request: RetryRequest, checks: SchemaChecks
    ) -> tuple[LoadedDefinition, RetryRequest]:
        """The version to retry with, and the request, its input with the defaults of that version."""
        has_completed = execution.status is ExecutionStatus.COMPLETED
        if execution.status not in RETRYABLE and not (has_completed and request.is_edited):
            status = execution.status.value
            message = f"Only what has failed, timed out or been cancelled can be retried; this execution is {status}."
            if has_completed:
                message += " With another input it can be run again."
            raise InvalidState(message, status)
        loaded = await self._version(execution, request, checks)
        if request.input is UNSET:
            return loaded, request
        most = self._limits.max_input_bytes
        value, problems = request.input, list(payload_problems(request.input, max_bytes=most, what="input"))
        if not problems:
            value = loaded.with_defaults(request.input)
            problems = list(payload_problems(value, max_bytes=most, what="input with its defaults"))
        problems = problems or await loaded.input_problems(value, checks)
        if problems:
            raise InvalidInput([problem.under("input") for problem in problems])
        return loaded, replace(request, input=value)

    async def _version(
        self, execution: ExecutionRecord, request: RetryRequest, checks: SchemaChecks
    ) -> LoadedDefinition:
        """The version to retry with; where it is another one, its input schema has been checked against the input."""
        if not request.latest_version:
            return await self._definitions.load(execution.definition_id)
        if execution.workflow_id is None:
            message = "What `orchestrate` runs has no other version."
            raise InvalidInput([Problem(path=("latestVersion",), message=message, hint="Leave it out.")])
        workflow = await self._workflows.find(id=execution.workflow_id)
        if workflow is None:
            raise NotFound("workflow", to_public(IdKind.WORKFLOW, execution.workflow_id))
        loaded = await self._definitions.load(workflow.definition_id)
        problems = [] if request.is_edited else await loaded.input_problems(execution.input, checks)
        if problems:
            raise InvalidInput([problem.under("input") for problem in problems])
        return loaded
