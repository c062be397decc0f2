"""Rows to records and back: the text of `json` columns, and the order of columns that statements select."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import asyncpg
import orjson

from domain.engine.state import Attempt, Signal, StepState, WaitReason
from domain.executions.records import ExecutionChange, ExecutionRecord, PendingCommand, Progress, StepRecord
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, TriggerKind
from persistence.executions.json_codec import attempts_of, error_of, plain, wait_reason_of
from persistence.postgres.columns.json_columns import json_value

PROGRESS_COLUMNS = """
  e.steps_total + e.items_total AS steps_total, e.steps_completed + e.items_completed AS steps_completed,
  e.steps_failed + e.items_failed AS steps_failed, e.steps_running + e.items_running AS steps_running,
  e.steps_ended + e.items_ended AS steps_ended
"""
"""The counts of an execution itself, plus those of the batches of its loops."""

SMALL_EXECUTION_COLUMNS = f"""
  e.id, e.definition_id, e.workflow_id, e.workflow_version, e.status, e.priority,
  e.idempotency_key, e.parent_id, e.retried_from_id, e.created_at, e.started_at, e.finished_at, e.deadline_at,
  e.sequence, {PROGRESS_COLUMNS}, e.waiting_for,
  e.due_at, e.worker_id, e.epoch, e.crashes, e.parent_path, e.is_batch, e.is_queued, e.paused_at,
  e.trigger, e.trigger_id
"""

EXECUTION_COLUMNS = f"{SMALL_EXECUTION_COLUMNS}, e.input, e.output, e.error, e.labels, e.signals"

CHANGE_COLUMNS = f"""
  e.id, e.workflow_id, e.sequence, e.status, {PROGRESS_COLUMNS}, e.started_at, e.finished_at, e.output, e.error,
  e.waiting_for
"""
"""The part of an execution that changes, as subscribers see it."""

SMALL_STEP_COLUMNS = """
  s.execution_id, s.path, s.position, s.sequence, s.step_id, s.type, s.status, s.waiting_for, s.due_at, s.started_at,
  s.finished_at
"""

STEP_COLUMNS = f"{SMALL_STEP_COLUMNS}, s.attempts, s.input, s.output, s.error"
"""All columns of a step execution but its checkpoint, which may be large and is only for whoever goes on with it."""

WHOLE_STEP_COLUMNS = f"{STEP_COLUMNS}, s.checkpoint"


def dataclass_text(value: StepError | WaitReason | None) -> str | None:
    """The text of a small frozen value, field by field. Raises `ValueError`."""
    return None if value is None else _text(value)


def signals_text(signals: Sequence[Signal]) -> str | None:
    """The text of signals that were not consumed; NULL when there are none. Raises `ValueError`."""
    return dumps([signal.to_json() for signal in signals]) if signals else None


def attempts_text(attempts: Sequence[Attempt]) -> str | None:
    """The text of a step's attempts; NULL when there are none. Raises `ValueError`."""
    return _text(attempts) if attempts else None


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits in an error's details: the exact, slower way
        return dumps(plain(value))


def signals_of(text: str | None) -> tuple[Signal, ...]:
    """The signals from the text that `signals_text` wrote."""
    if text is None:
        return ()
    return tuple(Signal.from_json(value) for value in cast("list[Mapping[str, JsonValue]]", loads(text)))


def progress_of(row: asyncpg.Record) -> Progress:
    """The progress of a row that selects `PROGRESS_COLUMNS`."""
    return Progress(
        total=row["steps_total"],
        completed=row["steps_completed"],
        failed=row["steps_failed"],
        running=row["steps_running"],
        ended=row["steps_ended"],
    )


def execution_of(row: asyncpg.Record) -> ExecutionRecord:
    """The record of a row that selects `EXECUTION_COLUMNS`."""
    error, waiting_for, labels = row["error"], row["waiting_for"], row["labels"]
    return ExecutionRecord(
        id=row["id"],
        definition_id=row["definition_id"],
        workflow_id=row["workflow_id"],
        workflow_version=row["workflow_version"],
        status=ExecutionStatus(row["status"]),
        input=json_value(row["input"]),
        output=json_value(row["output"]),
        error=None if error is None else error_of(loads(error)),
        labels={} if labels is None else cast("Mapping[str, JsonValue]", loads(labels)),
        priority=row["priority"],
        idempotency_key=row["idempotency_key"],
        parent_id=row["parent_id"],
        retried_from_id=row["retried_from_id"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        deadline_at=row["deadline_at"],
        sequence=row["sequence"],
        progress=progress_of(row),
        waiting_for=None if waiting_for is None else wait_reason_of(loads(waiting_for)),
        due_at=row["due_at"],
        worker_id=row["worker_id"],
        epoch=row["epoch"],
        crashes=row["crashes"],
        parent_path=row["parent_path"],
        is_batch=row["is_batch"],
        is_queued=row["is_queued"],
        paused_at=row["paused_at"],
        signals=signals_of(row["signals"]),
        trigger=TriggerKind(row["trigger"]),
        trigger_id=row["trigger_id"],
    )


def change_of_row(row: asyncpg.Record, *, covers: int = 1) -> ExecutionChange:
    """The change, without steps, whose result is this row, which selects `CHANGE_COLUMNS`."""
    error, waiting_for = row["error"], row["waiting_for"]
    return ExecutionChange(
        execution_id=row["id"],
        workflow_id=row["workflow_id"],
        sequence=row["sequence"],
        status=ExecutionStatus(row["status"]),
        progress=progress_of(row),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        output=json_value(row["output"]),
        error=None if error is None else error_of(loads(error)),
        waiting_for=None if waiting_for is None else wait_reason_of(loads(waiting_for)),
        steps=(),
        covers=covers,
    )


def step_of(row: asyncpg.Record) -> StepRecord:
    """The record of a row that selects `STEP_COLUMNS` or `WHOLE_STEP_COLUMNS`."""
    attempts, error, waiting_for = row["attempts"], row["error"], row["waiting_for"]
    return StepRecord(
        execution_id=row["execution_id"],
        position=row["position"],
        sequence=row["sequence"],
        state=StepState(
            path=row["path"],
            step_id=row["step_id"],
            type=row["type"],
            status=StepStatus(row["status"]),
            attempts=() if attempts is None else attempts_of(loads(attempts)),
            input=json_value(row["input"]),
            output=json_value(row["output"]),
            error=None if error is None else error_of(loads(error)),
            waiting_for=None if waiting_for is None else wait_reason_of(loads(waiting_for)),
            due_at=row["due_at"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            checkpoint=json_value(row.get("checkpoint")),
        ),
    )


def commands_of(rows: Iterable[asyncpg.Record]) -> list[PendingCommand]:
    """The records of rows of execution_command, without those of a kind that a newer release has added."""
    return [
        PendingCommand(
            id=row["id"],
            execution_id=row["execution_id"],
            kind=CommandKind(row["kind"]),
            payload=json_value(row["payload"]),
            created_at=row["created_at"],
        )
        for row in rows
        if row["kind"] in _KINDS
    ]


_KINDS = frozenset(CommandKind)
