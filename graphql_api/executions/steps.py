"""Step executions as clients see them, and what they share with executions: failures, and reasons to wait."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import strawberry

from domain.engine import state
from domain.executions.pending import matching, merged
from domain.executions.records import ExecutionRecord, StepFilter, StepRecord
from domain.kernel import failures
from domain.kernel.large_values import ValueKind
from graphql_api.context import Info
from graphql_api.executions.loaders import ExecutionLoaders, StepsWanted
from graphql_api.executions.reads import ExecutionReads
from graphql_api.executions.sizes import ValueSizes
from graphql_api.kit.enums import StepStatus, StepType, WaitKind, step_type
from graphql_api.kit.ids import Node, step_execution_id
from graphql_api.kit.large_values import DeferredValue, LargeField, LargeValueLoader
from graphql_api.kit.pagination import BY_POSITION, Connection, connection, page_size
from graphql_api.kit.scalars import JSON

LARGEST_STEP_PAGE = 500


@strawberry.type(description="The failure of a step or an execution: the code is for programs, the message for people.")
class StepError:
    """A failure, as a value that is stored and shown."""

    code: str
    message: str
    path: str | None = strawberry.field(description="The path of the step that it came from.")
    details: JSON | None

    @classmethod
    def from_record(cls, error: failures.StepError) -> "StepError":
        """The failure as clients see it."""
        details = None if error.details is None else JSON(error.details)
        return cls(code=error.code.value, message=error.message, path=error.path, details=details)


@strawberry.type(description="The reason why something is not running, and until when, where that is known.")
class WaitReason:
    """The reason why something is not running."""

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


@strawberry.type(description="One step of one execution.")
class StepExecution(Node):
    """One step of one execution."""

    path: str = strawberry.field(description="Its path, with branches and items in it: fan.eu.fetch, loop[17].fetch.")
    step_id: str
    type: StepType
    status: StepStatus
    input: JSON | None = strawberry.field(description="The input of the step's call, its templates filled in.")
    output: JSON | None
    error: StepError | None
    started_at: datetime | None
    finished_at: datetime | None
    duration: timedelta | None = strawberry.field(description="From start to end; null until it has ended.")
    sequence: int = strawberry.field(description="The execution's sequence when this step last changed.")
    waiting_for: WaitReason | None = strawberry.field(description="The reason why it is not running; null when it is.")
    tries: strawberry.Private[tuple[state.Attempt, ...] | DeferredValue]
    record: strawberry.Private[StepRecord]

    @strawberry.field(
        description="The size of the input as JSON in UTF-8, in bytes, told without reading it; null where it has none."
    )
    def input_bytes(self, info: Info) -> int | None:
        return self._size(info, "input", self.record.state.input, ValueKind.STEP_INPUT)

    @strawberry.field(
        description="The size of the output as JSON in UTF-8, in bytes, told without reading it; null where it has "
        "none."
    )
    def output_bytes(self, info: Info) -> int | None:
        return self._size(info, "output", self.record.state.output, ValueKind.STEP_OUTPUT)

    def _size(self, info: Info, name: str, value: object, kind: ValueKind) -> int | None:
        record = self.record
        sizes = info.context.shared(ValueSizes)
        return cast(
            "int | None", sizes.size(name, value, record.left_out, kind, record.execution_id, record.state.path)
        )

    @strawberry.field(description="Every try so far, the running one last.")
    def attempts(self) -> list[StepAttempt]:
        tries = self.tries
        return cast("list[StepAttempt]", tries) if isinstance(tries, DeferredValue) else _attempts(tries)

    @classmethod
    def from_record(cls, record: StepRecord, values: LargeValueLoader | None = None) -> "StepExecution":
        """The step execution as clients see it.

        `values` reads what the record has left out; one that was not read lean needs none.
        """
        step = record.state
        shown = cls(
            id=step_execution_id(record.execution_id, step.path),
            path=step.path,
            step_id=step.step_id,
            type=step_type(step.type),
            status=step.status,
            input=JSON(step.input),
            output=JSON(step.output),
            error=None if step.error is None else StepError.from_record(step.error),
            started_at=step.started_at,
            finished_at=step.finished_at,
            duration=duration_of(step.started_at, step.finished_at),
            sequence=record.sequence,
            waiting_for=None if step.waiting_for is None else WaitReason.from_record(step.waiting_for),
            tries=step.attempts,
            record=record,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.execution_id, step.path)
        return shown


def _attempts(tries: Iterable[state.Attempt]) -> list[StepAttempt]:
    return [StepAttempt.from_record(attempt) for attempt in tries]


_PARTS = {
    "input": LargeField(ValueKind.STEP_INPUT),
    "output": LargeField(ValueKind.STEP_OUTPUT),
    "error": LargeField(ValueKind.STEP_ERROR, StepError.from_record),
    "attempts": LargeField(ValueKind.STEP_ATTEMPTS, _attempts, "tries"),
}


async def load_step(info: Info, execution: ExecutionRecord | None, path: str) -> StepExecution | None:
    """One step of an execution, reached or not; None where there is none."""
    if execution is None:
        return None
    loaders = info.context.shared(ExecutionLoaders)
    record = await loaders.steps.load((execution.id, path))
    if record is None:
        pending = await loaders.pending.load(execution)
        record = next((each for each in pending if each.state.path == path), None)
    return None if record is None else StepExecution.from_record(record, info.context.large_values)


async def step_page(
    info: Info, execution: ExecutionRecord, filter: StepFilter, first: int | None, after: str | None
) -> Connection[StepExecution]:
    """One page of the steps of an execution, those that were not reached yet among them."""
    size = page_size(first, default=100, largest=LARGEST_STEP_PAGE)
    position = BY_POSITION.read(after)
    info.context.spend_rows(size)
    loaders = info.context.shared(ExecutionLoaders)
    # Before the rows: a step that starts in between is then seen twice instead of not at all.
    pending = matching(await loaders.pending.load(execution), filter)
    if position is None:  # the usual case, and the one that a list of executions multiplies
        stored = await loaders.step_pages.load(StepsWanted(execution.id, filter, size))
    else:
        reads = info.context.shared(ExecutionReads)
        stored = await reads.steps_page(execution.id, filter, first=size, after=position)
    values = info.context.large_values

    async def count() -> int:
        return len(pending) + await loaders.step_counts.load(StepsWanted(execution.id, filter))

    return connection(
        merged(stored, pending, first=size, after=position),
        item=lambda record: StepExecution.from_record(record, values),
        key=lambda record: record.position,
        cursors=BY_POSITION,
        is_first=position is None,
        count=count,
    )


def duration_of(started_at: datetime | None, finished_at: datetime | None) -> timedelta | None:
    """From start to end; None until it has ended."""
    if started_at is None or finished_at is None:
        return None
    return finished_at - started_at
