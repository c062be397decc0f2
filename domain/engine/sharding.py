"""Cutting of large loops into batches for all workers: which loops, of what size, and which batches may run."""

from collections.abc import Iterator, Mapping, Sequence

from domain.engine.state import ContainerState, ExecutionState, ItemRange, Spread
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.steps.for_each import ForEachConfig

FEWEST_ITEMS = 400
"""The fewest items of a loop that is cut; shorter ones are run by one worker, as cutting costs more than it gains."""

_MOST_LANES = 8
_FEWEST_IN_BATCH = 50
_MOST_IN_BATCH = 250
_BATCHES_PER_LANE = 4


def spread_of(definition: Definition, state: ExecutionState, step: CompiledStep, path: str, size: int) -> Spread | None:
    """The division into batches of the loop at `path` with `size` items; None where it stays with its execution.

    It stays where it is short, where its items go one by one, where it is inside another loop, and where its steps
    wait for something that is sent to the execution.
    """
    config = step.config
    assert isinstance(config, ForEachConfig)
    if size < FEWEST_ITEMS or config.max_concurrency < 2 or "[" in path or state.batch is not None:
        return None
    if any(inner.kind.awaits_message(inner.config) for block in step.blocks.values() for inner in _steps_in(block)):
        return None
    lanes = min(config.max_concurrency, _MOST_LANES)
    even = -(-size // (lanes * _BATCHES_PER_LANE))
    batch_size = max(_FEWEST_IN_BATCH, min(_MOST_IN_BATCH, even))
    return Spread(batch_size=batch_size, lanes=min(lanes, -(-size // batch_size)))


def spread_in(checkpoint: Mapping[str, JsonValue]) -> Spread | None:
    """The division into batches in a loop's checkpoint; None for none."""
    match checkpoint.get("spread"):
        case {"batchSize": int(batch_size), "lanes": int(lanes)}:
            return Spread(batch_size=batch_size, lanes=lanes)
        case _:
            return None


def spread_json(spread: Spread) -> JsonValue:
    """A division into batches as JSON: `{batchSize, lanes}`."""
    return {"batchSize": spread.batch_size, "lanes": spread.lanes}


def runnable_batches(container: ContainerState, items: Sequence[JsonValue]) -> Iterator[ItemRange]:
    """The first batch on each lane that has not ended."""
    spread = container.spread
    assert spread is not None
    count = batches_of(container)
    for lane in range(spread.lanes):
        number = next((n for n in range(lane, count, spread.lanes) if n not in container.ended_batches), None)
        if number is not None:
            yield batch(container, items, number)


def next_on_lane(container: ContainerState, items: Sequence[JsonValue], number: int) -> ItemRange | None:
    """The batch that follows batch `number` on its lane."""
    spread = container.spread
    assert spread is not None
    following = number + spread.lanes
    return batch(container, items, following) if following < batches_of(container) else None


def batches_of(container: ContainerState) -> int:
    """The number of batches of a loop that is spread."""
    assert container.spread is not None
    return -(-container.size // container.spread.batch_size)


def batch(container: ContainerState, items: Sequence[JsonValue], number: int) -> ItemRange:
    """Batch `number` of a loop, with its lane's share of the loop's concurrency."""
    spread = container.spread
    assert spread is not None
    first = number * spread.batch_size
    lane = number % spread.lanes
    share, rest = divmod(container.limit, spread.lanes)
    return ItemRange(
        path=container.path,
        first=first,
        items=tuple(items[first : first + spread.batch_size]),
        concurrency=share + (lane < rest),
        tolerated=container.tolerated,
        share=container.share / container.size,
    )


def _steps_in(block: Block) -> Iterator[CompiledStep]:
    for step in block.steps.values():
        yield step
        for inner in step.blocks.values():
            yield from _steps_in(inner)
