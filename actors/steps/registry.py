"""The executor of each step kind, made of a worker's parts as the kind says."""

from collections.abc import Iterable, Mapping
from pkgutil import resolve_name

from actors.steps.parts import MakeExecutor, StepParts
from domain.executions.step_executor import StepExecutor
from domain.workflows.steps.kind import AnyKind
from domain.workflows.steps.registry import step_kinds


def step_executors(parts: StepParts, kinds: Iterable[AnyKind] | None = None) -> Mapping[str, StepExecutor]:
    """The executors of these kinds, by default of all, by the kinds' names."""
    chosen = step_kinds().values() if kinds is None else kinds
    return {kind.name: _maker_of(kind)(parts) for kind in chosen}


def _maker_of(kind: AnyKind) -> MakeExecutor:
    maker: MakeExecutor = resolve_name(kind.executor)
    return maker
