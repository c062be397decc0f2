"""Queries about executions."""

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.executions.inputs import ExecutionFilter
from graphql_api.executions.types import WorkflowExecution, execution_page, load_execution
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import Connection


@strawberry.type
class ExecutionQueries:
    """The part of Query that is about executions."""

    @strawberry.field(description="One execution; null where there is none with this id.")
    async def execution(self, info: Info, id: strawberry.ID) -> WorkflowExecution | None:
        return await load_execution(info, read_id(id, IdKind.EXECUTION))

    @strawberry.field(description="Executions, newest first.")
    async def executions(
        self,
        info: Info,
        filter: ExecutionFilter | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[WorkflowExecution]:
        return await execution_page(info, ExecutionFilter.to_record(filter), first, after)
