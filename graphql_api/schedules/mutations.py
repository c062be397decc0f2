"""Mutations of schedules."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, NotFoundError, ValidationError
from graphql_api.kit.ids import read_id
from graphql_api.schedules.inputs import ScheduleInput
from graphql_api.schedules.types import Schedule

ScheduleResult: TypeAlias = Annotated[
    Schedule | NotFoundError | ValidationError | ConflictError,
    strawberry.union("ScheduleResult", description="A schedule, or why there is none."),
]


@strawberry.type
class ScheduleMutations:
    """The part of Mutation that is about schedules."""

    @strawberry.mutation(
        description="Create a schedule, or overwrite the one with this name. Where workflowId, cron, timezone or "
        "enabled change, its next run is worked out anew, from now on."
    )
    async def save_schedule(self, info: Info, input: ScheduleInput) -> ScheduleResult:
        return Schedule.from_record(await info.context.services.schedules.save(input.to_settings()))

    @strawberry.mutation(description="Delete a schedule. Executions that it has started go on.")
    async def delete_schedule(self, info: Info, id: strawberry.ID) -> DeleteResult:
        await info.context.services.schedules.delete(read_id(id, IdKind.SCHEDULE))
        return Deleted(id=id)
