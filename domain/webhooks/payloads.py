"""The payloads of outbound webhooks: `{type, timestamp, data}`, and the `data` of executions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.durations import format_duration
from domain.kernel.failures import StepError
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType, ExecutionStatus
from domain.kernel.times import time_text
from domain.outbox.events import OutboxEvent

MAX_OUTPUT_BYTES = 16 * 1024
"""The most bytes of an output, as JSON text, that is sent along; a longer one can be queried."""

_STATUSES = {
    EventType.EXECUTION_STARTED: ExecutionStatus.RUNNING,
    EventType.EXECUTION_COMPLETED: ExecutionStatus.COMPLETED,
    EventType.EXECUTION_FAILED: ExecutionStatus.FAILED,
    EventType.EXECUTION_CANCELLED: ExecutionStatus.CANCELLED,
    EventType.EXECUTION_TIMED_OUT: ExecutionStatus.TIMED_OUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldExecution:
    """The part of an execution that webhooks are sent. `output` is None, too, where it is `output_omitted`."""

    workflow_id: UUID | None
    workflow_name: str | None
    workflow_version: int | None
    labels: Mapping[str, JsonValue]
    created_at: datetime
    error: StepError | None
    output: JsonValue
    output_omitted: bool


def payload_of(event: OutboxEvent, execution: ToldExecution | None) -> dict[str, JsonValue]:
    """The payload of an event. `execution` is the one that it is about, as it is stored now; None if it is gone."""
    data = event.data
    if event.execution_id is not None:
        data = _execution_data(event, event.execution_id, execution)
    return {"type": event.type.value, "timestamp": time_text(event.at), "data": data}


def _execution_data(event: OutboxEvent, id: UUID, execution: ToldExecution | None) -> dict[str, JsonValue]:
    """The `data` of an execution as it was at the event: it may have ended since an event about its start."""
    has_ended = event.type is not EventType.EXECUTION_STARTED
    started_at = event.started_at or (None if has_ended else event.at)
    data: dict[str, JsonValue] = {
        "id": to_public(IdKind.EXECUTION, id),
        "status": _STATUSES[event.type].value,
        "workflow": None if execution is None else _workflow_data(execution),
        "labels": {} if execution is None else dict(execution.labels),
        "createdAt": None if execution is None else time_text(execution.created_at),
        "startedAt": None if started_at is None else time_text(started_at),
        "finishedAt": time_text(event.at) if has_ended else None,
        "duration": format_duration(event.at - started_at) if has_ended and started_at is not None else None,
        "error": None,
        "output": None,
        "outputOmitted": False,
    }
    if has_ended and execution is not None:
        data["error"] = None if execution.error is None else execution.error.to_json()
        data["output"] = execution.output
        data["outputOmitted"] = execution.output_omitted
    return data


def _workflow_data(execution: ToldExecution) -> JsonValue:
    if execution.workflow_id is None:
        return None
    return {
        "id": to_public(IdKind.WORKFLOW, execution.workflow_id),
        "name": execution.workflow_name,
        "version": execution.workflow_version,
    }
