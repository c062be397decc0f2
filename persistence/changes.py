"""What a store announces: an `ExecutionChange` made of what it was given, so that nothing is read back."""

from uuid import UUID

from domain.records import ExecutionChange, ExecutionDelta, ExecutionRecord, StepRecord


def change_of(delta: ExecutionDelta, *, workflow_id: UUID | None, sequence: int) -> ExecutionChange:
    """The change that a committed delta is, at the sequence that it was given."""
    execution_id = delta.execution_id
    return ExecutionChange(
        execution_id=execution_id,
        workflow_id=workflow_id,
        sequence=sequence,
        status=delta.status,
        progress=delta.progress,
        started_at=delta.started_at,
        finished_at=delta.finished_at,
        output=delta.output,
        error=delta.error,
        waiting_for=delta.waiting_for,
        steps=tuple(
            StepRecord(execution_id=execution_id, position=step.position, sequence=sequence, state=step.state)
            for step in delta.steps
        ),
    )


def snapshot_of(execution: ExecutionRecord, *, since: int, steps: tuple[StepRecord, ...]) -> ExecutionChange:
    """All that happened to an execution after `since`, as it stands now."""
    sequence = max(since, execution.sequence)
    return ExecutionChange(
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        sequence=sequence,
        status=execution.status,
        progress=execution.progress,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        output=execution.output,
        error=execution.error,
        waiting_for=execution.waiting_for,
        steps=steps,
        covers=sequence - since,
    )
