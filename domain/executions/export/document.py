"""The form of an export: an execution and its steps as JSON, in the names and scalars of GraphQL."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from domain.engine.state import Attempt, WaitReason
from domain.executions.pending import waiting_for
from domain.executions.records import ExecutionRecord, StepRecord
from domain.kernel.durations import format_duration
from domain.kernel.failures import StepError
from domain.kernel.ids import IdKind, to_public
from domain.kernel.statuses import ExecutionStatus
from domain.kernel.times import time_text
from domain.workflows.documents.graph import WorkflowGraph
from domain.workflows.summaries import WorkflowSummary

FORMAT: Final = "stepgraph.execution"
VERSION: Final = 1

Json = dict[str, Any]


def execution_json(execution: ExecutionRecord, workflow: WorkflowSummary | None, now: datetime) -> Json:
    """The members of an execution, those that were left out null."""
    progress, status = execution.progress, execution.status
    reason = waiting_for(execution, now)
    return {
        "id": to_public(IdKind.EXECUTION, execution.id),
        "workflow": None
        if workflow is None
        else {"id": to_public(IdKind.WORKFLOW, workflow.id), "name": workflow.name},
        "workflowVersion": execution.workflow_version,
        "status": status.value,
        "priority": execution.priority,
        "idempotencyKey": execution.idempotency_key,
        "parent": None if execution.parent_id is None else to_public(IdKind.EXECUTION, execution.parent_id),
        "parentPath": execution.parent_path,
        "retriedFrom": None
        if execution.retried_from_id is None
        else to_public(IdKind.EXECUTION, execution.retried_from_id),
        "createdAt": time_text(execution.created_at),
        "startedAt": _time(execution.started_at),
        "finishedAt": _time(execution.finished_at),
        "duration": _duration(execution.started_at, execution.finished_at),
        "sequence": execution.sequence,
        "progress": {
            "total": progress.total,
            "completed": progress.completed,
            "failed": progress.failed,
            "running": progress.running,
            "percent": 100.0 if status is ExecutionStatus.COMPLETED else progress.percent,
        },
        "waitingFor": None if reason is None else _wait_json(reason),
        "labels": dict(execution.labels),
        "input": execution.input,
        "output": execution.output,
        "error": error_json(execution.error),
    }


def step_json(record: StepRecord) -> Json:
    """The members of a step execution, those that were left out null."""
    step = record.state
    return {
        "path": step.path,
        "stepId": step.step_id,
        "type": step.type,
        "status": step.status.value,
        "startedAt": _time(step.started_at),
        "finishedAt": _time(step.finished_at),
        "duration": _duration(step.started_at, step.finished_at),
        "sequence": record.sequence,
        "waitingFor": None if step.waiting_for is None else _wait_json(step.waiting_for),
        "attempts": attempts_json(step.attempts),
        "input": step.input,
        "output": step.output,
        "error": error_json(step.error),
    }


def graph_json(graph: WorkflowGraph) -> Json:
    """The graph of a document: `{nodes, edges}`."""
    return {
        "nodes": [
            {"path": node.path, "type": node.type, "name": node.name, "parent": node.parent} for node in graph.nodes
        ],
        "edges": [{"from": edge.source, "to": edge.target, "label": edge.label} for edge in graph.edges],
    }


def error_json(error: StepError | None) -> Json | None:
    """The members of a failure."""
    if error is None:
        return None
    return {"code": error.code.value, "message": error.message, "path": error.path, "details": error.details}


def attempts_json(attempts: tuple[Attempt, ...]) -> list[Json]:
    """The members of attempts."""
    return [
        {
            "number": attempt.number,
            "startedAt": time_text(attempt.started_at),
            "finishedAt": _time(attempt.finished_at),
            "statusCode": attempt.status_code,
            "error": error_json(attempt.error),
        }
        for attempt in attempts
    ]


def shown(member: str, value: Any) -> Any:
    """A value of a record, as its member shows it."""
    match member:
        case "error":
            return error_json(value)
        case "attempts":
            return attempts_json(value)
        case "labels" if isinstance(value, Mapping):
            return dict(value)
        case _:
            return value


def _wait_json(reason: WaitReason) -> Json:
    return {"kind": reason.kind.value, "until": _time(reason.until), "detail": reason.detail}


def _time(time: datetime | None) -> str | None:
    return None if time is None else time_text(time)


def _duration(started_at: datetime | None, finished_at: datetime | None) -> str | None:
    length: timedelta | None = None if started_at is None or finished_at is None else finished_at - started_at
    return None if length is None else format_duration(length)
