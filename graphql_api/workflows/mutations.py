"""Mutations of workflows."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from domain.workflows.service import CreateWorkflow, UpdateWorkflow
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.enums import WorkflowStatus
from graphql_api.kit.errors import ConflictError, InvalidStateError, NotFoundError, ValidationError
from graphql_api.kit.ids import read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON
from graphql_api.workflows.documents import problems_of_typed_input
from graphql_api.workflows.inputs import CreateWorkflowInput, UpdateWorkflowInput
from graphql_api.workflows.types import Workflow

WorkflowResult: TypeAlias = Annotated[
    Workflow | NotFoundError | ValidationError | ConflictError | InvalidStateError,
    strawberry.union("WorkflowResult", description="A workflow, or why there is none."),
]


@strawberry.type
class WorkflowMutations:
    """The part of Mutation that is about workflows."""

    @strawberry.mutation(description="Store a new workflow.")
    async def create_workflow(self, info: Info, input: CreateWorkflowInput) -> WorkflowResult:
        members = input.members(without=("status",))
        request = CreateWorkflow(document=members, status=input.given["status"])
        with problems_of_typed_input(members):
            return Workflow.from_record(await info.context.services.workflows.create(request, info.context.trial))

    @strawberry.mutation(description="Change a workflow. A changed definition becomes the next version.")
    async def update_workflow(self, info: Info, id: strawberry.ID, input: UpdateWorkflowInput) -> WorkflowResult:
        changes = input.members(without=("expectedVersion", "status", "note"), keep_null=True)
        request = UpdateWorkflow(
            workflow_id=read_id(id, IdKind.WORKFLOW),
            changes=changes,
            expected_version=input.given.get("expectedVersion"),
            status=input.given.get("status"),
            note=input.given.get("note"),
        )
        with problems_of_typed_input(changes):
            return Workflow.from_record(await info.context.services.workflows.update(request, info.context.trial))

    @strawberry.mutation(
        description="Create or update by name from a portable document. No new version when nothing changed. Without "
        "`status` a workflow keeps its own, and a new one is ACTIVE. `expectedVersion`: CONFLICT unless this is the "
        "newest version; 0: unless there is no workflow with this name."
    )
    async def apply_workflow(
        self,
        info: Info,
        document: JSON,
        note: str | None = strawberry.UNSET,
        status: WorkflowStatus | None = None,
        expected_version: int | None = None,
    ) -> WorkflowResult:
        record = await info.context.services.workflows.apply(
            json_value(document),
            note=note or None,
            status=status,
            expected_version=expected_version,
            trial=info.context.trial,
        )
        return Workflow.from_record(record)

    @strawberry.mutation(
        description="Delete a workflow. Refused while executions of it run; its ended executions stay."
    )
    async def delete_workflow(self, info: Info, id: strawberry.ID) -> DeleteResult:
        workflow_id = read_id(id, IdKind.WORKFLOW)
        await info.context.services.workflows.delete(workflow_id)
        return Deleted(id=id)
