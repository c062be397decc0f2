"""Tests of workflows as clients see them."""

from collections.abc import Sequence

import strawberry

from domain.executions.records import ExecutionRecord
from domain.workflow_tests.model import RecordedCall, WorkflowTestResult
from graphql_api.context import Info
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.enums import StepType, step_type
from graphql_api.kit.errors import Problem
from graphql_api.kit.scalars import JSON


@strawberry.type(
    description="One attempt at a step that would have called out, or that a mock has answered, in a test."
)
class WorkflowTestCall:
    """One attempt at a step that calls out, or that a mock has answered."""

    path: str = strawberry.field(
        description="The path as mocks have it: ship/label is the step label of the workflow that ship has started."
    )
    type: StepType
    attempt: int = strawberry.field(description="The number of the attempt, from 1.")
    request: JSON | None = strawberry.field(
        description="The step's input as it would have been sent, with placeholders in the place of secrets."
    )
    mock: str | None = strawberry.field(
        description="The path of the mock that has answered; null where there was none, and the step failed."
    )

    @classmethod
    def from_record(cls, call: RecordedCall) -> "WorkflowTestCall":
        """The call as clients see it."""
        return cls(
            path=call.path,
            type=step_type(call.type),
            attempt=call.attempt,
            request=JSON(call.request),
            mock=call.mock,
        )


@strawberry.type(description="The result of testing a workflow: what would have happened. Nothing of it is stored.")
class WorkflowTest:
    """The result of testing a workflow."""

    problems: list[Problem] = strawberry.field(
        description="Every problem of the document, the input and the mocks; with any, nothing was run."
    )
    unused_mocks: list[str] = strawberry.field(description="The paths of the mocks that no step has met.")
    result: strawberry.Private[WorkflowTestResult]

    @strawberry.field(
        description="The execution with its steps, as a real one would have been; null where there are problems. It is "
        "there for this request alone."
    )
    def execution(self, info: Info) -> WorkflowExecution | None:
        return None if self.result.execution is None else _shown(info, [self.result.execution])[0]

    @strawberry.field(description="The executions that SUB_WORKFLOW steps have started, those of theirs included.")
    def children(self, info: Info) -> list[WorkflowExecution]:
        return _shown(info, self.result.children)

    @strawberry.field(description="What would have been called, and which mock has answered, in the order of time.")
    def calls(self, info: Info) -> list[WorkflowTestCall]:
        info.context.spend_rows(len(self.result.calls))
        return [WorkflowTestCall.from_record(call) for call in self.result.calls]

    @classmethod
    def from_result(cls, result: WorkflowTestResult) -> "WorkflowTest":
        """The result as clients see it."""
        problems = [Problem.from_record(problem) for problem in result.problems]
        return cls(problems=problems, unused_mocks=list(result.unused_mocks), result=result)


def _shown(info: Info, records: Sequence[ExecutionRecord]) -> list[WorkflowExecution]:
    info.context.spend_rows(len(records))
    return [WorkflowExecution.from_record(record) for record in records]
