"""Records as rows of the composite types that batches travel in: tuples in the order of 0002_storage's types.

Arrays of such rows cost the client a third of what an array a column costs, and times as integers a fifth.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from domain.records import ExecutionDelta, ExecutionRecord
from domain.statuses import TERMINAL_STEP_STATUSES
from persistence.row_codec import attempts_text, dataclass_text, json_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DeltaRows(NamedTuple):
    """An `ExecutionDelta` as rows: `size` is about the bytes of its JSON text."""

    execution: tuple[Any, ...]
    steps: list[tuple[Any, ...]]
    size: int


def micros(time: datetime | None) -> int | None:
    """Microseconds since 1970, exactly."""
    return None if time is None else (time - _EPOCH) // _MICROSECOND


def delta_rows(delta: ExecutionDelta, ordinal: int) -> DeltaRows:
    """An `execution_delta` and its `step_change`s. Raises `ValueError` where a value has no JSON text."""
    status, progress = delta.status, delta.progress
    is_end = status.is_terminal
    output = json_column(delta.output)
    size = len(output) if output is not None else 0
    progressed = False
    steps = []
    for step in delta.steps:
        state = step.state
        if state.status in TERMINAL_STEP_STATUSES:
            progressed = True
        step_input, step_output = json_column(state.input), json_column(state.output)
        size += 100 + (len(step_input) if step_input else 0) + (len(step_output) if step_output else 0)
        steps.append(
            (
                ordinal,
                state.path,
                step.position,
                state.step_id,
                state.type,
                state.status,
                attempts_text(state.attempts),
                step_input,
                step_output,
                dataclass_text(state.error),
                dataclass_text(state.waiting_for),
                micros(state.due_at),
                micros(state.started_at),
                micros(state.finished_at),
            )
        )
    execution = (
        ordinal,
        delta.execution_id,
        delta.epoch,
        status,
        progress.total,
        progress.completed,
        progress.failed,
        progress.running,
        progress.ended,
        micros(delta.started_at),
        micros(delta.finished_at),
        micros(delta.deadline_at),
        output,
        dataclass_text(delta.error),
        dataclass_text(delta.waiting_for),
        micros(delta.due_at) if delta.release and not is_end else None,
        delta.release or is_end,
        progressed,
    )
    return DeltaRows(execution, steps, size)


def new_execution_row(execution: ExecutionRecord) -> tuple[Any, ...]:
    """A `new_execution`. Raises `ValueError` where a value has no JSON text."""
    return (
        execution.id,
        execution.definition_id,
        execution.workflow_id,
        execution.workflow_version,
        json_column(execution.input),
        json_column(execution.labels) or "{}",
        execution.priority,
        execution.idempotency_key,
        micros(execution.created_at),
        micros(execution.due_at),
        dataclass_text(execution.waiting_for),
        execution.progress.total,
    )
