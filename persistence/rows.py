"""Values that a store makes itself, the same in memory and in PostgreSQL."""

from domain.engine.state import WaitReason
from domain.failures import FailureCode, StepError
from domain.records import ExecutionRecord, NewExecution, Progress
from domain.statuses import ExecutionStatus, WaitKind


def execution_of_new(new: NewExecution) -> ExecutionRecord:
    """The row of an execution that was just created.

    It is due at its own creation when it may start at once: whatever a worker's clock says, that has come.
    """
    waits = new.start_at is not None and new.start_at > new.created_at
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
        parent_id=None,
        retried_from_id=None,
        created_at=new.created_at,
        started_at=None,
        finished_at=None,
        deadline_at=None,
        sequence=0,
        progress=Progress(total=new.total_steps, completed=0, failed=0, running=0, ended=0),
        waiting_for=WaitReason(kind=WaitKind.TIMER, until=new.start_at) if waits else WaitReason(kind=WaitKind.WORKER),
        due_at=new.start_at if waits else new.created_at,
    )


def poisoned(crashes: int) -> StepError:
    """The failure of an execution that keeps killing workers."""
    return StepError(
        code=FailureCode.POISONED,
        message=f"{crashes} workers have died while they held this execution.",
    )
