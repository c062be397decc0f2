"""Conversion of JSON text to values and back, with every integer kept exactly.

orjson is the fast path; integers beyond 64 bits, which it rounds or refuses, go through the standard library.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

_MAYBE_BIG_INTEGER = re.compile(r"\d{19}")
_MAYBE_BIG_INTEGER_BYTES = re.compile(rb"\d{19}")


class JsonText:
    """JSON text that is not parsed, because it is only passed on: `dumps` writes it as it is.

    To parse a large value and to write it again takes a hundred times as long, and many times its size in memory.
    No dataclass: orjson would write that as an object.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def loads(text: str | bytes) -> JsonValue:
    """Parse strict JSON. Raises `ValueError` where the text is not JSON, is nested too deeply or is not UTF-8."""
    pattern_found = _MAYBE_BIG_INTEGER.search(text) if isinstance(text, str) else _MAYBE_BIG_INTEGER_BYTES.search(text)
    if pattern_found is None:
        value: JsonValue = orjson.loads(text)
        return value
    orjson.loads(text)  # the strict grammar and the depth limit decide; the standard library is laxer
    exact: JsonValue = json.loads(text)
    return exact


def dumps(value: "JsonValue | JsonText") -> str:
    """Compact JSON text. Raises `ValueError` for invalid values: non-string keys, lone surrogates, cycles."""
    try:
        return orjson.dumps(value, _as_it_is).decode()
    except orjson.JSONEncodeError:
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_parsed)
            text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"not a JSON value: {error}") from error
        return text


def _as_it_is(value: object) -> orjson.Fragment:
    if isinstance(value, JsonText):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _parsed(value: object) -> JsonValue:
    if isinstance(value, JsonText):
        return loads(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def is_same(one: JsonValue, other: JsonValue) -> bool:
    """True when two JSON values are equal: the order of keys does not count, and 1 is not `true`."""
    return canonical_text(one) == canonical_text(other)


def canonical_text(value: JsonValue) -> str:
    """The canonical text of a value, with sorted keys. Raises `ValueError` for values that JSON cannot hold."""
    return dumps(_sorted(value))


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
