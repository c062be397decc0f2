"""Finding of the step of a workflow document that a place in it belongs to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from domain.kernel.errors import Problem

_BLOCKS = frozenset({"steps", "then", "else", "onFailure"})
"""The members that hold steps."""


def with_steps(document: object, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems of a raw document, each with the id of the innermost step that it is in."""
    for problem in problems:
        step = step_at(document, problem.path)
        yield problem if step is None else replace(problem, step_id=step)


def step_at(document: object, path: Iterable[str]) -> str | None:
    """The id of the innermost step around a place; None outside of steps, and in a step without a usable id."""
    current, found, block = document, None, ""
    for part in path:
        if isinstance(current, Mapping):
            current, block = current.get(part), part
        elif isinstance(current, list) and part.isdecimal() and int(part) < len(current):
            current = current[int(part)]
            if block in _BLOCKS and isinstance(current, Mapping):
                id = current.get("id")
                found = id if isinstance(id, str) and id else None
        else:
            break
    return found
