"""Step kinds from outside: what installed distributions name as entry points of the group `stepgraph.step_kinds`."""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from domain.kernel.errors import InvalidStepKind
from domain.workflows.fields.members import members_of
from domain.workflows.steps.kind import AnyKind, Effect, StepConfig, StepKind

GROUP = "stepgraph.step_kinds"

_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", re.ASCII)
_MAX_NAME = 32
_REFERENCE = re.compile(r"[\w.]+:[\w.]+")


def installed_kinds(known: Mapping[str, AnyKind]) -> Iterator[AnyKind]:
    """The kinds of all installed distributions, by name. `known` are those that ship, whose names are taken.

    Raises `InvalidStepKind` for the first that cannot be used.
    """
    taken = {kind.name: "Stepgraph" for kind in known.values()}
    members = {kind.input_member: kind.name for kind in known.values()}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        origin = _origin_of(point)
        kind = _loaded(point, origin)
        fault = _fault_of(kind, point.name)
        if kind.name in taken:
            fault = f"{taken[kind.name]} has one of that name"
        elif members.get(kind.input_member, kind.name) != kind.name:
            fault = f"GraphQL would call it {kind.input_member}, as it does {members[kind.input_member]}"
        if fault is not None:
            raise InvalidStepKind(f"The step kind {point.name} of {origin} cannot be used: {fault}. {_remedy(origin)}")
        taken[kind.name] = origin
        members[kind.input_member] = kind.name
        yield kind


def _loaded(point: EntryPoint, origin: str) -> AnyKind:
    try:
        found = point.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InvalidStepKind(
            f"The step kind {point.name} of {origin} cannot be loaded from {point.value}: {reason}. {_remedy(origin)}"
        ) from error
    if not isinstance(found, StepKind):
        raise InvalidStepKind(
            f"The step kind {point.name} of {origin} cannot be used: {point.value} is no instance of StepKind. "
            f"{_remedy(origin)}"
        )
    return found


def _fault_of(kind: AnyKind, name: str) -> str | None:
    """The reason why a kind cannot be used, as a clause; None for one that can."""
    if getattr(kind, "name", None) != name:
        return f"it calls itself {getattr(kind, 'name', None)!r}"
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        return f"a name is at most {_MAX_NAME} capital letters and digits, in words joined by _"
    config = getattr(kind, "config", None)
    if not isinstance(config, type) or not issubclass(config, StepConfig):
        return "its config is no subclass of StepConfig"
    if kind.is_container or any(member.is_block for member in members_of(config).values()):
        return "only the kinds that ship hold steps"
    if kind.effect is Effect.CHILD:
        return "only the kinds that ship start executions"
    for reference in (getattr(kind, "executor", None), kind.graphql_input):
        if reference is not None and not _REFERENCE.fullmatch(reference):
            return f"{reference!r} does not name an object as module:name"
    return None if getattr(kind, "executor", None) else "it names no executor"


def _origin_of(point: EntryPoint) -> str:
    return "an unnamed distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _remedy(origin: str) -> str:
    return f"Install another release of {origin.split(' ', maxsplit=1)[0]}, or uninstall it."
