"""Queries about workflows."""

import asyncio

import strawberry

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import IdKind
from domain.workflows.documents.json_schema import installed_schema
from graphql_api.context import Info
from graphql_api.kit.ids import IdOrName, read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.pagination import BY_WORKFLOW, Connection, connection, page_size
from graphql_api.kit.scalars import JSON
from graphql_api.workflows.documents import typed_problem
from graphql_api.workflows.inputs import CreateWorkflowInput, WorkflowFilter
from graphql_api.workflows.types import ValidationReport, Workflow


@strawberry.type
class WorkflowQueries:
    """The part of Query that is about workflows."""

    @strawberry.field(
        description="One workflow; null where there is none with this id or this name. `id: …` and `name: …` mean "
        "`by: {id: …}` and `by: {name: …}`: exactly one of the three is given."
    )
    async def workflow(
        self,
        info: Info,
        by: IdOrName | None = strawberry.UNSET,
        id: strawberry.ID | None = strawberry.UNSET,
        name: str | None = strawberry.UNSET,
    ) -> Workflow | None:
        given = [each for each in (by, id, name) if each is not None and each is not strawberry.UNSET]
        if len(given) != 1:
            message = "Exactly one of by, id and name must be given."
            raise InvalidInput([Problem(path=("by",), message=message, hint='For example by: {name: "orders"}.')])
        place: tuple[str, ...] = ("id",)
        if by:
            id, name, place = by.id, by.name, ("by", "id")
        workflow_id = None if id is None or id is strawberry.UNSET else read_id(id, IdKind.WORKFLOW, *place)
        record = await info.context.services.workflows.find(
            id=workflow_id, name=None if name is strawberry.UNSET else name
        )
        return None if record is None else Workflow.from_record(record, info.context.large_values)

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
        service, values = info.context.services.workflows, info.context.large_values
        return connection(
            await service.page(wanted, first=size, after=key),
            item=lambda record: Workflow.from_record(record, values),
            key=lambda record: record.id,
            cursors=BY_WORKFLOW,
            is_first=key is None,
            count=lambda: service.count(wanted),
        )

    @strawberry.field(
        description="The JSON Schema of workflow documents, with every kind of step that is installed here, for "
        "editors. It is less strict than validateWorkflow."
    )
    async def document_schema(self) -> JSON:
        return JSON(await asyncio.to_thread(installed_schema))

    @strawberry.field(
        description="Check this input as createWorkflow would, or this document as applyWorkflow would, "
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
        service, trial = info.context.services.workflows, info.context.trial
        if not input:
            return ValidationReport.from_record(await service.validate(json_value(document), trial))
        members = input.members(without=("status",))
        report = await service.validate(members, trial)
        return ValidationReport.from_record(
            report, problems=[typed_problem(problem, members) for problem in report.problems]
        )
