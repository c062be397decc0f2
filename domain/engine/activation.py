"""Starting or continuing an execution after a claim or a pause. Everything is found from the state."""

from domain.engine.actions import CloseContainer, ResolveItem, RunBatch, RunStep
from domain.engine.containers import items_in
from domain.engine.decision_builder import DecisionBuilder
from domain.engine.facts import ExecutionResumed, ExecutionStarted, SignalConsumed
from domain.engine.scheduling import end_failed, fail_loop, finish, open_block, open_pending, start_steps
from domain.engine.sharding import batches_of, runnable_batches
from domain.engine.signals import consumer_of, resume
from domain.engine.state import BlockState, ContainerState
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.documents.graph import FAILURE_HANDLER
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import Join, ParallelConfig


def activated(builder: DecisionBuilder) -> None:
    """Start from the beginning, or go on: attempts that a lost worker was running are run again under their number."""
    state = builder.state
    if state.status is ExecutionStatus.PENDING:
        _begin(builder)
        return
    builder.commands += [RunStep(path, state.steps[path].attempt) for path in sorted(state.running)]
    _go_on(builder)


def resumed(builder: DecisionBuilder) -> None:
    """Start the steps that a pause has held back."""
    state = builder.state
    if state.paused_at is None:
        return
    bounded = tuple(path for path in state.containers if path in state.steps and state.steps[path].due_at is not None)
    builder.facts.append(ExecutionResumed(builder.now, builder.now - state.paused_at, bounded))
    builder.is_paused = False
    if state.started_at is None:
        _begin(builder)
    else:
        _go_on(builder)
        _take_signals(builder)


def _begin(builder: DecisionBuilder) -> None:
    definition, state, now = builder.definition, builder.state, builder.now
    deadline = None if definition.timeout is None else now + definition.timeout
    builder.facts.append(ExecutionStarted(at=now, deadline_at=deadline))
    if state.batch is not None or state.steps:
        _go_on(builder)  # a batch, or a retry that begins with what was done before
    else:
        start_steps(builder, "", (step for step in definition.root.steps.values() if not step.depends_on))


def _go_on(builder: DecisionBuilder) -> None:
    state = builder.state
    for block in list(state.blocks.values()):
        _start_unstarted(builder, block)
    for container in state.containers.values():
        _continue(builder, container)
    root, failing = state.blocks.get(""), state.blocks.get(FAILURE_HANDLER)
    if state.failure is not None:
        if failing is None and builder.definition.on_failure is not None:
            open_block(builder, FAILURE_HANDLER, builder.definition.on_failure, None, FAILURE_HANDLER)
        elif failing is None or failing.is_done:
            end_failed(builder, state.failure, is_timeout=state.is_timeout)
    elif root is not None and root.is_done:
        finish(builder)


def _start_unstarted(builder: DecisionBuilder, block: BlockState) -> None:
    """Start the steps of an open block that nothing holds back and that have not been reached."""
    steps = builder.state.steps
    ready = (
        step
        for step in block.block.steps.values()
        if block.unmet.get(step.id, len(step.depends_on)) == 0 and block.path_of(step.id) not in steps
    )
    start_steps(builder, block.prefix, ready)


def _continue(builder: DecisionBuilder, container: ContainerState) -> None:
    """Add the commands for an open container that its own blocks do not lead to."""
    if container.sharding is not None:
        items = items_in(builder.state.steps[container.path].checkpoint)
        builder.commands += [RunBatch(range) for range in runnable_batches(container, items)]
        if len(container.ended_batches) == batches_of(container):
            builder.commands.append(CloseContainer(container.path))
        return
    builder.commands += [ResolveItem(container.path, index) for index in sorted(container.unresolved)]
    if container.failures > container.tolerated and container.step.kind is FOR_EACH:
        index, error = next((key, error) for key, error in container.outcomes.items() if error is not None)
        assert isinstance(index, int)
        fail_loop(builder, container, index, error, container.failures)
    elif _is_won(container) or not (container.pending or container.active or container.unresolved):
        builder.commands.append(CloseContainer(container.path))
    else:
        open_pending(builder, container)


def _is_won(container: ContainerState) -> bool:
    """True when a branch of a PARALLEL with join ANY has succeeded."""
    config = container.step.config
    if not isinstance(config, ParallelConfig) or config.join is not Join.ANY:
        return False
    return any(error is None for error in container.outcomes.values())


def _take_signals(builder: DecisionBuilder) -> None:
    """Give the signals that came during the pause to the steps that wait for them."""
    taken: set[str] = set()
    for signal in builder.state.signals:
        step = consumer_of(builder.state, signal)
        if step is not None and step.path not in taken:
            taken.add(step.path)
            builder.facts.append(SignalConsumed(signal))
            resume(builder, step.path, step.attempt, step.checkpoint, signal)
