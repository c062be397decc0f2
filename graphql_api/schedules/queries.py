"""Queries about schedules."""

import strawberry

from domain.ids import IdKind
from graphql_api.context import Info
from graphql_api.ids import read_id
from graphql_api.schedules.types import Schedule


@strawberry.type
class ScheduleQueries:
    """The part of Query that is about schedules."""

    @strawberry.field(description="All schedules, or those of one workflow, by name.")
    async def schedules(self, info: Info, workflow_id: strawberry.ID | None = strawberry.UNSET) -> list[Schedule]:
        wanted = (
            None
            if workflow_id is None or workflow_id is strawberry.UNSET
            else read_id(workflow_id, IdKind.WORKFLOW, "workflowId")
        )
        records = await info.context.services.schedules.list_schedules(wanted)
        info.context.spend_rows(len(records))
        return [Schedule.from_record(record) for record in records]

    @strawberry.field(description="The schedule with this id or this name; null where there is none.")
    async def schedule(
        self, info: Info, id: strawberry.ID | None = strawberry.UNSET, name: str | None = strawberry.UNSET
    ) -> Schedule | None:
        schedule_id = None if id is None or id is strawberry.UNSET else read_id(id, IdKind.SCHEDULE)
        record = await info.context.services.schedules.find(
            id=schedule_id, name=None if name is strawberry.UNSET else name
        )
        return None if record is None else Schedule.from_record(record)
