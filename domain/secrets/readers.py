"""Readers of secrets: the workflows that read one, and the steps of their documents that do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.kernel.json.text import JsonValue
from domain.secrets.model import secrets_named_in
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER

_INNER = frozenset({"then", "else", "branches", "steps"})
"""The members of a container's configuration that hold steps."""
_CONTAINERS = frozenset({"CONDITIONAL", "PARALLEL", "FOR_EACH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReader:
    """A workflow whose newest version reads a secret. `paths`: of the steps that do, in the order of the document."""

    workflow_id: UUID
    name: str
    version: int
    paths: tuple[str, ...]


def steps_that_read(document: JsonValue) -> Mapping[str, tuple[str, ...]]:
    """The paths of the steps of a stored document that read a secret, by the secret's name.

    A path is that of the step in the graph: `loop.fetch`. It is empty where a text outside of all steps reads one.
    """
    found: dict[str, list[str]] = {}
    for path, part in _parts(document):
        for name in secrets_named_in(part):
            found.setdefault(name, []).extend([path] if path else [])
    return {name: tuple(paths) for name, paths in found.items()}


def _parts(document: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The path of each step with what is in it and in no step inside it; first, with no path, what is in no step."""
    if not isinstance(document, Mapping):
        return
    yield "", _without(document, ("steps", FAILURE_HANDLER))
    yield from _block(document.get("steps"), "")
    yield from _block(document.get(FAILURE_HANDLER), f"{FAILURE_HANDLER}.")


def _block(steps: JsonValue, prefix: str) -> Iterator[tuple[str, JsonValue]]:
    for step in steps if isinstance(steps, list | tuple) else ():
        if isinstance(step, Mapping):
            path = f"{prefix}{step.get('id')}"
            config, handler = step.get("config"), step.get("onError")
            is_container = isinstance(config, Mapping) and step.get("type") in _CONTAINERS
            own = _without(config, _INNER) if is_container else config
            yield path, [_without(step, ("config", "onError")), own, _without(handler, ("steps",))]
            if is_container:
                yield from _inner(config, path)
            if isinstance(handler, Mapping):
                yield from _block(handler.get("steps"), f"{path}.{HANDLER}.")


def _inner(config: JsonValue, path: str) -> Iterator[tuple[str, JsonValue]]:
    match config:
        case {"branches": list() | tuple() as branches}:
            for branch in branches:
                if isinstance(branch, Mapping):
                    yield from _block(branch.get("steps"), f"{path}.{branch.get('name')}.")
        case {"steps": steps}:
            yield from _block(steps, f"{path}.")
        case Mapping():
            yield from _block(config.get("then"), f"{path}.then.")
            yield from _block(config.get("else"), f"{path}.else.")
        case _:
            pass


def _without(value: JsonValue, members: frozenset[str] | tuple[str, ...]) -> JsonValue:
    if not isinstance(value, Mapping):
        return value
    return {name: each for name, each in value.items() if name not in members}
