"""Folding of facts about blocks and containers into the state. Only `StepOpened` is stored: step rows tell the rest."""

from dataclasses import replace
from heapq import heappush
from typing import assert_never

from domain.engine.containers import new_container
from domain.engine.decision_builder import prefix_of
from domain.engine.facts import BatchDone, BlockEnded, BlockOpened, ItemResolved, StepOpened
from domain.engine.shares import count_share, pass_on, share_of_block, share_of_step, steps_inside
from domain.engine.state import BlockState, ContainerState, ExecutionState
from domain.engine.step_evolution import count_end
from domain.kernel.failures import StepError
from domain.workflows.definitions.definition import Definition

BlockFact = StepOpened | BlockOpened | BlockEnded | ItemResolved | BatchDone


def evolve_block(state: ExecutionState, definition: Definition, fact: BlockFact) -> None:
    """Fold a fact about a block into the state."""
    match fact:
        case BlockOpened():
            _open_block(state, definition, fact)
        case BlockEnded():
            _end_block(state, definition, fact)
        case StepOpened():
            _open_container(state, definition, fact)
        case ItemResolved():
            _resolve_item(state.containers[fact.loop], fact)
        case BatchDone():
            _end_batch(state, state.containers[fact.loop], fact)
        case _:
            assert_never(fact)


def _open_container(state: ExecutionState, definition: Definition, fact: StepOpened) -> None:
    path = fact.path
    before = state.steps[path]
    state.steps[path] = replace(before, checkpoint=fact.checkpoint, due_at=fact.due_at, input=fact.input)
    container = state.containers[path] = new_container(definition.step(path), path, fact.checkpoint)
    container.share = share_of_step(state, path)
    state.total += steps_inside(container)
    state.running.discard(path)
    if container.sharding is not None:
        state.sharded.add(path)
    if fact.due_at is not None:
        heappush(state.timers, (fact.due_at, path))


def _open_block(state: ExecutionState, definition: Definition, fact: BlockOpened) -> None:
    block = definition.block(fact.prefix)
    opened = BlockState(prefix=fact.prefix, block=block, owner=fact.owner, key=fact.key)
    state.blocks[fact.prefix] = opened
    container = None if fact.owner is None else state.containers.get(fact.owner)
    if container is None:  # a handler
        state.total += len(block.steps)
    else:
        opened.share = share_of_block(container)
        container.pending.remove(fact.key)
        container.active[fact.key] = fact.prefix


def _end_block(state: ExecutionState, definition: Definition, fact: BlockEnded) -> None:
    block = state.blocks.pop(fact.prefix)
    owner = block.owner
    assert owner is not None
    count_share(state, block, block.share - block.done)
    container = state.containers.get(owner)
    if container is None:  # a handler
        if fact.error is None:
            count_end(state, owner)
        return
    del container.active[block.key]
    end_key(container, block.key, fact.error)


def end_key(container: ContainerState, key: str | int, error: StepError | None) -> None:
    """Note that one of a container's blocks has ended."""
    container.outcomes[key] = error
    if error is not None:
        container.failures += 1
    elif isinstance(key, int) and container.step.result is not None:
        container.unresolved.add(key)


def _resolve_item(container: ContainerState, fact: ItemResolved) -> None:
    container.unresolved.discard(fact.index)
    if fact.error is None:
        container.results[fact.index] = fact.result
    else:
        container.outcomes[fact.index] = fact.error
        container.failures += 1


def _end_batch(state: ExecutionState, container: ContainerState, fact: BatchDone) -> None:
    sharding = container.sharding
    assert sharding is not None
    number = fact.first // sharding.batch_size
    if number not in container.ended_batches:  # what it has done was counted while it ran
        container.ended_batches.add(number)
        amount = min(sharding.batch_size, container.size - fact.first) * share_of_block(container)
        container.done += amount
        pass_on(state, state.blocks.get(prefix_of(container.path)), amount)
    for offset, result in enumerate(fact.results):
        container.results[fact.first + offset] = result
        container.outcomes[fact.first + offset] = None
    for index, error in fact.failures.items():
        container.outcomes[index] = error
    container.failures += len(fact.failures)
