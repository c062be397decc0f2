"""Queries about schedules."""

import asyncio

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.ids import IdOrName, read_id
from graphql_api.kit.pagination import BY_SCHEDULE, Connection, connection, page_size
from graphql_api.schedules.inputs import ScheduleTimingInput
from graphql_api.schedules.types import RunCount, Schedule, SchedulePreview, SchedulePreviewResult, spend_runs


@strawberry.type
class ScheduleQueries:
    """The part of Query that is about schedules."""

    @strawberry.field(description="Schedules, or those of one workflow, by name.")
    async def schedules(
        self,
        info: Info,
        workflow_id: strawberry.ID | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[Schedule]:
        size, key = page_size(first), BY_SCHEDULE.read(after)
        info.context.spend_rows(size)
        is_given = workflow_id is not None and workflow_id is not strawberry.UNSET
        wanted = read_id(str(workflow_id), IdKind.WORKFLOW, "workflowId") if is_given else None
        service, values = info.context.services.schedules, info.context.large_values
        return connection(
            await service.page(wanted, first=size, after=key),
            item=lambda record: Schedule.from_record(record, values),
            key=lambda record: record.settings.name,
            cursors=BY_SCHEDULE,
            is_first=key is None,
            count=lambda: service.count(wanted),
        )

    @strawberry.field(description="One schedule; null where there is none with this id or this name.")
    async def schedule(self, info: Info, by: IdOrName) -> Schedule | None:
        schedules = info.context.services.schedules
        if by.id is not None and by.id is not strawberry.UNSET:
            record = await schedules.find(id=read_id(by.id, IdKind.SCHEDULE, "by", "id"))
        else:
            record = await schedules.find(name=by.name)
        return None if record is None else Schedule.from_record(record, info.context.large_values)

    @strawberry.field(
        description="The next times of a schedule with this expression and this time zone, or what saveSchedule would "
        "find wrong with them. Nothing is stored."
    )
    async def preview_schedule(
        self, info: Info, input: ScheduleTimingInput, count: RunCount = 5
    ) -> SchedulePreviewResult:
        spend_runs(info, count)
        await asyncio.sleep(0)  # many in one request are not to keep others waiting
        schedules = info.context.services.schedules
        preview = schedules.preview(input.cron.strip(), input.timezone, count, info.context.trial)
        return SchedulePreview.from_record(preview)
