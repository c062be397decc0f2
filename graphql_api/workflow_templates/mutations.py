"""Mutations of workflow templates, and the one that makes a workflow of one."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, NotFoundError, ValidationError
from graphql_api.kit.ids import public_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON
from graphql_api.workflow_templates.inputs import WorkflowTemplateInput
from graphql_api.workflow_templates.types import WorkflowTemplate
from graphql_api.workflows.mutations import WorkflowResult
from graphql_api.workflows.types import Workflow

WorkflowTemplateResult: TypeAlias = Annotated[
    WorkflowTemplate | NotFoundError | ValidationError | ConflictError,
    strawberry.union("WorkflowTemplateResult", description="A workflow template, or why there is none."),
]


@strawberry.type
class WorkflowTemplateMutations:
    """The part of Mutation that is about workflow templates."""

    @strawberry.mutation(
        description="Create a template, or overwrite the stored one with this name. One that has the name of a shipped "
        "template takes its place."
    )
    async def save_workflow_template(self, info: Info, input: WorkflowTemplateInput) -> WorkflowTemplateResult:
        record = await info.context.services.templates.save(input.to_settings(), info.context.trial)
        return WorkflowTemplate.from_record(record)

    @strawberry.mutation(description="Delete a stored template. Workflows that were made of it stay as they are.")
    async def delete_workflow_template(self, info: Info, name: str) -> DeleteResult:
        record = await info.context.services.templates.delete(name)
        return Deleted(id=public_id(IdKind.WORKFLOW_TEMPLATE, record.id))

    @strawberry.mutation(
        description="Create a workflow from a template and its parameters, an object of values by name. It "
        "gets the label `template`."
    )
    async def instantiate_template(self, info: Info, name: str, workflow_name: str, parameters: JSON) -> WorkflowResult:
        service = info.context.services.templates
        record = await service.instantiate(name, workflow_name, json_value(parameters), info.context.trial)
        return Workflow.from_record(record)
