"""Open containers as the engine sees them: made from a step's configuration and its checkpoint."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import cast

from domain.engine.sharding import sharding_in
from domain.engine.state import ContainerState, ItemRange
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import CompiledStep
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.parallel import Join, ParallelConfig


def new_container(step: CompiledStep, path: str, checkpoint: Mapping[str, JsonValue]) -> ContainerState:
    """The container at `path` before any of its blocks has begun."""
    match step.config:
        case ParallelConfig(branches=branches, max_concurrency=limit):
            names = [branch.name for branch in branches]
            return ContainerState(
                path=path, step=step, limit=limit or len(names), size=len(names), pending=deque(names)
            )
        case ForEachConfig() as config:
            size = len(items_in(checkpoint))
            sharding = sharding_in(checkpoint)
            return ContainerState(
                path=path,
                step=step,
                limit=config.max_concurrency,
                size=size,
                tolerated=tolerated_failures(config, size),
                sharding=sharding,
                pending=deque() if sharding is not None else deque(range(size)),
            )
        case _:
            return ContainerState(path=path, step=step, limit=1, size=1, pending=deque([str(checkpoint["branch"])]))


def batch_container(step: CompiledStep, range_: ItemRange) -> ContainerState:
    """The part of a loop that a batch runs."""
    first, size = range_.first, len(range_.items)
    return ContainerState(
        path=range_.path,
        step=step,
        limit=range_.concurrency,
        first=first,
        size=size,
        tolerated=range_.tolerated,
        pending=deque(range(first, first + size)),
        share=range_.share * size,
    )


def items_in(checkpoint: JsonValue) -> Sequence[JsonValue]:
    """The items of the loop that left this checkpoint."""
    return cast("Sequence[JsonValue]", cast("Mapping[str, JsonValue]", checkpoint)["items"])


def tolerated_failures(config: ForEachConfig, size: int) -> int:
    """The number of items that may fail: the larger of the two bounds that the step sets."""
    percent = config.tolerated_failure_percent
    return max(config.tolerated_failures, 0 if percent is None else int(size * percent / 100))


def join_of(step: CompiledStep) -> Join:
    """The condition under which a PARALLEL is done."""
    return cast("ParallelConfig", step.config).join
