"""Cancelling of unfinished steps: of one block, of one container, or of everything."""

from domain.engine.actions import StopStep
from domain.engine.decision_builder import DecisionBuilder
from domain.engine.facts import BlockEnded, StepCancelled
from domain.engine.state import BlockState, ContainerState
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Block
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER
from domain.workflows.steps.kind import Effect

STOPPED = StepError(code=FailureCode.CANCELLED, message="What this step belonged to ended before it did.")


def stop_everything(builder: DecisionBuilder) -> None:
    """Cancel whatever runs or waits in the execution, inner steps before outer ones."""
    for prefix in ("", FAILURE_HANDLER):
        block = builder.state.blocks.get(prefix)
        if block is not None:
            stop_block(builder, block)
    if builder.state.batch is not None:
        stop_blocks_of(builder, builder.state.containers[builder.state.batch.path])


def stop_block(builder: DecisionBuilder, block: BlockState, *, except_path: str | None = None) -> None:
    """Cancel the steps of a block that run or wait."""
    _stop_steps(builder, block.block, block.prefix, except_path)


def stop_blocks_of(builder: DecisionBuilder, container: ContainerState, *, except_key: str | int | None = None) -> None:
    """Cancel the blocks of a container that have not ended."""
    if container.sharding is not None:
        builder.commands.append(StopStep(container.path))
    for key, prefix in container.active.items():
        if key != except_key:
            _stop_steps(builder, container.block_of(key), prefix, None)
            builder.facts.append(BlockEnded(prefix, STOPPED))


def _stop_steps(builder: DecisionBuilder, block: Block, prefix: str, except_path: str | None) -> None:
    state = builder.state
    for id in block.steps:
        path = f"{prefix}.{id}" if prefix else id
        step = state.steps.get(path)
        if step is None or path == except_path:
            continue
        container = state.containers.get(path)
        if container is not None:
            stop_blocks_of(builder, container)
            builder.facts.append(StepCancelled(path, builder.now, STOPPED))
        elif step.status is StepStatus.RUNNING or step.status is StepStatus.WAITING:
            builder.facts.append(StepCancelled(path, builder.now, STOPPED))
            if step.status is StepStatus.RUNNING or block.steps[id].kind.effect is Effect.CHILD:
                builder.commands.append(StopStep(path))
        elif step.status is StepStatus.FAILED:
            handler = state.blocks.get(f"{path}.{HANDLER}")
            if handler is not None:
                stop_block(builder, handler)
                builder.facts.append(BlockEnded(handler.prefix, STOPPED))
