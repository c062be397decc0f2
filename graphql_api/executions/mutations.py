"""Mutations of executions: start one or many, cancel, pause, resume, signal, retry and delete them."""

from typing import Annotated, TypeAlias

import strawberry

from domain.executions.control import service as control
from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import StepgraphError
from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.executions.inputs import ExecuteWorkflowInput, ExecutionFilter, OrchestrateInput, RetryExecutionInput
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, InvalidStateError, NotFoundError, ValidationError, error_member
from graphql_api.kit.ids import read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON
from graphql_api.workflows.documents import problems_of_typed_input

ExecutionResult: TypeAlias = Annotated[
    WorkflowExecution | NotFoundError | ValidationError | ConflictError | InvalidStateError,
    strawberry.union("ExecutionResult", description="An execution, or why there is none."),
]


@strawberry.type(description="The results of executeWorkflows.")
class ExecutionBatch:
    """The answers to a batch of starts."""

    results: list[ExecutionResult] = strawberry.field(description="One for each start, in the order of the inputs.")


@strawberry.type(description="The result of a change of many executions.")
class BulkResult:
    """The result of a change of many executions."""

    matched: int = strawberry.field(description="The number of executions that the filter matches.")
    changed: int = strawberry.field(description="The number of them that were changed.")

    @classmethod
    def from_result(cls, result: control.BulkResult) -> "BulkResult":
        """The numbers as clients see them."""
        return cls(matched=result.matched, changed=result.changed)


ExecutionBatchResult: TypeAlias = Annotated[
    ExecutionBatch | ValidationError,
    strawberry.union("ExecutionBatchResult", description="The result of each start, or why none was attempted."),
]
BulkExecutionResult: TypeAlias = Annotated[
    BulkResult | ValidationError,
    strawberry.union("BulkExecutionResult", description="The number of executions that were changed, or why none was."),
]


@strawberry.type
class ExecutionMutations:
    """The part of Mutation that is about executions."""

    @strawberry.mutation(description="Start a workflow. Answers at once, or as waitFor says.")
    async def execute_workflow(self, info: Info, input: ExecuteWorkflowInput) -> ExecutionResult:
        request = input.to_request()
        info.context.allow_waiting(request.wait_for)
        return _shown(info, await info.context.services.executions.execute(request))

    @strawberry.mutation(
        description="Up to 1,000 starts in one request and one commit: one answer each, in order. "
        "waitFor is not allowed here."
    )
    async def execute_workflows(self, info: Info, inputs: list[ExecuteWorkflowInput]) -> ExecutionBatchResult:
        requests = [_request_of(input) for input in inputs]
        readable = [request for request in requests if isinstance(request, ExecuteRequest)]
        answers = iter(await info.context.services.executions.execute_many(readable))
        results = [_answer_of(next(answers) if isinstance(each, ExecuteRequest) else each) for each in requests]
        return ExecutionBatch(results=results)

    @strawberry.mutation(description="Run steps once, without storing a workflow.")
    async def orchestrate(self, info: Info, input: OrchestrateInput) -> ExecutionResult:
        request = input.to_request()
        info.context.allow_waiting(request.wait_for)
        with problems_of_typed_input(request.document):
            return _shown(info, await info.context.services.executions.orchestrate(request))

    @strawberry.mutation(description="Ask for an execution to be cancelled. It ends as CANCELLED soon after.")
    async def cancel_execution(
        self, info: Info, id: strawberry.ID, reason: str | None = strawberry.UNSET
    ) -> ExecutionResult:
        execution_id = read_id(id, IdKind.EXECUTION)
        return WorkflowExecution.from_record(await info.context.services.control.cancel(execution_id, reason or None))

    @strawberry.mutation(
        description="Pause an execution: steps that run go on to their end, and no others start until resumeExecution. "
        "The timeout's clock stands still."
    )
    async def pause_execution(self, info: Info, id: strawberry.ID) -> ExecutionResult:
        record = await info.context.services.control.pause(read_id(id, IdKind.EXECUTION))
        return WorkflowExecution.from_record(record)

    @strawberry.mutation(description="Resume an execution that was paused.")
    async def resume_execution(self, info: Info, id: strawberry.ID) -> ExecutionResult:
        record = await info.context.services.control.resume(read_id(id, IdKind.EXECUTION))
        return WorkflowExecution.from_record(record)

    @strawberry.mutation(
        description="Retry an execution that failed, timed out or was cancelled, as a new one that keeps what was "
        "completed; with another input also one that has COMPLETED. planRetry says what is kept."
    )
    async def retry_execution(
        self, info: Info, id: strawberry.ID, input: RetryExecutionInput | None = strawberry.UNSET
    ) -> ExecutionResult:
        request = RetryExecutionInput.to_request(input)
        return _shown(info, await info.context.services.retries.retry(read_id(id, IdKind.EXECUTION), request))

    @strawberry.mutation(
        description="Send a signal to an execution. It is kept until a step waits for it, and taken once."
    )
    async def signal_execution(
        self, info: Info, id: strawberry.ID, name: str, payload: JSON | None = strawberry.UNSET
    ) -> ExecutionResult:
        value = None if payload is strawberry.UNSET else json_value(payload)
        record = await info.context.services.control.signal(read_id(id, IdKind.EXECUTION), name, value)
        return WorkflowExecution.from_record(record)

    @strawberry.mutation(
        description="cancelExecution for every matching execution that has not ended; at most 10,000 at a time."
    )
    async def cancel_executions(
        self, info: Info, filter: ExecutionFilter, reason: str | None = strawberry.UNSET
    ) -> BulkExecutionResult:
        wanted = ExecutionFilter.to_record(filter)
        return BulkResult.from_result(await info.context.services.control.cancel_many(wanted, reason or None))

    @strawberry.mutation(
        description="retryExecution for every matching execution whose state allows it; at most 10,000 at a time."
    )
    async def retry_executions(
        self, info: Info, filter: ExecutionFilter, input: RetryExecutionInput | None = strawberry.UNSET
    ) -> BulkExecutionResult:
        wanted, request = ExecutionFilter.to_record(filter), RetryExecutionInput.to_request(input)
        return BulkResult.from_result(await info.context.services.retries.retry_many(wanted, request))

    @strawberry.mutation(description="Remove an execution that has ended, with its steps.")
    async def delete_execution(self, info: Info, id: strawberry.ID) -> DeleteResult:
        await info.context.services.control.delete(read_id(id, IdKind.EXECUTION))
        return Deleted(id=id)


def _shown(info: Info, record: ExecutionRecord) -> WorkflowExecution:
    info.context.origins.remember(record)
    return WorkflowExecution.from_record(record)


def _request_of(input: ExecuteWorkflowInput) -> ExecuteRequest | StepgraphError:
    try:
        return input.to_request()
    except StepgraphError as error:
        return error


def _answer_of(outcome: ExecutionRecord | StepgraphError) -> ExecutionResult:
    """The union member for an outcome: Strawberry's exception handlers do not reach into the list of a batch."""
    if isinstance(outcome, ExecutionRecord):
        return WorkflowExecution.from_record(outcome)
    return error_member(outcome)
