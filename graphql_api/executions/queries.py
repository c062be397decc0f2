"""Queries about executions."""

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.executions.inputs import ExecutionFilter, ExecutionOrder
from graphql_api.executions.lists import ExecutionCounts, Window, execution_counts, execution_page
from graphql_api.executions.types import WorkflowExecution, load_execution
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import Connection


@strawberry.type
class ExecutionQueries:
    """The part of Query that is about executions."""

    @strawberry.field(description="One execution; null where there is none with this id.")
    async def execution(self, info: Info, id: strawberry.ID) -> WorkflowExecution | None:
        return await load_execution(info, read_id(id, IdKind.EXECUTION))

    @strawberry.field(
        description="Executions, newest first, or as orderBy says. `last` and `before` page back. A cursor may also be "
        "the id of an execution: its neighbours are `first: 1, after: id` and `last: 1, before: id`."
    )
    async def executions(
        self,
        info: Info,
        filter: ExecutionFilter | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        last: int | None = None,
        before: str | None = strawberry.UNSET,
        order_by: ExecutionOrder | None = strawberry.UNSET,
    ) -> Connection[WorkflowExecution]:
        wanted, order = ExecutionFilter.to_record(filter), ExecutionOrder.to_record(order_by)
        return await execution_page(info, wanted, order, Window(first, after, last, before))

    @strawberry.field(
        description="The number of executions that match, by status: exact up to 10,000 of a status, and an estimate "
        "beyond and where counting takes long, so that it takes no time to speak of."
    )
    async def execution_counts(self, info: Info, filter: ExecutionFilter | None = strawberry.UNSET) -> ExecutionCounts:
        return await execution_counts(info, ExecutionFilter.to_record(filter))
