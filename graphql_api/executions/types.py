"""Executions as clients see them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast
from uuid import UUID

import strawberry

from domain.executions import records
from domain.executions.pending import waiting_for
from domain.executions.records import ExecutionRecord
from domain.kernel import statuses
from domain.kernel.ids import IdKind
from domain.kernel.large_values import ValueKind
from graphql_api.context import Info
from graphql_api.executions.inputs import StepExecutionFilter
from graphql_api.executions.loaders import ExecutionLoaders
from graphql_api.executions.sizes import ValueSizes
from graphql_api.executions.steps import StepError, StepExecution, WaitReason, duration_of, load_step, step_page
from graphql_api.kit.enums import ExecutionStatus, TriggerKind
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.pagination import Connection
from graphql_api.kit.scalars import JSON
from graphql_api.workflows.loaders import WorkflowLoaders

if TYPE_CHECKING:
    from graphql_api.workflows.types import Workflow


@strawberry.type(
    description="The progress of an execution. The numbers count step executions: those of the workflow, and those "
    "inside branches and loops from the moment when these are opened, all items of a loop at once."
)
class Progress:
    """The progress of an execution."""

    total: int = strawberry.field(
        description="The number of step executions known so far. It grows where a branch, a loop or a handler is "
        "opened; some are never reached, such as those of a failed item after the step that failed."
    )
    completed: int = strawberry.field(description="The number of those that have COMPLETED, without the skipped ones.")
    failed: int = strawberry.field(
        description="The number of those that have FAILED, also where the execution goes on."
    )
    running: int = strawberry.field(description="The number of those that run right now, without the waiting ones.")
    percent: float = strawberry.field(
        description="0 to 100, in hundredths. It never goes back, and is 100 when the execution has COMPLETED and not "
        "before. The steps of the workflow share it equally, the branches or items of a step share what that step has; "
        "what was skipped is done."
    )

    @classmethod
    def from_record(cls, progress: records.Progress, status: statuses.ExecutionStatus) -> "Progress":
        """The progress as clients see it: 100 percent for a COMPLETED execution."""
        return cls(
            total=progress.total,
            completed=progress.completed,
            failed=progress.failed,
            running=progress.running,
            percent=100.0 if status is statuses.ExecutionStatus.COMPLETED else progress.percent,
        )


@strawberry.type(description="What has started an execution.")
class ExecutionTrigger:
    """The thing that has started an execution."""

    kind: TriggerKind
    source_id: strawberry.ID | None = strawberry.field(
        description="The id of that schedule, webhook, parent, or execution that was retried; `node` fetches it."
    )


_TRIGGERS = {
    statuses.TriggerKind.SCHEDULE: IdKind.SCHEDULE,
    statuses.TriggerKind.WEBHOOK: IdKind.WEBHOOK,
}


@strawberry.type(description="One run of a workflow, or of the steps of an orchestration.")
class WorkflowExecution(Node):
    """One run of a workflow."""

    workflow_version: int | None
    status: ExecutionStatus
    input: JSON | None
    output: JSON | None
    error: StepError | None
    labels: JSON
    priority: int
    idempotency_key: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration: timedelta | None = strawberry.field(description="From start to end; null until it has ended.")
    sequence: int = strawberry.field(
        description="A number that grows by one with every committed change; a subscription resumes from it."
    )
    progress: Progress
    waiting_for: WaitReason | None = strawberry.field(
        description="The reason why the execution as a whole waits; null when it runs or has ended."
    )
    record: strawberry.Private[ExecutionRecord]

    @strawberry.field(
        description="The size of the input as JSON in UTF-8, in bytes, told without reading it; null where it has none."
    )
    def input_bytes(self, info: Info) -> int | None:
        return self._size(info, "input", self.record.input, ValueKind.EXECUTION_INPUT)

    @strawberry.field(
        description="The size of the output as JSON in UTF-8, in bytes, told without reading it; null where it has "
        "none."
    )
    def output_bytes(self, info: Info) -> int | None:
        return self._size(info, "output", self.record.output, ValueKind.EXECUTION_OUTPUT)

    def _size(self, info: Info, name: str, value: object, kind: ValueKind) -> int | None:
        sizes = info.context.shared(ValueSizes)
        return cast("int | None", sizes.size(name, value, self.record.left_out, kind, self.record.id))

    @strawberry.field(description="The workflow, deleted or not; null for an orchestration.")
    async def workflow(
        self, info: Info
    ) -> Annotated["Workflow", strawberry.lazy("graphql_api.workflows.types")] | None:
        from graphql_api.workflows.types import Workflow

        if self.record.workflow_id is None:
            return None
        record = await info.context.shared(WorkflowLoaders).by_id.load(self.record.workflow_id)
        return None if record is None else Workflow.from_record(record, info.context.large_values)

    @strawberry.field(
        description="What has started it. API where a release before this one started it for a webhook's message "
        "without an id."
    )
    def trigger(self) -> ExecutionTrigger:
        kind, id = self.record.trigger, self.record.trigger_id
        shown = None if id is None else public_id(_TRIGGERS.get(kind, IdKind.EXECUTION), id)
        return ExecutionTrigger(kind=kind, source_id=shown)

    @strawberry.field(description="The execution whose step started this one.")
    async def parent(self, info: Info) -> "WorkflowExecution | None":
        return await load_execution(info, self.record.parent_id)

    @strawberry.field(description="The execution that this one runs again.")
    async def retried_from(self, info: Info) -> "WorkflowExecution | None":
        return await load_execution(info, self.record.retried_from_id)

    @strawberry.field(
        description="The step executions, in the order of the document. Those that were not reached yet are PENDING "
        "and say what they wait for; items of loops are there once they have begun."
    )
    async def steps(
        self,
        info: Info,
        filter: StepExecutionFilter | None = strawberry.UNSET,
        first: int | None = 100,
        after: str | None = strawberry.UNSET,
    ) -> Connection[StepExecution]:
        return await step_page(info, self.record, StepExecutionFilter.to_record(filter), first, after)

    @strawberry.field(description="One step execution by its path; null where there is none, or none yet in its loop.")
    async def step(self, info: Info, path: str) -> StepExecution | None:
        return await load_step(info, self.record, path)

    @strawberry.field(
        description="The address to send signals with this name to by POST. It takes no key: it is enough to know it."
    )
    async def signal_url(self, info: Info, name: str) -> str:
        return (await info.context.hook_addresses()).of_signals(self.record.id, name)

    @classmethod
    def from_record(
        cls, record: ExecutionRecord, now: datetime | None = None, values: LargeValueLoader | None = None
    ) -> "WorkflowExecution":
        """The execution as clients see it, at the present where that is given.

        `values` reads what the record has left out; one that was not read lean needs none.
        """
        reason = waiting_for(record, now)
        shown = cls(
            id=public_id(IdKind.EXECUTION, record.id),
            workflow_version=record.workflow_version,
            status=record.status,
            input=JSON(record.input),
            output=JSON(record.output),
            error=None if record.error is None else StepError.from_record(record.error),
            labels=JSON(record.labels),
            priority=record.priority,
            idempotency_key=record.idempotency_key,
            created_at=record.created_at,
            started_at=record.started_at,
            finished_at=record.finished_at,
            duration=duration_of(record.started_at, record.finished_at),
            sequence=record.sequence,
            progress=Progress.from_record(record.progress, record.status),
            waiting_for=None if reason is None else WaitReason.from_record(reason),
            record=record,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.id)
        return shown


_PARTS = {
    "input": LargeField(ValueKind.EXECUTION_INPUT),
    "output": LargeField(ValueKind.EXECUTION_OUTPUT),
    "error": LargeField(ValueKind.EXECUTION_ERROR, StepError.from_record),
    "labels": LargeField(ValueKind.EXECUTION_LABELS),
}


async def load_execution(info: Info, execution_id: UUID | None) -> WorkflowExecution | None:
    """One execution; None where there is none."""
    if execution_id is None:
        return None
    record = await info.context.shared(ExecutionLoaders).by_id.load(execution_id)
    if record is None or record.is_batch:
        return None
    return WorkflowExecution.from_record(record, info.context.services.clock.now(), info.context.large_values)
