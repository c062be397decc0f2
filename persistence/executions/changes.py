"""The changes that a store announces: each `ExecutionChange` is made of the stored delta, so that nothing is read back.

Checkpoints do not travel: they may be large, and only whoever goes on with an execution needs them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.engine.state import StepState
from domain.executions.records import ExecutionChange, ExecutionDelta, ExecutionRecord, Progress, StepChange, StepRecord
from domain.kernel.errors import LimitExceeded
from domain.kernel.fast_values import fast_init


@fast_init
@dataclass(frozen=True, slots=True)
class Stored:
    """The store's answer to a delta: the change's sequence, the workflow, and the counts of the execution's batches.

    `stopped` are steps of batches that an end has cancelled (None: it is not known which). The change of a batch is one
    of the execution that it belongs to, at that one's sequence: `parent` is that change, still without steps.
    """

    sequence: int
    workflow_id: UUID | None
    items: Progress | None = None
    stopped: tuple[StepRecord, ...] | None = ()
    parent: ExecutionChange | None = None


def changes_of(stored: Sequence[tuple[ExecutionDelta, Stored]]) -> list[ExecutionChange]:
    """The changes that committed deltas make, at the sequences that they were given."""
    return [change_of(delta, answer) for delta, answer in stored]


def change_of(delta: ExecutionDelta, stored: Stored) -> ExecutionChange:
    """The change that a committed delta makes."""
    return ExecutionChange(
        execution_id=delta.execution_id,
        workflow_id=stored.workflow_id,
        sequence=stored.sequence,
        status=delta.status,
        progress=delta.progress if stored.items is None else sum_of(delta.progress, stored.items),
        started_at=delta.started_at,
        finished_at=delta.finished_at,
        output=delta.output,
        error=delta.error,
        waiting_for=delta.waiting_for,
        steps=None
        if stored.stopped is None
        else (*_records(delta.execution_id, stored.sequence, delta.steps), *stored.stopped),
    )


def parent_changes_of(stored: Sequence[tuple[ExecutionDelta, Stored]]) -> list[ExecutionChange]:
    """The changes that committed deltas of batches make: one for each execution and sequence."""
    changes: dict[tuple[UUID, int], ExecutionChange] = {}
    for delta, answer in stored:
        parent = answer.parent
        if parent is None:
            continue
        key = parent.execution_id, answer.sequence
        steps = _records(parent.execution_id, answer.sequence, delta.steps)
        known = changes.get(key, parent)
        changes[key] = replace(known, steps=(*(known.steps or ()), *steps))
    return list(changes.values())


def check_changed(count: int, most: int | None) -> None:
    """Raise `LimitExceeded` where more than `most` steps have changed, too many for one answer (None: no limit)."""
    if most is not None and count > most:
        raise LimitExceeded(
            f"More than {most:,} steps of this execution have changed (STEPGRAPH_MAX_ROWS), and are not told at once:"
            " page through execution.steps, and follow it from there on with afterSequence, the execution's sequence."
        )


def snapshot_of(execution: ExecutionRecord, *, since: int, steps: tuple[StepRecord, ...]) -> ExecutionChange:
    """One change with all that happened to an execution after the sequence `since`, as it stands now."""
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


def shown(state: StepState) -> StepState:
    """A step as it travels to subscribers: without its checkpoint."""
    return state if state.checkpoint is None else replace(state, checkpoint=None)


def sum_of(own: Progress, items: Progress) -> Progress:
    """The sum of an execution's own counts and those of its batches."""
    return Progress(
        total=own.total + items.total,
        completed=own.completed + items.completed,
        failed=own.failed + items.failed,
        running=own.running + items.running,
        ended=own.ended + items.ended,
    )


def _records(execution_id: UUID, sequence: int, steps: Iterable[StepChange]) -> Iterable[StepRecord]:
    for step in steps:
        yield StepRecord(execution_id=execution_id, position=step.position, sequence=sequence, state=shown(step.state))
