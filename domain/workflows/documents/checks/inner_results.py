"""The results of steps inside of other steps: the expression to read in place of an inner step."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MAX_DEPTH = 20

Found = Iterator[tuple[str, str]]


def inner_results(steps: Sequence[object]) -> Mapping[str, tuple[str, str]]:
    """The step of this (raw) block around each inner step, and the expression for its result, by the inner step's id.

    Of several with one id the first counts.
    """
    found: dict[str, tuple[str, str]] = {}
    for step in steps:
        outer = step.get("id") if isinstance(step, dict) else None
        if isinstance(step, dict) and isinstance(outer, str):
            for id, result in _inside(step, f"steps.{outer}.output", 1):
                found.setdefault(id, (outer, result))
    return found


def _inside(step: Mapping[Any, Any], output: str, depth: int) -> Found:
    """The ids inside of a step whose output is the expression `output`, each with the expression for its result."""
    if depth > _MAX_DEPTH:
        return
    config = step.get("config")
    config = config if isinstance(config, dict) else {}
    match step.get("type"):
        case "CONDITIONAL":
            for label in ("then", "else"):
                yield from _block(config.get(label), f"{output}.steps", depth)
        case "PARALLEL":
            for branch in _objects(config.get("branches")):
                yield from _block(branch.get("steps"), f"{output}.{branch.get('name')}", depth)
        case "FOR_EACH":
            for id, _ in _block(config.get("steps"), output, depth):
                yield id, f"{output}.results"
    handling = step.get("onError")
    if isinstance(handling, dict):
        for id, _ in _block(handling.get("steps"), output, depth):
            yield id, output


def _block(steps: object, outputs: str, depth: int) -> Found:
    for step in _objects(steps):
        id = step.get("id")
        if isinstance(id, str):
            yield id, f"{outputs}.{id}"
            yield from _inside(step, f"{outputs}.{id}", depth + 1)


def _objects(values: object) -> Iterator[Mapping[Any, Any]]:
    for value in values if isinstance(values, list | tuple) else ():
        if isinstance(value, dict):
            yield value
