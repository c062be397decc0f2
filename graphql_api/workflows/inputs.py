"""GraphQL inputs of workflows: the portable document, member by member, in GraphQL's types.

The inputs carry no rules of their own, for the domain validates the document that they become.
"""

from datetime import datetime, timedelta
from typing import Optional

import strawberry

from domain.workflows import records as workflow_records
from graphql_api.kit.enums import WorkflowStatus
from graphql_api.kit.json_input import labels_filter
from graphql_api.kit.scalars import JSON, Expression
from graphql_api.workflows.documents import TypedDocument, arrives_raw
from graphql_api.workflows.step_inputs.descriptions import OUTPUT
from graphql_api.workflows.step_inputs.step import StepInput


@arrives_raw
@strawberry.input(description="A new workflow.")
class CreateWorkflowInput(TypedDocument):
    """A new workflow."""

    name: str
    description: str | None
    status: WorkflowStatus = WorkflowStatus.ACTIVE
    steps: list[StepInput]
    input_schema: JSON | None
    output: Expression | None = strawberry.field(description=OUTPUT)
    variables: JSON | None
    timeout: timedelta | None
    max_concurrent_executions: int | None
    on_failure: list[StepInput] | None
    labels: JSON | None


@arrives_raw
@strawberry.input(description="Changes to a workflow: what is left out stays, what is null is removed.")
class UpdateWorkflowInput(TypedDocument):
    """Changes to a workflow."""

    expected_version: int | None = strawberry.field(
        description="Optimistic lock: CONFLICT unless this is the newest version."
    )
    name: str | None
    description: str | None
    status: WorkflowStatus | None
    steps: list[StepInput] | None
    input_schema: JSON | None
    output: Expression | None = strawberry.field(description=OUTPUT)
    variables: JSON | None
    timeout: timedelta | None
    max_concurrent_executions: int | None
    on_failure: list[StepInput] | None
    labels: JSON | None
    note: str | None


@strawberry.input(name="WorkflowFilter", description="A filter of workflows: every given part must match.")
class WorkflowFilter:
    """A filter of the workflows that a list shows."""

    name: str | None
    name_contains: str | None
    status: list[WorkflowStatus] | None
    labels: JSON | None = strawberry.field(description="An object: workflows that have at least these labels.")
    created_after: datetime | None
    created_before: datetime | None

    @staticmethod
    def to_record(given: Optional["WorkflowFilter"]) -> workflow_records.WorkflowFilter:
        """The filter that the ports take. Raises `InvalidInput`."""
        if not given:
            return workflow_records.WorkflowFilter()
        return workflow_records.WorkflowFilter(
            name=given.name,
            name_contains=given.name_contains,
            statuses=None if given.status is None else frozenset(given.status),
            labels=labels_filter(given.labels),
            created_after=given.created_after,
            created_before=given.created_before,
        )
