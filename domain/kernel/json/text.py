"""Conversion of JSON text to values and back, with every integer kept exactly.

orjson is the fast path; integers beyond 64 bits, which it rounds or refuses, go through the standard library.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

_DIGITS_AS_ZEROS = bytes(ord("0" if byte in b"0123456789" else " ") for byte in range(256))
_MAYBE_BIG_INTEGER = b"0" * 19
"""As many digits in a row as the smallest integer has that may be beyond 64 bits. A pattern takes ten times as long."""


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
    data = text.encode() if isinstance(text, str) else text
    if _MAYBE_BIG_INTEGER not in data.translate(_DIGITS_AS_ZEROS):
        value: JsonValue = orjson.loads(data)
        return value
    orjson.loads(data)  # the strict grammar and the depth limit decide; the standard library is laxer
    exact: JsonValue = json.loads(data)
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
