"""Queries about workflows."""

import strawberry

from domain.errors import InvalidInput, Problem
from domain.ids import IdKind
from graphql_api.context import Info
from graphql_api.ids import read_id
from graphql_api.json_input import json_value
from graphql_api.pagination import BY_WORKFLOW, Connection, connection, page_size
from graphql_api.scalars import JSON
from graphql_api.workflows.documents import typed_problem
from graphql_api.workflows.inputs import CreateWorkflowInput, WorkflowFilter
from graphql_api.workflows.types import ValidationReport, Workflow


@strawberry.type
class WorkflowQueries:
    """The part of Query that is about workflows."""

    @strawberry.field(description="The workflow with this id or this name; null where there is none.")
    async def workflow(
        self, info: Info, id: strawberry.ID | None = strawberry.UNSET, name: str | None = strawberry.UNSET
    ) -> Workflow | None:
        workflow_id = None if id in (None, strawberry.UNSET) else read_id(id, IdKind.WORKFLOW)
        record = await info.context.services.workflows.find(
            id=workflow_id, name=None if name is strawberry.UNSET else name
        )
        return None if record is None else Workflow.from_record(record)

    @strawberry.field(description="Workflows, newest first.")
    async def workflows(
        self,
        info: Info,
        filter: WorkflowFilter | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[Workflow]:
        wanted = WorkflowFilter.to_record(filter)
        size, key = page_size(first), BY_WORKFLOW.read(after)
        info.context.spend_rows(size)
        service = info.context.services.workflows
        return connection(
            await service.page(wanted, first=size, after=key),
            item=Workflow.from_record,
            key=lambda record: record.id,
            cursors=BY_WORKFLOW,
            is_first=key is None,
            count=lambda: service.count(wanted),
        )

    @strawberry.field(
        description="Everything that createWorkflow or applyWorkflow would say about this input or this document, "
        "without storing it."
    )
    async def validate_workflow(
        self,
        info: Info,
        input: CreateWorkflowInput | None = strawberry.UNSET,
        document: JSON | None = strawberry.UNSET,
    ) -> ValidationReport:
        has_document = document is not strawberry.UNSET and document is not None
        if bool(input) is has_document:
            raise InvalidInput([Problem(path=("input",), message="Give exactly one of input and document.")])
        if not input:
            return ValidationReport.from_record(await info.context.services.workflows.validate(json_value(document)))
        members = input.members(without=("status",))
        report = await info.context.services.workflows.validate(members)
        return ValidationReport.from_record(
            report, problems=[typed_problem(problem, members) for problem in report.problems]
        )
