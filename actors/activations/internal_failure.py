"""The end of an execution that this release cannot run: a FAILED with a clear error, instead of being stuck."""

from dataclasses import replace
from datetime import datetime

from actors.activations.control_messages import end_notice
from domain.executions.records import Claim, ExecutionDelta, StepChange
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, StepStatus

NOT_FINISHED = StepError(code=FailureCode.CANCELLED, message="The execution ended before this step did.")
"""The error of the steps that are stopped because the execution has ended."""


def fault(error: Exception) -> StepError:
    """The execution's error for a fault inside Stepgraph."""
    message = f"Stepgraph could not run it: {type(error).__name__}: {error}"
    return StepError(code=FailureCode.INTERNAL, message=message.encode(errors="replace").decode())


def failed_by_fault(claim: Claim, error: Exception, now: datetime) -> ExecutionDelta:
    """The change that ends a claimed execution as FAILED with code INTERNAL; its unfinished steps become CANCELLED."""
    execution = claim.execution
    unfinished = [record for record in claim.steps if not record.state.status.is_terminal]
    return ExecutionDelta(
        execution_id=execution.id,
        epoch=execution.epoch,
        status=ExecutionStatus.FAILED,
        progress=replace(execution.progress, running=0),
        steps=tuple(
            StepChange(
                position=record.position,
                state=replace(
                    record.state,
                    status=StepStatus.CANCELLED,
                    error=NOT_FINISHED,
                    waiting_for=None,
                    due_at=None,
                    finished_at=now,
                ),
            )
            for record in unfinished
        ),
        started_at=execution.started_at,
        finished_at=now,
        deadline_at=execution.deadline_at,
        error=fault(error),
        notify=end_notice(execution, ExecutionStatus.FAILED, now, error=fault(error)),
        applied_commands=tuple(command.id for command in claim.commands),
    )
