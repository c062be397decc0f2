"""Parts of executions and steps as JSON, the same in columns and in messages: errors, reasons to wait, attempts."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from domain.engine.state import Attempt, Delay, StepState, WaitReason
from domain.executions.records import ExecutionRecord, Progress, StepRecord
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepStatus, TriggerKind, WaitKind


def plain(value: Any) -> Any:
    """Dataclasses, enums, ids and times as JSON values, the way orjson writes them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def error_of(value: JsonValue) -> StepError | None:
    """The error from the JSON of `dataclass_text`."""
    return None if value is None else StepError.from_json(cast("Mapping[str, JsonValue]", value))


def wait_reason_of(value: Any) -> WaitReason | None:
    """The reason from the JSON of `dataclass_text`."""
    if value is None:
        return None
    return WaitReason(kind=WaitKind(value["kind"]), until=time_of(value["until"]), detail=value["detail"])


def time_of(text: str | None) -> datetime | None:
    """The time from its RFC 3339 text."""
    return None if text is None else datetime.fromisoformat(text)


def attempts_of(values: Any) -> tuple[Attempt, ...]:
    """The attempts from the JSON of `attempts_text`."""
    if not values:
        return ()
    return tuple(
        Attempt(
            number=value["number"],
            started_at=datetime.fromisoformat(value["started_at"]),
            finished_at=time_of(value["finished_at"]),
            error=error_of(value["error"]),
            status_code=value["status_code"],
            delay=_delay_of(value.get("delay")),
        )
        for value in values
    )


def _delay_of(value: Any) -> Delay | None:
    if value is None:
        return None
    return Delay(timed_from=datetime.fromisoformat(value["timed_from"]), since=time_of(value["since"]))


def step_of(execution_id: UUID, value: Mapping[str, Any]) -> StepRecord:
    """The step from the JSON of its record, which is without its checkpoint where nobody goes on with it."""
    state = value["state"]
    return StepRecord(
        execution_id=execution_id,
        position=value["position"],
        sequence=value["sequence"],
        state=StepState(
            path=state["path"],
            step_id=state["step_id"],
            type=state["type"],
            status=StepStatus(state["status"]),
            attempts=attempts_of(state["attempts"]),
            input=state["input"],
            output=state["output"],
            error=error_of(state["error"]),
            waiting_for=wait_reason_of(state["waiting_for"]),
            due_at=time_of(state["due_at"]),
            started_at=time_of(state["started_at"]),
            finished_at=time_of(state["finished_at"]),
        ),
    )


def execution_of(value: Mapping[str, Any]) -> ExecutionRecord:
    """The execution from the JSON of its record, without what only its holder needs."""
    return ExecutionRecord(
        id=UUID(value["id"]),
        definition_id=UUID(value["definition_id"]),
        workflow_id=_id_of(value["workflow_id"]),
        workflow_version=value["workflow_version"],
        status=ExecutionStatus(value["status"]),
        input=value["input"],
        output=value["output"],
        error=error_of(value["error"]),
        labels=value["labels"],
        priority=value["priority"],
        idempotency_key=value["idempotency_key"],
        parent_id=_id_of(value["parent_id"]),
        retried_from_id=_id_of(value["retried_from_id"]),
        created_at=datetime.fromisoformat(value["created_at"]),
        started_at=time_of(value["started_at"]),
        finished_at=time_of(value["finished_at"]),
        deadline_at=time_of(value["deadline_at"]),
        sequence=value["sequence"],
        progress=Progress(**value["progress"]),
        waiting_for=wait_reason_of(value["waiting_for"]),
        due_at=time_of(value["due_at"]),
        parent_path=value["parent_path"],
        paused_at=time_of(value["paused_at"]),
        trigger=TriggerKind(value["trigger"]),
        trigger_id=_id_of(value["trigger_id"]),
    )


def _id_of(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
