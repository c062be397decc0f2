"""Going on after a step has ended: the steps that start, the blocks that are done, and the way a failure takes.

Everything here adds to a `DecisionBuilder`. A step that ends well may end its block, which may end the step that the
block is in; a step that fails may take its block with it, and so on outwards until something tolerates the failure.
"""

from collections.abc import Iterable
from dataclasses import replace

from domain.engine.actions import CloseContainer, EvaluateOutput, ResolveItem, RunStep
from domain.engine.containers import join_of
from domain.engine.decision_builder import DecisionBuilder, id_of
from domain.engine.facts import (
    BlockEnded,
    BlockOpened,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionTimedOut,
    FailureHandlingStarted,
    OutputRequested,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from domain.engine.outcomes import Failed
from domain.engine.state import BlockState, ContainerState
from domain.engine.stopping import stop_block, stop_blocks_of
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import Block, CompiledStep
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import PARALLEL, Join

MOST_FAILURES_SHOWN = 10


def start_steps(builder: DecisionBuilder, prefix: str, steps: Iterable[CompiledStep]) -> None:
    """Start these steps of a block, unless the execution is paused."""
    if builder.is_paused:
        return
    for step in steps:
        path = f"{prefix}.{step.id}" if prefix else step.id
        builder.facts.append(StepStarted(path, 1, builder.now))
        builder.commands.append(RunStep(path, 1))


def open_block(builder: DecisionBuilder, prefix: str, block: Block, owner: str | None, key: str | int) -> None:
    """Begin a block with the steps that depend on nothing."""
    builder.facts.append(BlockOpened(prefix, owner, key))
    start_steps(builder, prefix, (step for step in block.steps.values() if not step.depends_on))


def step_ended(builder: DecisionBuilder, path: str) -> None:
    """Count a step as ended, well or with a failure that was tolerated: start the steps that waited for it alone."""
    around = builder.block_around(path)
    steps = around.block.steps
    ready: list[CompiledStep] = []
    for id in steps[id_of(path)].dependants:
        left = around.unmet.get(id)
        if (len(steps[id].depends_on) if left is None else left) == 1:
            ready.append(steps[id])
    if ready:
        start_steps(builder, around.prefix, ready)
    elif around.ended + 1 == len(steps):
        _block_done(builder, around)


def step_failed(builder: DecisionBuilder, path: str, outcome: Failed, input: JsonValue = None) -> None:
    """Handle a step that has failed for good: find what tolerates the failure, from the step itself outwards."""
    step = builder.definition.step(path)
    builder.facts.append(StepFailed(path, builder.now, outcome, input))
    handler = step.handler
    if step.on_error_continue:
        step_ended(builder, path)
    elif handler is not None:
        open_block(builder, f"{path}.{HANDLER}", handler, path, HANDLER)
    else:
        _block_failed(builder, builder.block_around(path), located(outcome.error, path), path)


def located(error: StepError, path: str) -> StepError:
    """The error with the path of the innermost step that it came from."""
    return error if error.path is not None else replace(error, path=path)


def open_pending(builder: DecisionBuilder, container: ContainerState, *, freed: int = 0) -> None:
    """Begin as many of a container's blocks as there is room for; `freed` places have just become free.

    An item keeps its place until its result has been computed.
    """
    if builder.is_paused:
        return
    room = container.limit - len(container.active) - len(container.unresolved) + freed
    for key, _ in zip(container.pending, range(room), strict=False):
        open_block(builder, container.prefix_of(key), container.block_of(key), container.path, key)


def item_failed(builder: DecisionBuilder, container: ContainerState, index: int, error: StepError) -> bool:
    """True when one more failed item is more than the loop tolerates; then it fails, or ends where it is a batch."""
    if container.failures + 1 <= container.tolerated:
        return False
    stop_blocks_of(builder, container, except_key=index)
    fail_loop(builder, container, index, error, container.failures + 1)
    return True


def fail_loop(builder: DecisionBuilder, container: ContainerState, index: int, error: StepError, failures: int) -> None:
    """Fail a loop of which too many items have failed; `index` and `error` are those of the item that was too many."""
    if builder.state.batch is not None and builder.state.batch.path == container.path:
        builder.commands.append(CloseContainer(container.path))
        return
    known = {key: known for key, known in container.outcomes.items() if known is not None}
    first = {**dict(list(known.items())[: MOST_FAILURES_SHOWN - 1]), index: error}
    shown: list[JsonValue] = [{"index": key, "error": failure.to_json()} for key, failure in first.items()]
    details: dict[str, JsonValue] = {"failed": failures, "tolerated": container.tolerated, "failures": shown}
    message = f"{failures} of {container.size} items failed; {container.tolerated} are tolerated. {error.message}"
    failure = StepError(code=FailureCode.STEP_FAILED, message=message, path=error.path, details=details)
    step_failed(builder, container.path, Failed(error=failure))


def fail_execution(builder: DecisionBuilder, error: StepError, *, is_timeout: bool = False) -> None:
    """Handle a failure that nothing has tolerated: run `onFailure` where there is one, and end."""
    on_failure = builder.definition.on_failure
    if on_failure is not None and builder.state.failure is None:
        builder.facts.append(FailureHandlingStarted(builder.now, error, is_timeout))
        open_block(builder, FAILURE_HANDLER, on_failure, None, FAILURE_HANDLER)
    else:
        end_failed(builder, error, is_timeout=is_timeout)


def end_failed(builder: DecisionBuilder, error: StepError, *, is_timeout: bool) -> None:
    """End the execution with an error."""
    ended = ExecutionTimedOut if is_timeout else ExecutionFailed
    builder.facts.append(ended(builder.now, error))


def finish(builder: DecisionBuilder) -> None:
    """End an execution whose steps have all ended, or have its output evaluated first."""
    definition = builder.definition
    if definition.output is None:
        last = definition.root.last
        known = builder.state.steps.get(last)
        for fact in reversed(builder.facts):
            if isinstance(fact, StepCompleted) and fact.path == last:
                builder.facts.append(ExecutionCompleted(builder.now, fact.outcome.output))
                return
        if known is not None and known.status.is_terminal and definition.root.steps[last].handler is None:
            builder.facts.append(ExecutionCompleted(builder.now, known.output))
            return
    builder.facts.append(OutputRequested(builder.now))
    builder.commands.append(EvaluateOutput())


def _block_done(builder: DecisionBuilder, block: BlockState) -> None:
    """Handle the end of all steps of a block."""
    state = builder.state
    if block.owner is None:
        if state.failure is not None:
            end_failed(builder, state.failure, is_timeout=state.is_timeout)
        else:
            finish(builder)
        return
    builder.facts.append(BlockEnded(block.prefix))
    if block.key == HANDLER:
        step_ended(builder, block.owner)
    else:
        _went_on(builder, state.containers[block.owner], block.key, None)


def _block_failed(builder: DecisionBuilder, block: BlockState, error: StepError, failed_path: str) -> None:
    """Handle the failure of a step that nothing inside of its block tolerates."""
    state = builder.state
    stop_block(builder, block, except_path=failed_path)
    if block.owner is None:
        if state.failure is not None:
            end_failed(builder, state.failure, is_timeout=state.is_timeout)
        else:
            fail_execution(builder, error)
        return
    builder.facts.append(BlockEnded(block.prefix, error))
    if block.key == HANDLER:
        _block_failed(builder, builder.block_around(block.owner), error, block.owner)
    else:
        _went_on(builder, state.containers[block.owner], block.key, error)


def _went_on(builder: DecisionBuilder, container: ContainerState, key: str | int, error: StepError | None) -> None:
    """Handle the end of one of a container's blocks: end or fail the container, or begin further blocks."""
    if container.step.kind is FOR_EACH:
        assert isinstance(key, int)
        _item_ended(builder, container, key, error)
    elif container.step.kind is PARALLEL:
        _branch_ended(builder, container, key, error)
    elif error is None:
        builder.commands.append(CloseContainer(container.path))
    else:
        step_failed(builder, container.path, Failed(error=error))


def _branch_ended(builder: DecisionBuilder, container: ContainerState, key: str | int, error: StepError | None) -> None:
    join = join_of(container.step)
    is_last = not container.pending and len(container.active) == 1
    if join is Join.ALL and error is not None:
        stop_blocks_of(builder, container, except_key=key)
        step_failed(builder, container.path, Failed(error=error))
    elif join is Join.ANY and error is None:
        stop_blocks_of(builder, container, except_key=key)
        builder.commands.append(CloseContainer(container.path))
    elif join is Join.ANY and error is not None and is_last:
        which = f"All {container.size} branches" if container.size > 1 else "The only branch"
        message = f"{which} failed. {error.message}"
        branches: dict[str, JsonValue] = {
            str(name): known.to_json() for name, known in container.outcomes.items() if known is not None
        }
        failed = StepError(
            code=FailureCode.STEP_FAILED,
            message=message,
            path=error.path,
            details={"branches": {**branches, str(key): error.to_json()}},
        )
        step_failed(builder, container.path, Failed(error=failed))
    elif is_last:
        builder.commands.append(CloseContainer(container.path))
    else:
        open_pending(builder, container, freed=1)


def _item_ended(builder: DecisionBuilder, container: ContainerState, index: int, error: StepError | None) -> None:
    if error is not None and item_failed(builder, container, index, error):
        return
    if error is None and container.step.result is not None:
        builder.commands.append(ResolveItem(container.path, index))
        return
    if not container.pending and len(container.active) == 1 and not container.unresolved:
        builder.commands.append(CloseContainer(container.path))
        return
    open_pending(builder, container, freed=1)
