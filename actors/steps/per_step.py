"""Values that are made once for each step of a definition, and not once for each call."""

from collections.abc import Callable
from typing import Generic, TypeVar

from domain.workflows.definitions.definition import CompiledStep

Value = TypeVar("Value")

_MAX_KEPT = 4096


class PerStep(Generic[Value]):
    """Keeps the values that `build` makes of the steps that were met last."""

    def __init__(self, build: Callable[[CompiledStep], Value]) -> None:
        self._build = build
        self._kept: dict[int, tuple[CompiledStep, Value]] = {}

    def of(self, step: CompiledStep) -> Value:
        """The value of this step, made when it is first asked for. Raises what `build` raises."""
        found = self._kept.get(id(step))
        if found is not None:
            return found[1]
        value = self._build(step)
        if len(self._kept) >= _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[id(step)] = (step, value)  # the step stays alive, or its id could become another's
        return value
