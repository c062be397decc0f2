"""Queries about workflow templates."""

import strawberry

from graphql_api.context import Info
from graphql_api.kit.pagination import BY_TEMPLATE, Connection, connection, page_size
from graphql_api.workflow_templates.types import WorkflowTemplate


@strawberry.type
class WorkflowTemplateQueries:
    """The part of Query that is about workflow templates."""

    @strawberry.field(description="Workflow templates, shipped and stored, or those of one category, by name.")
    async def workflow_templates(
        self,
        info: Info,
        category: str | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[WorkflowTemplate]:
        size, key = page_size(first), BY_TEMPLATE.read(after)
        info.context.spend_rows(size)
        wanted = None if category is strawberry.UNSET else category
        service, values = info.context.services.templates, info.context.large_values
        return connection(
            await service.page(wanted, first=size, after=key),
            item=lambda record: WorkflowTemplate.from_record(record, values),
            key=lambda record: record.settings.name,
            cursors=BY_TEMPLATE,
            is_first=key is None,
            count=lambda: service.count(wanted),
        )

    @strawberry.field(description="The workflow template with this name; null where there is none.")
    async def workflow_template(self, info: Info, name: str) -> WorkflowTemplate | None:
        record = await info.context.services.templates.find(name, lean=True)
        return None if record is None else WorkflowTemplate.from_record(record, info.context.large_values)
