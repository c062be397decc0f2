"""Steps that have not been reached yet (PENDING), with the reason; and the reason for which an execution does not run.

They have no rows. They are found from the definition: every step of the workflow's own block, and of blocks in
containers that are open, that has no row. The items of loops are not among them, for they may be very many.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.engine.state import StepState, WaitReason
from domain.executions.records import ExecutionRecord, StepFilter, StepRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.documents.graph import HANDLER
from domain.workflows.steps.conditional import CONDITIONAL
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import PARALLEL, ParallelConfig

_ENDED_WELL = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED})


def waiting_for(execution: ExecutionRecord, now: datetime | None = None) -> WaitReason | None:
    """The reason for which an execution as a whole does not run; None when it runs or has ended.

    With `now`, one whose time to start has come waits for a worker.
    """
    stored = execution.waiting_for
    match execution.status:
        case ExecutionStatus.PAUSED:
            return stored if stored is not None and stored.kind is WaitKind.PAUSED else WaitReason(kind=WaitKind.PAUSED)
        case ExecutionStatus.PENDING:
            if stored is not None and stored.until is not None and (now is None or stored.until > now):
                return stored
            return WaitReason(kind=WaitKind.CONCURRENCY if execution.is_queued else WaitKind.WORKER)
        case ExecutionStatus.WAITING:
            return stored
        case _:
            return None


def observable_paths(definition: Definition) -> Sequence[str]:
    """The paths of all steps that may be PENDING at some time: those outside of loops and of handlers."""
    return [step.path for step in _steps_of(definition.root)]


def _steps_of(block: Block) -> Iterator[CompiledStep]:
    for step in block.steps.values():
        yield step
        if step.kind is not FOR_EACH:
            for label, inner in step.blocks.items():
                if label != HANDLER:
                    yield from _steps_of(inner)


def pending_steps(
    definition: Definition, execution: ExecutionRecord, statuses: Mapping[str, StepStatus], now: datetime
) -> list[StepRecord]:
    """The steps that may still be reached, in document order.

    `statuses` are those of the `observable_paths` that have a row. There are none once the execution has ended, or is
    ending: then `onFailure` runs, and nothing else will.
    """
    if execution.status.is_terminal or execution.is_ending:
        return []
    return list(_Pending(execution.id, statuses, _idle_reason(execution, now)).in_block(definition.root, None))


def _idle_reason(execution: ExecutionRecord, now: datetime) -> WaitReason:
    """The reason for which a step that nothing else holds back does not run."""
    if execution.status in (ExecutionStatus.PENDING, ExecutionStatus.PAUSED):
        reason = waiting_for(execution, now)
        assert reason is not None
        return reason
    return WaitReason(kind=WaitKind.WORKER)


class _Pending:
    def __init__(self, execution_id: UUID, statuses: Mapping[str, StepStatus], idle: WaitReason) -> None:
        self._execution_id = execution_id
        self._statuses = statuses
        self._idle = idle

    def in_block(self, block: Block, held_back: WaitReason | None) -> Iterator[StepRecord]:
        """The steps of a block, and of open containers in it. `held_back` is the reason for which it has not begun."""
        for step in block.steps.values():
            status = self._statuses.get(step.path)
            if status is None:
                unmet = [id for id in step.depends_on if not self._has_ended(block.steps[id])]
                yield self._record(step, _after(unmet) if unmet else held_back or self._idle)
            elif status is StepStatus.RUNNING and step.is_container:
                for inner in self._open_blocks(step):
                    has_begun = self._has_begun(inner)
                    yield from self.in_block(inner, None if has_begun else self._turn_of(step))

    def _open_blocks(self, step: CompiledStep) -> Iterator[Block]:
        blocks = (block for label, block in step.blocks.items() if label != HANDLER)
        if step.kind is PARALLEL:
            yield from blocks
        elif step.kind is CONDITIONAL:
            yield from (block for block in blocks if self._has_begun(block))

    def _has_begun(self, block: Block) -> bool:
        return any(step.path in self._statuses for step in block.steps.values())

    def _has_ended(self, step: CompiledStep) -> bool:
        status = self._statuses.get(step.path)
        return status in _ENDED_WELL or (status is StepStatus.FAILED and step.on_error_continue)

    def _turn_of(self, step: CompiledStep) -> WaitReason | None:
        """The reason for which a branch of an open container has not begun."""
        config = step.config
        if self._idle.kind is WaitKind.PAUSED or not isinstance(config, ParallelConfig):
            return None
        if config.max_concurrency is None or config.max_concurrency >= len(config.branches):
            return None
        return WaitReason(kind=WaitKind.CONCURRENCY, detail=f"{config.max_concurrency} at a time in {step.path}")

    def _record(self, step: CompiledStep, reason: WaitReason) -> StepRecord:
        state = StepState(
            path=step.path, step_id=step.id, type=step.type, status=StepStatus.PENDING, waiting_for=reason
        )
        return StepRecord(execution_id=self._execution_id, position=step.position, sequence=0, state=state)


def _after(ids: Sequence[str]) -> WaitReason:
    return WaitReason(kind=WaitKind.DEPENDENCY, detail=f"after {', '.join(ids)}")


def matching(records: Sequence[StepRecord], filter: StepFilter) -> list[StepRecord]:
    """The records that match a filter."""
    return [
        record
        for record in records
        if (filter.statuses is None or record.state.status in filter.statuses)
        and (filter.types is None or record.state.type in filter.types)
        and (filter.path_prefix is None or record.state.path.startswith(filter.path_prefix))
    ]


def merged(
    stored: Page[StepRecord], pending: Sequence[StepRecord], *, first: int, after: str | None
) -> Page[StepRecord]:
    """One page of both: `stored` is the page of rows of the same size and beginning, `pending` all that match.

    A step that has got its row meanwhile is shown by its row.
    """
    last = stored.rows[-1].position if stored.has_next else None
    paths = {record.state.path for record in stored.rows}
    among = [
        record
        for record in pending
        if (after is None or record.position > after)
        and (last is None or record.position < last)
        and record.state.path not in paths
    ]
    if not among:
        return stored
    rows = sorted((*stored.rows, *among), key=lambda record: record.position)
    return Page(rows=tuple(rows[:first]), has_next=stored.has_next or len(rows) > first)
