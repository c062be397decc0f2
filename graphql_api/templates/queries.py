"""Queries about workflow templates."""

import strawberry

from graphql_api.context import Info
from graphql_api.templates.types import WorkflowTemplate


@strawberry.type
class WorkflowTemplateQueries:
    """The part of Query that is about workflow templates."""

    @strawberry.field(description="All workflow templates, shipped and stored, or those of a category, by name.")
    async def workflow_templates(self, info: Info, category: str | None = strawberry.UNSET) -> list[WorkflowTemplate]:
        wanted = None if category is strawberry.UNSET else category
        records = await info.context.services.templates.list_templates(wanted)
        info.context.spend_rows(len(records))
        return [WorkflowTemplate.from_record(record) for record in records]

    @strawberry.field(description="The workflow template with this name; null where there is none.")
    async def workflow_template(self, info: Info, name: str) -> WorkflowTemplate | None:
        record = await info.context.services.templates.find(name)
        return None if record is None else WorkflowTemplate.from_record(record)
