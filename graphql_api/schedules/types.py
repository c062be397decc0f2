"""Schedules as clients see them."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import IdKind
from domain.kernel.large_values import ValueKind
from domain.schedules import model
from domain.schedules.cron import MAX_YEARS, cron_of, cron_warnings
from domain.schedules.model import ScheduleRecord
from graphql_api.context import Info
from graphql_api.executions.types import WorkflowExecution, load_execution
from graphql_api.kit.enums import OverlapPolicy
from graphql_api.kit.errors import ValidationError
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.scalars import JSON
from graphql_api.workflows.loaders import WorkflowLoaders
from graphql_api.workflows.types import Workflow

MAX_RUNS = 100
RunCount: TypeAlias = Annotated[int, strawberry.argument(description="The number of times to list.")]


@strawberry.type(description="Starts a workflow again and again, at the times that a cron expression names.")
class Schedule(Node):
    """Starts a workflow again and again."""

    name: str
    cron: str
    timezone: str
    input: JSON | None
    overlap: OverlapPolicy
    catch_up_window: timedelta
    enabled: bool
    next_run_at: datetime | None = strawberry.field(
        description="The next tick that was not handled yet; null when it is disabled."
    )
    buffered_run_at: datetime | None = strawberry.field(
        description="A tick that is started as soon as the execution that runs has ended; null when none waits."
    )
    last_run_at: datetime | None = strawberry.field(description="The newest tick that an execution was started for.")
    last_error: str | None = strawberry.field(
        description="The reason why the newest ticks started nothing; null once one has started something again."
    )
    created_at: datetime
    updated_at: datetime
    record: strawberry.Private[ScheduleRecord]

    @strawberry.field(description="The workflow that it starts, at its newest version.")
    async def workflow(self, info: Info) -> Workflow:
        record = await info.context.shared(WorkflowLoaders).by_id.load(self.record.settings.workflow_id)
        assert record is not None  # workflows are hidden, never removed
        return Workflow.from_record(record, info.context.large_values)

    @strawberry.field(
        description=f"The next times at which it fires, at most {MAX_RUNS} and {MAX_YEARS} years ahead, in order, with "
        "every change of the clock taken into account; none when it is disabled."
    )
    def next_runs(self, info: Info, count: RunCount = 5) -> list[datetime]:
        spend_runs(info, count)
        settings = self.record.settings
        if not settings.enabled:
            return []
        return cron_of(settings.cron, settings.timezone).upcoming(info.context.services.clock.now(), count)

    @strawberry.field(
        description="Warnings about parts of the cron expression that do not mean what they seem to, such as */45, "
        "which fires at 0 and 45 of each hour; a sentence each."
    )
    def warnings(self) -> list[str]:
        return cron_warnings(self.record.settings.cron)

    @strawberry.field(description="The execution that it started last, unless that was deleted.")
    async def last_execution(self, info: Info) -> WorkflowExecution | None:
        return await load_execution(info, self.record.last_execution_id)

    @classmethod
    def from_record(cls, record: ScheduleRecord, values: LargeValueLoader | None = None) -> "Schedule":
        """The schedule as clients see it; `values` reads what the record has left out."""
        settings = record.settings
        shown = cls(
            id=public_id(IdKind.SCHEDULE, record.id),
            name=settings.name,
            cron=settings.cron,
            timezone=settings.timezone,
            input=JSON(settings.input),
            overlap=settings.overlap,
            catch_up_window=settings.catch_up_window,
            enabled=settings.enabled,
            next_run_at=record.next_run_at,
            buffered_run_at=record.buffered_at,
            last_run_at=record.last_run_at,
            last_error=record.last_error,
            created_at=record.created_at,
            updated_at=record.updated_at,
            record=record,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.id)
        return shown


@strawberry.type(description="The times of a schedule that is not saved.")
class SchedulePreview:
    """The times of a schedule that is not saved."""

    next_runs: list[datetime] = strawberry.field(
        description=f"The next times at which it would fire, at most {MAX_RUNS} and {MAX_YEARS} years ahead, in order."
    )
    warnings: list[str] = strawberry.field(description="As `warnings` of a schedule.")

    @classmethod
    def from_record(cls, preview: model.SchedulePreview) -> "SchedulePreview":
        """The preview as clients see it."""
        return cls(next_runs=list(preview.next_runs), warnings=list(preview.warnings))


SchedulePreviewResult: TypeAlias = Annotated[
    SchedulePreview | ValidationError,
    strawberry.union("SchedulePreviewResult", description="The times of a schedule, or why it could not have any."),
]


def spend_runs(info: Info, count: int) -> None:
    """Charge the operation for times that are listed. Raises `InvalidInput` for more than may be."""
    if not 1 <= count <= MAX_RUNS:
        message = f"count must be between 1 and {MAX_RUNS}, and is {count}."
        raise InvalidInput([Problem(path=("count",), message=message)])
    info.context.spend_rows(count)


_PARTS = {"input": LargeField(ValueKind.SCHEDULE_INPUT)}
