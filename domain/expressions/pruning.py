"""Cutting data down to the paths that an expression reads."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from domain.kernel.json.text import JsonValue

#: The names that are kept, each with what is kept of its value; an empty shape keeps the whole value.
_Shape: TypeAlias = "dict[str, _Shape]"


def cut_to(
    data: Mapping[str, JsonValue],
    paths: frozenset[tuple[str, ...]],
    *,
    through_arrays: bool,
    whole: Callable[[Any], Any] | None = None,
) -> dict[str, JsonValue]:
    """The data without the parts that none of `paths` leads to; it shares with `data` whatever it keeps whole.

    A path leads through an array into each of its items. They are cut only on demand, since that takes longer than
    writing and reading them whole. `whole` gives what stands for a value that is kept whole.
    """
    shape = _shape_of(paths)
    return {name: _cut(data[name], inner, through_arrays, whole) for name, inner in shape.items() if name in data}


@lru_cache(maxsize=2048)
def _shape_of(paths: frozenset[tuple[str, ...]]) -> _Shape:
    shape: _Shape = {}
    for path in sorted(paths, key=len, reverse=True):  # a shorter one comes last, and keeps what it names whole
        inner = shape
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = {}
    return shape


def _cut(value: Any, shape: _Shape, through_arrays: bool, whole: Callable[[Any], Any] | None) -> Any:
    if shape and isinstance(value, Mapping):
        return {name: _cut(value[name], inner, through_arrays, whole) for name, inner in shape.items() if name in value}
    if shape and through_arrays and isinstance(value, list | tuple):
        return [_cut(item, shape, through_arrays, whole) for item in value]
    return value if whole is None else whole(value)
