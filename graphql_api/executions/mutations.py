"""Mutations of executions: start them, one or many, run steps once, cancel."""

from typing import Annotated, TypeAlias

import strawberry

from domain.errors import StepgraphError
from domain.ids import IdKind
from domain.records import ExecutionRecord
from domain.services.executions import ExecuteRequest
from graphql_api.context import Info
from graphql_api.errors import ConflictError, InvalidStateError, NotFoundError, ValidationError, error_member
from graphql_api.executions.inputs import ExecuteWorkflowInput, OrchestrateInput
from graphql_api.executions.types import WorkflowExecution
from graphql_api.ids import read_id
from graphql_api.workflows.documents import problems_of_typed_input

ExecutionResult: TypeAlias = Annotated[
    WorkflowExecution | NotFoundError | ValidationError | ConflictError | InvalidStateError,
    strawberry.union("ExecutionResult", description="An execution, or why there is none."),
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
    async def execute_workflows(self, info: Info, inputs: list[ExecuteWorkflowInput]) -> list[ExecutionResult]:
        requests = [_request_of(input) for input in inputs]
        readable = [request for request in requests if isinstance(request, ExecuteRequest)]
        answers = iter(await info.context.services.executions.execute_many(readable))
        return [_answer_of(next(answers) if isinstance(request, ExecuteRequest) else request) for request in requests]

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
        return WorkflowExecution.from_record(
            await info.context.services.executions.cancel(execution_id, reason or None)
        )


def _shown(info: Info, record: ExecutionRecord) -> WorkflowExecution:
    info.context.origins.remember(record)
    return WorkflowExecution.from_record(record)


def _request_of(input: ExecuteWorkflowInput) -> ExecuteRequest | StepgraphError:
    try:
        return input.to_request()
    except StepgraphError as error:
        return error


def _answer_of(outcome: ExecutionRecord | StepgraphError) -> ExecutionResult:
    """Strawberry's exception handlers do not reach into lists, so the errors of a batch become members here."""
    if isinstance(outcome, ExecutionRecord):
        return WorkflowExecution.from_record(outcome)
    return error_member(outcome)
