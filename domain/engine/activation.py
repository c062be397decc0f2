"""Starting or continuing an execution after a claim or a pause. Everything is found from the state."""

from domain.engine.actions import CloseContainer, ResolveItem, RunBatch, RunStep
from domain.engine.containers import items_in
from domain.engine.decision_builder import Draft
from domain.engine.facts import ExecutionResumed, ExecutionStarted, SignalConsumed
from domain.engine.scheduling import end_failed, fail_loop, finish, open_block, open_pending, start_steps
from domain.engine.sharding import batches_of, runnable_batches
from domain.engine.signals import consumer_of, resume
from domain.engine.state import BlockState, ContainerState
from domain.kernel.statuses import ExecutionStatus, StepType
from domain.workflows.graph import FAILURE_HANDLER
from domain.workflows.steps import Join, ParallelConfig


def activated(draft: Draft) -> None:
    """Start from the beginning, or go on: attempts that a lost worker was running are run again under their number."""
    state = draft.state
    if state.status is ExecutionStatus.PENDING:
        _begin(draft)
        return
    draft.commands += [RunStep(path, state.steps[path].attempt) for path in sorted(state.running)]
    _go_on(draft)


def resumed(draft: Draft) -> None:
    """Start the steps that a pause has held back."""
    state = draft.state
    if state.paused_at is None:
        return
    bounded = tuple(path for path in state.containers if path in state.steps and state.steps[path].due_at is not None)
    draft.facts.append(ExecutionResumed(draft.now, draft.now - state.paused_at, bounded))
    draft.is_paused = False
    if state.started_at is None:
        _begin(draft)
    else:
        _go_on(draft)
        _take_signals(draft)


def _begin(draft: Draft) -> None:
    definition, state, now = draft.definition, draft.state, draft.now
    deadline = None if definition.timeout is None else now + definition.timeout
    draft.facts.append(ExecutionStarted(at=now, deadline_at=deadline))
    if state.batch is not None or state.steps:
        _go_on(draft)  # a batch, or a retry that begins with what was done before
    else:
        start_steps(draft, "", (step for step in definition.root.steps.values() if not step.depends_on))


def _go_on(draft: Draft) -> None:
    state = draft.state
    for block in list(state.blocks.values()):
        _start_unstarted(draft, block)
    for container in state.containers.values():
        _continue(draft, container)
    root, failing = state.blocks.get(""), state.blocks.get(FAILURE_HANDLER)
    if state.failure is not None:
        if failing is None and draft.definition.on_failure is not None:
            open_block(draft, FAILURE_HANDLER, draft.definition.on_failure, None, FAILURE_HANDLER)
        elif failing is None or failing.is_done:
            end_failed(draft, state.failure, is_timeout=state.is_timeout)
    elif root is not None and root.is_done:
        finish(draft)


def _start_unstarted(draft: Draft, block: BlockState) -> None:
    """Start the steps of an open block that nothing holds back and that have not been reached."""
    steps = draft.state.steps
    ready = (
        step
        for step in block.block.steps.values()
        if block.unmet.get(step.id, len(step.depends_on)) == 0 and block.path_of(step.id) not in steps
    )
    start_steps(draft, block.prefix, ready)


def _continue(draft: Draft, container: ContainerState) -> None:
    """Add the commands for an open container that its own blocks do not lead to."""
    if container.spread is not None:
        items = items_in(draft.state.steps[container.path].checkpoint)
        draft.commands += [RunBatch(range) for range in runnable_batches(container, items)]
        if len(container.ended_batches) == batches_of(container):
            draft.commands.append(CloseContainer(container.path))
        return
    draft.commands += [ResolveItem(container.path, index) for index in sorted(container.unresolved)]
    if container.failures > container.tolerated and container.step.type is StepType.FOR_EACH:
        index, error = next((key, error) for key, error in container.outcomes.items() if error is not None)
        assert isinstance(index, int)
        fail_loop(draft, container, index, error, container.failures)
    elif _is_won(container) or not (container.pending or container.active or container.unresolved):
        draft.commands.append(CloseContainer(container.path))
    else:
        open_pending(draft, container)


def _is_won(container: ContainerState) -> bool:
    """True when a branch of a PARALLEL with join ANY has succeeded."""
    config = container.step.config
    if not isinstance(config, ParallelConfig) or config.join is not Join.ANY:
        return False
    return any(error is None for error in container.outcomes.values())


def _take_signals(draft: Draft) -> None:
    """Give the signals that came during the pause to the steps that wait for them."""
    taken: set[str] = set()
    for signal in draft.state.signals:
        step = consumer_of(draft.state, signal)
        if step is not None and step.path not in taken:
            taken.add(step.path)
            draft.facts.append(SignalConsumed(signal))
            resume(draft, step.path, step.attempt, step.checkpoint, signal)
