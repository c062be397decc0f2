"""Rebuilding of a state from stored rows: the result equals that of the facts behind those rows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain.engine.block_evolution import end_key
from domain.engine.containers import batch_container, new_container
from domain.engine.sharding import sharding_in
from domain.engine.shares import count_share, known_steps, share_of_block, share_of_step
from domain.engine.state import BlockState, ContainerState, ExecutionState, ItemRange, StepState
from domain.engine.step_evolution import count_end, count_status, set_timers
from domain.engine.stopping import STOPPED
from domain.executions.projections import progress
from domain.executions.records import WHOLE, Claim, ExecutionRecord, StepChange, StepRecord
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.registry import CONTAINERS


def restore_claim(definition: Definition, claim: Claim) -> ExecutionState:
    """The state of a claimed execution, or of a claimed batch."""
    if not claim.execution.is_batch:
        state = restore(definition, claim.execution, claim.steps)
        state.carried = {step.path: step for step in claim.carried}
        return state
    assert isinstance(claim.execution.input, dict)
    range = ItemRange.from_json(claim.execution.input)
    state = _bare(claim.execution)
    state.batch = range
    state.carried = {step.path: step for step in claim.carried}
    state.outer = {record.state.path: record.state for record in claim.outer}
    for record in claim.steps:
        state.steps[record.state.path] = record.state
    container = batch_container(definition.step(range.path), range)
    state.containers[range.path] = container
    _Rebuild(definition, state).everything(container)
    _keep_what_had_ended(state, claim.execution)
    return state


def restore(definition: Definition, execution: ExecutionRecord, steps: Iterable[StepRecord]) -> ExecutionState:
    """The state of an execution."""
    state = _bare(execution)
    for record in steps:
        state.steps[record.state.path] = record.state
    if execution.error is not None and not execution.status.is_terminal:
        state.failure = execution.error
        state.is_timeout = execution.error.code is FailureCode.TIMEOUT and execution.error.path is None
    _Rebuild(definition, state).everything(None)
    _keep_what_had_ended(state, execution)
    return state


def _keep_what_had_ended(state: ExecutionState, execution: ExecutionRecord) -> None:
    """Keep the share that was counted as ended: the rows of a failed execution no longer tell all of it."""
    state.ahead = max(0.0, execution.progress.ended / WHOLE - state.ended)
    state.ended += state.ahead


def ended_with(definition: Definition, kept: Iterable[StepChange]) -> int:
    """The share that has ended of an execution that begins with these steps, as `Progress.ended` counts it."""
    state = ExecutionState(execution_id=_NOBODY, status=ExecutionStatus.PENDING, created_at=_NEVER)
    state.steps = {change.state.path: change.state for change in kept}
    _Rebuild(definition, state).everything(None)
    return progress(state).ended


def _bare(execution: ExecutionRecord) -> ExecutionState:
    return ExecutionState(
        execution_id=execution.id,
        status=execution.status,
        created_at=execution.created_at,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        deadline_at=execution.deadline_at,
        output=execution.output,
        error=execution.error,
        signals=list(execution.signals),
        paused_at=execution.paused_at,
    )


class _Rebuild:
    """Finds open blocks and containers from the steps of a state, and counts."""

    def __init__(self, definition: Definition, state: ExecutionState) -> None:
        self._definition = definition
        self._state = state

    def everything(self, batch: ContainerState | None) -> None:
        state, definition = self._state, self._definition
        self._leave_out_items_of_batches()
        for step in state.steps.values():
            if step.status is StepStatus.WAITING:
                state.waiting.add(step.path)
            elif step.status is StepStatus.RUNNING and not (step.type in CONTAINERS and step.checkpoint is not None):
                state.running.add(step.path)
            elif step.status.is_terminal:
                count_status(state, step.status)
        if batch is not None:
            self._container_blocks(batch)
        elif state.failure is not None:
            if definition.on_failure is not None and self._is_begun(FAILURE_HANDLER, definition.on_failure):
                self._block(FAILURE_HANDLER, definition.on_failure, None, FAILURE_HANDLER)
        elif state.started_at is not None or state.steps:
            self._block("", definition.root, None, "")
        state.total = known_steps(definition, state.steps.values()) + self._steps_of_awaited_handlers()
        if batch is None:
            state.total += definition.total_steps
        set_timers(state)
        root = state.blocks.get("")
        state.finishing = root is not None and root.is_done

    def _steps_of_awaited_handlers(self) -> int:
        """The steps of handlers that are open and have no row yet: they were counted when they were opened."""
        return sum(
            len(opened.block.steps)
            for prefix, opened in self._state.blocks.items()
            if opened.key == HANDLER and not self._is_begun(prefix, opened.block)
        )

    def _leave_out_items_of_batches(self) -> None:
        """Leave out the steps of a loop that is spread: its batches count them."""
        state = self._state
        spread = tuple(
            f"{step.path}["
            for step in state.steps.values()
            if step.type == FOR_EACH.name and isinstance(step.checkpoint, dict) and sharding_in(step.checkpoint)
        )
        if spread:
            state.steps = {path: step for path, step in state.steps.items() if not path.startswith(spread)}

    def _is_begun(self, prefix: str, block: Block) -> bool:
        steps = self._state.steps
        return any((f"{prefix}.{id}" if prefix else id) in steps for id in block.steps)

    def _block(self, prefix: str, block: Block, owner: str | None, key: str | int) -> StepError | None:
        """Rebuild a block that has begun; returns the error it failed with, or None. It stays among the open ones."""
        state = self._state
        opened = state.blocks[prefix] = BlockState(prefix=prefix, block=block, owner=owner, key=key)
        container = None if owner is None else state.containers.get(owner)
        opened.share = (0.0 if prefix else 1.0) if container is None else share_of_block(container)
        failure: StepError | None = None
        for id, compiled in block.steps.items():
            path = opened.path_of(id)
            step = state.steps.get(path)
            if step is None:
                continue
            if step.status.is_terminal and isinstance(step.checkpoint, dict) and sharding_in(step.checkpoint):
                opened.partial[id] = share_of_step(state, path)  # its batches have counted it
            if step.status is StepStatus.COMPLETED or step.status is StepStatus.SKIPPED:
                count_end(state, path)
            elif step.status is StepStatus.FAILED:
                failure = self._failed_step(step, compiled) or failure
            elif step.status is StepStatus.CANCELLED:
                failure = failure or STOPPED
            elif compiled.is_container and isinstance(step.checkpoint, dict) and step.status is StepStatus.RUNNING:
                container = new_container(compiled, path, step.checkpoint)
                container.share = share_of_step(state, path)
                state.containers[path] = container
                if container.sharding is None:
                    self._container_blocks(container)
                else:
                    state.sharded.add(path)
        return failure

    def _failed_step(self, step: StepState, compiled: CompiledStep) -> StepError | None:
        """The error with which a failed step fails its block, None if it does not; a running handler stays open."""
        state, path = self._state, step.path
        error = step.error or STOPPED
        located = error if error.path is not None else replace(error, path=path)
        if compiled.on_error_continue:
            count_end(state, path)
            return None
        if compiled.handler is None:
            return located
        prefix = f"{path}.{HANDLER}"
        failure = self._block(prefix, compiled.handler, path, HANDLER)
        if failure is not None:
            del state.blocks[prefix]
            return failure
        if state.blocks[prefix].is_done:
            del state.blocks[prefix]
            count_end(state, path)
        return None

    def _container_blocks(self, container: ContainerState) -> None:
        state = self._state
        for key in list(container.pending):
            prefix, block = container.prefix_of(key), container.block_of(key)
            if not self._is_begun(prefix, block):
                continue
            container.pending.remove(key)
            failure = self._block(prefix, block, container.path, key)
            opened = state.blocks[prefix]
            if failure is not None or opened.is_done:
                count_share(state, opened, opened.share - opened.done)
                del state.blocks[prefix]
                end_key(container, key, failure)
            else:
                container.active[key] = prefix


_NOBODY, _NEVER = UUID(int=0), datetime.min.replace(tzinfo=UTC)
