"""Progress: the share of an execution that each step is, the share that has ended, and the number of known steps.

The whole is shared out equally among the steps of the workflow's own block; the share of a container among its
branches or items, and theirs among their steps. A loop that unfolds late takes nothing away from what has ended.
Handlers have no share: the step whose failure they handle has it, and has ended when they have.
"""

from collections.abc import Collection, Iterable

from domain.engine.decision_builder import prefix_of
from domain.engine.state import BlockState, ContainerState, ExecutionState, StepState
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import CompiledStep, Definition
from domain.workflows.documents.graph import EACH, FAILURE_HANDLER, HANDLER
from domain.workflows.steps.conditional import CONDITIONAL
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import PARALLEL
from domain.workflows.steps.registry import CONTAINERS


def share_of_step(state: ExecutionState, path: str) -> float:
    """The share of a step in an open block, 0 to 1; 0 outside of one."""
    block = state.blocks.get(prefix_of(path))
    return 0.0 if block is None else block.share / len(block.block.steps)


def share_of_block(container: ContainerState) -> float:
    """The share of one branch or item of an open container."""
    return container.share / container.size if container.size else 0.0


def count_share(state: ExecutionState, block: BlockState | None, amount: float) -> None:
    """Add `amount` to the ended share of a block, of all blocks around it, and of the execution."""
    if not amount:
        return  # as at the end of nearly every block, whose steps have counted it
    if amount > 0:
        known = min(state.ahead, amount)
        state.ahead -= known
        state.ended += amount - known
    pass_on(state, block, amount)


def pass_on(state: ExecutionState, block: BlockState | None, amount: float) -> None:
    """Add `amount` to the ended share of a block and of those around it; the execution's own has counted it already."""
    while block is not None:
        block.done += amount
        container = None if block.owner is None else state.containers.get(block.owner)
        if container is None:
            return
        container.done += amount
        block = state.blocks.get(prefix_of(container.path))


def steps_inside(container: ContainerState) -> int:
    """The number of step executions in a container's blocks, for all its items at once; inner blocks add their own."""
    if container.step.kind is FOR_EACH:
        return container.size * len(container.step.blocks[EACH].steps)
    return sum(len(container.block_of(key).steps) for key in container.pending)


def known_steps(definition: Definition, steps: Iterable[StepState]) -> int:
    """The number of known step executions outside of the workflow's own block, once these steps have been reached.

    All that containers which were opened hold, whether or not it has begun, and handlers that have.
    """
    reached = list(steps)
    begun = {prefix_of(step.path) for step in reached} - {""}
    handling = (prefix for prefix in begun if prefix.rpartition(".")[2] in (HANDLER, FAILURE_HANDLER))
    inside = sum(
        _steps_of_container(definition.step(step.path), step, begun) for step in reached if step.type in CONTAINERS
    )
    return inside + sum(len(definition.block(prefix).steps) for prefix in handling)


def _steps_of_container(compiled: CompiledStep, step: StepState, begun: Collection[str]) -> int:
    blocks = {label: block for label, block in compiled.blocks.items() if label != HANDLER}
    match step.type, step.checkpoint:
        case FOR_EACH.name, {"items": [*items]}:
            return len(items) * len(blocks[EACH].steps)
        case CONDITIONAL.name, {"branch": str(branch)}:
            return len(blocks[branch].steps)
        case CONDITIONAL.name, _:
            return sum(len(block.steps) for label, block in blocks.items() if f"{step.path}.{label}" in begun)
        case PARALLEL.name, checkpoint if checkpoint is not None or step.status is StepStatus.COMPLETED:
            return sum(len(block.steps) for block in blocks.values())
        case _:
            return 0
