"""Retries of executions that failed, timed out or were cancelled: new executions that keep the work already done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from domain.executions.control.service import BulkResult, find, pages
from domain.executions.ports import ExecutionQueries, ExecutionStore
from domain.executions.records import ExecutionFilter, ExecutionRecord, NewExecution
from domain.executions.retries.preparation import RETRYABLE, RetryPreparation, RetryRequest
from domain.executions.starting import launch
from domain.json_schemas.checks import SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.limits import Limits
from domain.sandbox.budget import BudgetedSandbox, SandboxBudget
from domain.sandbox.ports import Sandbox
from domain.system.workers import WorkQueue
from domain.workflows.definitions.cache import DefinitionCache, LoadedDefinition
from domain.workflows.ports import WorkflowStore

__all__ = ["ExecutionRetries", "RetryRequest"]

PAGE = 50


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
        """Start a new execution with the same input, labels and priority; it begins with the work that was done.

        See `kept_steps` for the steps that are kept, and `carried_steps` for children and for calls whose fate is
        unknown. Raises `NotFound`, `InvalidState` when it has not ended or has COMPLETED, or
        `InvalidInput`: `fromStep` was never reached, or the input does not meet the newest version's schema.
        """
        request = request or RetryRequest()
        execution = await find(self._queries, execution_id)
        if execution.status not in RETRYABLE:
            status = execution.status.value
            message = f"Only what has failed, timed out or been cancelled can be retried; this execution is {status}."
            raise InvalidState(message, status)
        loaded = await self._definition(execution, request, SchemaChecks(self._sandbox))
        histories = await self._preparation.histories([execution_id])
        new = await self._preparation.retry_of(execution, loaded, histories[execution_id], request)
        [record] = await launch([new], store=self._executions, queue=self._queue)
        return record

    async def retry_many(self, filter: ExecutionFilter, request: RetryRequest | None = None) -> BulkResult:
        """`retry` for every matching execution whose state and steps allow it; the others are left as they are.

        Raises `LimitExceeded`, before anything is done, when those in such a state are more than `Limits.max_bulk`.
        """
        request = request or RetryRequest()
        changed = 0
        matched = await self._queries.count(filter)
        budget = SandboxBudget(calls=self._limits.max_bulk)
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
                loaded = await self._definition(execution, request, checks)
                prepared.append(await self._preparation.retry_of(execution, loaded, histories[execution.id], request))
        return len(await launch(prepared, store=self._executions, queue=self._queue))

    async def _definition(
        self, execution: ExecutionRecord, request: RetryRequest, checks: SchemaChecks
    ) -> LoadedDefinition:
        """The version to retry with, its input schema checked against the input."""
        if not request.latest_version:
            return await self._definitions.load(execution.definition_id)
        if execution.workflow_id is None:
            message = "What `orchestrate` runs has no other version."
            raise InvalidInput([Problem(path=("latestVersion",), message=message, hint="Leave it out.")])
        workflow = await self._workflows.find(id=execution.workflow_id)
        if workflow is None:
            raise NotFound("workflow", to_public(IdKind.WORKFLOW, execution.workflow_id))
        loaded = await self._definitions.load(workflow.definition_id)
        problems = await loaded.input_problems(execution.input, checks)
        if problems:
            raise InvalidInput([problem.under("input") for problem in problems])
        return loaded
