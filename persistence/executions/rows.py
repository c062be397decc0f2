"""Values that a store makes itself, shared by the stores in memory and in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.engine.state import WaitReason
from domain.executions.records import ExecutionRecord, NewBatch, NewExecution, PendingCommand, Progress, StepChange
from domain.kernel.errors import LimitExceeded, WorkflowChanged
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, derived_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, EventType, ExecutionStatus, StepStatus, TriggerKind, WaitKind
from domain.outbox.events import OutboxEvent

UNLIMITED = 2**31 - 1
"""The number of executions of a workflow that may run at a time where it sets no limit."""


def execution_of_new(new: NewExecution, *, is_queued: bool = False) -> ExecutionRecord:
    """The row of an execution that was just created.

    It is due at its own creation when it may start at once, which counts as past whatever a worker's clock says. A
    queued one is not due at all.
    """
    waits = starts_later(new)
    if waits:
        waiting_for = WaitReason(kind=WaitKind.TIMER, until=new.start_at)
    else:
        waiting_for = WaitReason(kind=WaitKind.CONCURRENCY if is_queued else WaitKind.WORKER)
    trigger, trigger_id = _trigger_of(new)
    return ExecutionRecord(
        id=new.id,
        definition_id=new.definition_id,
        workflow_id=new.workflow_id,
        workflow_version=new.workflow_version,
        status=ExecutionStatus.PENDING,
        input=new.input,
        output=None,
        error=None,
        labels=new.labels,
        priority=new.priority,
        idempotency_key=new.idempotency_key,
        parent_id=new.parent_id,
        retried_from_id=new.retried_from_id,
        created_at=new.created_at,
        started_at=None,
        finished_at=None,
        deadline_at=None,
        sequence=0,
        progress=_progress(new.total_steps, new.ended, new.steps),
        waiting_for=waiting_for,
        due_at=None if is_queued else new.start_at if waits else new.created_at,
        parent_path=new.parent_path,
        is_queued=is_queued,
        trigger=trigger,
        trigger_id=trigger_id,
    )


def claimed_from_the_first(execution: ExecutionRecord, worker_id: UUID) -> ExecutionRecord:
    """A new execution as one that a worker holds."""
    return replace(execution, worker_id=worker_id, epoch=1, due_at=None)


def _trigger_of(new: NewExecution) -> tuple[TriggerKind, UUID | None]:
    if new.retried_from_id is not None:
        return TriggerKind.RETRY, new.retried_from_id
    if new.parent_id is not None:
        return TriggerKind.PARENT, new.parent_id
    return new.trigger, new.trigger_id


def execution_of_batch(batch: NewBatch) -> ExecutionRecord:
    """The row of a batch that was just created, due at once."""
    return ExecutionRecord(
        id=batch.id,
        definition_id=batch.definition_id,
        workflow_id=None,
        workflow_version=None,
        status=ExecutionStatus.PENDING,
        input=batch.range.to_json(),
        output=None,
        error=None,
        labels={},
        priority=batch.priority,
        idempotency_key=None,
        parent_id=batch.execution_id,
        retried_from_id=None,
        created_at=batch.created_at,
        started_at=None,
        finished_at=None,
        deadline_at=None,
        sequence=0,
        progress=Progress(total=0, completed=0, failed=0, running=0, ended=0),
        waiting_for=WaitReason(kind=WaitKind.WORKER),
        due_at=batch.created_at,
        parent_path=batch.range.path,
        is_batch=True,
    )


def all_of(asked: Sequence[NewExecution], records: Sequence[ExecutionRecord | None]) -> list[ExecutionRecord]:
    """The records of the inserted executions.

    Raises for one that was not inserted (None): `WorkflowChanged` where its workflow was to be as expected, else
    `LimitExceeded`, for its family had no room.
    """
    found = [record for record in records if record is not None]
    if len(found) < len(records):
        refused = next(new for new, record in zip(asked, records, strict=True) if record is None)
        if refused.expected is not None:
            raise WorkflowChanged(refused.expected.name)
        root = "" if refused.root_id is None else to_public(IdKind.EXECUTION, refused.root_id)
        raise LimitExceeded(
            f"{refused.max_family:,} executions have come from {root}, its children and retries of them included: "
            "no more may."
        )
    return found


def starts_later(new: NewExecution) -> bool:
    """True when the execution was asked to start some time after its creation."""
    return new.start_at is not None and new.start_at > new.created_at


def _progress(total: int, ended: int, steps: Sequence[StepChange]) -> Progress:
    if not steps:
        return Progress(total=total, completed=0, failed=0, running=0, ended=ended)
    statuses = [step.state.status for step in steps]
    return Progress(
        total=total,
        completed=statuses.count(StepStatus.COMPLETED),
        failed=statuses.count(StepStatus.FAILED),
        running=statuses.count(StepStatus.RUNNING),
        ended=ended,
    )


def ended_event(execution: ExecutionRecord, now: datetime) -> OutboxEvent:
    """The event of an execution that is ended as POISONED."""
    return OutboxEvent(
        type=EventType.EXECUTION_FAILED,
        at=now,
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        started_at=execution.started_at,
    )


def end_notice(execution: ExecutionRecord, error: StepError, now: datetime) -> PendingCommand | None:
    """The command that tells the parent that an execution or a batch was ended by the store; None without a parent."""
    if execution.parent_id is None or execution.parent_path is None:
        return None
    payload: dict[str, JsonValue] = {
        "path": execution.parent_path,
        "executionId": to_public(IdKind.EXECUTION, execution.id),
        "status": ExecutionStatus.FAILED.value,
        "output": None,
        "error": error.to_json(),
    }
    if execution.is_batch and isinstance(execution.input, dict):
        payload["first"] = execution.input["first"]
    return PendingCommand(
        id=derived_id(execution.id, "ended", now),
        execution_id=execution.parent_id,
        kind=CommandKind.CHILD_ENDED,
        payload=payload,
        created_at=now,
    )


def quarantined(crashes: int) -> StepError:
    """The error of an execution that keeps killing workers."""
    return StepError(
        code=FailureCode.POISONED,
        message=f"{crashes} workers have died while they held this execution.",
    )
