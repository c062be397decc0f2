"""Executions and step executions as clients see them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from domain import failures, records
from domain.engine import state
from domain.ids import IdKind
from domain.records import ExecutionRecord, StepRecord
from graphql_api.context import Info
from graphql_api.enums import ExecutionStatus, StepStatus, StepType, WaitKind
from graphql_api.executions.inputs import StepExecutionFilter
from graphql_api.executions.loaders import StepsWanted
from graphql_api.ids import Node, public_id, step_execution_id
from graphql_api.pagination import BY_EXECUTION, BY_POSITION, Connection, connection, page_size
from graphql_api.scalars import JSON

if TYPE_CHECKING:
    from graphql_api.workflows.types import Workflow

LARGEST_STEP_PAGE = 500


@strawberry.type(description="Why a step or an execution failed: the code decides, the message explains.")
class StepError:
    """A failure, as a value that is stored and shown."""

    code: str
    message: str
    path: str | None = strawberry.field(description="The step that it came from.")
    details: JSON | None

    @classmethod
    def from_record(cls, error: failures.StepError) -> "StepError":
        """The failure as clients see it."""
        details = None if error.details is None else JSON(error.details)
        return cls(code=error.code.value, message=error.message, path=error.path, details=details)


@strawberry.type(description="Why something is not running, and until when where that is known.")
class WaitReason:
    """Why something is not running."""

    kind: WaitKind
    until: datetime | None
    detail: str | None

    @classmethod
    def from_record(cls, reason: state.WaitReason) -> "WaitReason":
        """The reason as clients see it."""
        return cls(kind=reason.kind, until=reason.until, detail=reason.detail)


@strawberry.type(description="One try at a step.")
class StepAttempt:
    """One try at a step."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    error: StepError | None
    status_code: int | None

    @classmethod
    def from_record(cls, attempt: state.Attempt) -> "StepAttempt":
        """The attempt as clients see it."""
        return cls(
            number=attempt.number,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            error=None if attempt.error is None else StepError.from_record(attempt.error),
            status_code=attempt.status_code,
        )


@strawberry.type(description="How far an execution is, counted in step executions. The total grows as loops unfold.")
class Progress:
    """How far an execution is."""

    total: int
    completed: int
    failed: int
    running: int
    percent: float = strawberry.field(description="0 to 100; skipped and cancelled steps count as done.")

    @classmethod
    def from_record(cls, progress: records.Progress) -> "Progress":
        """The progress as clients see it."""
        return cls(
            total=progress.total,
            completed=progress.completed,
            failed=progress.failed,
            running=progress.running,
            percent=progress.percent,
        )


@strawberry.type(description="One step of one execution.")
class StepExecution(Node):
    """One step of one execution."""

    path: str = strawberry.field(description="Branches and items are part of it: fan.eu.fetch, loop[17].fetch.")
    step_id: str
    type: StepType
    status: StepStatus
    input: JSON | None = strawberry.field(description="What the step was called with, its templates filled in.")
    output: JSON | None
    error: StepError | None
    started_at: datetime | None
    finished_at: datetime | None
    duration: timedelta | None = strawberry.field(description="From start to end; null until it has ended.")
    sequence: int = strawberry.field(description="The execution's sequence when this step last changed.")
    waiting_for: WaitReason | None = strawberry.field(description="Why it is not running; null when it is.")
    tries: strawberry.Private[tuple[state.Attempt, ...]]

    @strawberry.field(description="Every try so far, the running one last.")
    def attempts(self) -> list[StepAttempt]:
        return [StepAttempt.from_record(attempt) for attempt in self.tries]

    @classmethod
    def from_record(cls, record: StepRecord) -> "StepExecution":
        """The step execution as clients see it."""
        step = record.state
        return cls(
            id=step_execution_id(record.execution_id, step.path),
            path=step.path,
            step_id=step.step_id,
            type=step.type,
            status=step.status,
            input=JSON(step.input),
            output=JSON(step.output),
            error=None if step.error is None else StepError.from_record(step.error),
            started_at=step.started_at,
            finished_at=step.finished_at,
            duration=_duration(step.started_at, step.finished_at),
            sequence=record.sequence,
            waiting_for=None if step.waiting_for is None else WaitReason.from_record(step.waiting_for),
            tries=step.attempts,
        )


@strawberry.type(description="One run of a workflow, or of the steps of an orchestrate.")
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
        description="Grows by one with every committed change; what a subscription resumes from."
    )
    progress: Progress
    waiting_for: WaitReason | None = strawberry.field(
        description="What the execution as a whole waits for; null when it runs or has ended."
    )
    uuid: strawberry.Private[UUID]
    workflow_uuid: strawberry.Private[UUID | None]
    parent_uuid: strawberry.Private[UUID | None]
    retried_from_uuid: strawberry.Private[UUID | None]

    @strawberry.field(description="The workflow, deleted or not; null for an orchestrate.")
    async def workflow(
        self, info: Info
    ) -> Annotated["Workflow", strawberry.lazy("graphql_api.workflows.types")] | None:
        from graphql_api.workflows.types import Workflow

        if self.workflow_uuid is None:
            return None
        record = await info.context.workflows.by_id.load(self.workflow_uuid)
        return None if record is None else Workflow.from_record(record)

    @strawberry.field(description="The execution whose step started this one.")
    async def parent(self, info: Info) -> "WorkflowExecution | None":
        return await load_execution(info, self.parent_uuid)

    @strawberry.field(description="The failed execution that this one runs again.")
    async def retried_from(self, info: Info) -> "WorkflowExecution | None":
        return await load_execution(info, self.retried_from_uuid)

    @strawberry.field(description="The step executions that have been reached, in the order of the document.")
    async def steps(
        self,
        info: Info,
        filter: StepExecutionFilter | None = strawberry.UNSET,
        first: int | None = 100,
        after: str | None = strawberry.UNSET,
    ) -> Connection[StepExecution]:
        wanted = StepExecutionFilter.to_record(filter)
        size = page_size(first, default=100, largest=LARGEST_STEP_PAGE)
        position = BY_POSITION.read(after)
        info.context.spend_rows(size)
        loaders = info.context.executions
        if position is None:  # the usual case, and the one that a list of executions multiplies
            page = await loaders.step_pages.load(StepsWanted(self.uuid, wanted, size))
        else:
            queries = info.context.services.execution_queries
            page = await queries.steps_page(self.uuid, wanted, first=size, after=position)
        return connection(
            page,
            item=StepExecution.from_record,
            key=lambda record: record.position,
            cursors=BY_POSITION,
            is_first=position is None,
            count=lambda: loaders.step_counts.load(StepsWanted(self.uuid, wanted)),
        )

    @strawberry.field(description="One step execution by its path; null where that step has not been reached.")
    async def step(self, info: Info, path: str) -> StepExecution | None:
        record = await info.context.executions.steps.load((self.uuid, path))
        return None if record is None else StepExecution.from_record(record)

    @classmethod
    def from_record(cls, record: ExecutionRecord) -> "WorkflowExecution":
        """The execution as clients see it."""
        return cls(
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
            duration=_duration(record.started_at, record.finished_at),
            sequence=record.sequence,
            progress=Progress.from_record(record.progress),
            waiting_for=None if record.waiting_for is None else WaitReason.from_record(record.waiting_for),
            uuid=record.id,
            workflow_uuid=record.workflow_id,
            parent_uuid=record.parent_id,
            retried_from_uuid=record.retried_from_id,
        )


async def load_execution(info: Info, execution_id: UUID | None) -> WorkflowExecution | None:
    """One execution; None where there is none."""
    if execution_id is None:
        return None
    record = await info.context.executions.by_id.load(execution_id)
    return None if record is None else WorkflowExecution.from_record(record)


async def execution_page(
    info: Info, filter: records.ExecutionFilter, first: int | None, after: str | None
) -> Connection[WorkflowExecution]:
    """One page of the executions that match, newest first."""
    size, key = page_size(first), BY_EXECUTION.read(after)
    info.context.spend_rows(size)
    queries = info.context.services.execution_queries
    page = await queries.page(filter, first=size, after=key)
    return connection(
        page,
        item=WorkflowExecution.from_record,
        key=lambda record: record.id,
        cursors=BY_EXECUTION,
        is_first=key is None,
        count=lambda: queries.count(filter),
    )


def _duration(started_at: datetime | None, finished_at: datetime | None) -> timedelta | None:
    if started_at is None or finished_at is None:
        return None
    return finished_at - started_at
