"""Cutting of large loops into batches for all workers: which loops, of what size, and which batches may run."""

from collections.abc import Iterator, Mapping, Sequence

from domain.engine.state import ContainerState, ExecutionState, ItemRange, Sharding
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import Block, CompiledStep, Definition
from domain.workflows.steps.for_each import ForEachConfig

FEWEST_ITEMS = 400
"""The fewest items of a loop that is cut; shorter ones are run by one worker, as cutting costs more than it gains."""

_MOST_SHARDS = 8
_FEWEST_IN_BATCH = 50
_MOST_IN_BATCH = 250
_BATCHES_PER_SHARD = 4


def sharding_of(
    definition: Definition, state: ExecutionState, step: CompiledStep, path: str, size: int
) -> Sharding | None:
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
    shards = min(config.max_concurrency, _MOST_SHARDS)
    even = -(-size // (shards * _BATCHES_PER_SHARD))
    batch_size = max(_FEWEST_IN_BATCH, min(_MOST_IN_BATCH, even))
    return Sharding(batch_size=batch_size, shards=min(shards, -(-size // batch_size)))


def sharding_in(checkpoint: Mapping[str, JsonValue]) -> Sharding | None:
    """The division into batches in a loop's checkpoint; None for none."""
    match checkpoint.get("spread"):
        case {"batchSize": int(batch_size), "lanes": int(shards)}:
            return Sharding(batch_size=batch_size, shards=shards)
        case _:
            return None


def sharding_json(sharding: Sharding) -> JsonValue:
    """A division into batches as the JSON of a checkpoint: `{batchSize, lanes}`, where lanes are shards."""
    return {"batchSize": sharding.batch_size, "lanes": sharding.shards}


def runnable_batches(container: ContainerState, items: Sequence[JsonValue]) -> Iterator[ItemRange]:
    """The first batch on each shard that has not ended."""
    sharding = container.sharding
    assert sharding is not None
    count = batches_of(container)
    for shard in range(sharding.shards):
        number = next((n for n in range(shard, count, sharding.shards) if n not in container.ended_batches), None)
        if number is not None:
            yield batch(container, items, number)


def next_on_shard(container: ContainerState, items: Sequence[JsonValue], number: int) -> ItemRange | None:
    """The batch that follows batch `number` on its shard."""
    sharding = container.sharding
    assert sharding is not None
    following = number + sharding.shards
    return batch(container, items, following) if following < batches_of(container) else None


def batches_of(container: ContainerState) -> int:
    """The number of batches of a sharded loop."""
    assert container.sharding is not None
    return -(-container.size // container.sharding.batch_size)


def batch(container: ContainerState, items: Sequence[JsonValue], number: int) -> ItemRange:
    """Batch `number` of a loop, with its shard's share of the loop's concurrency."""
    sharding = container.sharding
    assert sharding is not None
    first = number * sharding.batch_size
    shard = number % sharding.shards
    share, rest = divmod(container.limit, sharding.shards)
    return ItemRange(
        path=container.path,
        first=first,
        items=tuple(items[first : first + sharding.batch_size]),
        concurrency=share + (shard < rest),
        tolerated=container.tolerated,
        share=container.share / container.size,
    )


def _steps_in(block: Block) -> Iterator[CompiledStep]:
    for step in block.steps.values():
        yield step
        for inner in step.blocks.values():
            yield from _steps_in(inner)
