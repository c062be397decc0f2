"""Values that JSON, PostgreSQL or UTF-8 cannot hold: found before anything else looks at them."""

import math
from collections.abc import Iterator

from domain.kernel.errors import Problem
from domain.kernel.first_problems import first_problems
from domain.kernel.json.text import JsonValue, dumps

MAX_NESTING = 200

_ESCAPED_NUL = "\\u0000"
_SMALLER = "Leave something out, or split it."


def json_problems(value: object, *, max_values: int) -> list[Problem]:
    """The problems of a `value` that is no JSON, the first hundred, or that it has more than `max_values` values.

    Values are scalars, arrays and objects.
    """
    if _is_fine(value, max_values):
        return []
    try:
        return first_problems(_found(value, max_values))
    except _TooManyValues:
        return [Problem(path=(), message=f"It holds more than {max_values:,} values.", hint=_SMALLER)]


class _TooManyValues(Exception):
    pass


def _found(value: object, max_values: int) -> Iterator[Problem]:
    """Every problem, lazily. Only values that have problems, or hold others, get a path, since most values are fine."""
    pending: list[tuple[tuple[str, ...], object]] = []
    seen = 1
    if _is_container(value):
        pending.append(((), value))
    else:
        yield from _scalar_problems(value, ())
    while pending:
        path, current = pending.pop()
        if len(path) >= MAX_NESTING:
            message = f"It is nested more than {MAX_NESTING} levels deep."
            yield Problem(path=path, message=message, hint="Make it flatter.")
            continue
        seen += len(current)  # type: ignore[arg-type]
        if seen > max_values:
            raise _TooManyValues
        if isinstance(current, dict):
            for key in current:
                if type(key) is not str or not _is_fine_text(key):
                    yield from _key_problems(key, path)
            members = ((key, member) for key, member in current.items() if isinstance(key, str))
        else:
            members = enumerate(current)  # type: ignore[arg-type, assignment]
        for key, member in members:
            if _is_container(member):
                pending.append(((*path, _printable(str(key))), member))
            elif not _is_fine_scalar(member):
                yield from _scalar_problems(member, (*path, _printable(str(key))))


def _is_container(value: object) -> bool:
    return isinstance(value, dict | list | tuple)


def _is_fine_scalar(value: object) -> bool:
    kind = type(value)
    if kind is str:
        return _is_fine_text(value)  # type: ignore[arg-type]
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    return kind is int or kind is bool or value is None


def _scalar_problems(value: object, path: tuple[str, ...]) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _text_problems(value, path, "The string")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Problem(path=path, message=f"JSON has no {value}.", hint="Write null or a string.")
    elif value is not None and not isinstance(value, bool | int):
        message = f"A {type(value).__name__} is not a JSON value."
        yield Problem(path=path, message=message, hint="In YAML, put it in quotes.")


def _key_problems(key: object, path: tuple[str, ...]) -> Iterator[Problem]:
    if isinstance(key, str):
        yield from _text_problems(key, path, "The key")
    else:
        message = f"The key {key!r} is not a string."
        yield Problem(path=path, message=message, hint="In YAML, put it in quotes.")


def _is_fine(value: object, max_values: int) -> bool:
    """True when there is certainly no problem: seen level by level, without a path for each value."""
    level, depth, seen = [value], 0, 0
    while level:
        seen += len(level)
        if seen > max_values:
            return False
        following: list[object] = []
        for current in level:
            kind = type(current)
            if kind is str:
                if not _is_fine_text(current):  # type: ignore[arg-type]
                    return False
            elif kind is dict:
                if depth >= MAX_NESTING:
                    return False
                for key in current:  # type: ignore[attr-defined]
                    if type(key) is not str or not _is_fine_text(key):
                        return False
                following.extend(current.values())  # type: ignore[attr-defined]
            elif kind is list or kind is tuple:
                if depth >= MAX_NESTING:
                    return False
                following.extend(current)  # type: ignore[arg-type]
            elif kind is float:
                if not math.isfinite(current):  # type: ignore[arg-type]
                    return False
            elif current is not None and kind is not int and kind is not bool:
                return False
        level, depth = following, depth + 1
    return True


def _is_fine_text(text: str) -> bool:
    if "\0" in text:
        return False
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def payload_problems(value: JsonValue, *, max_bytes: int, what: str) -> list[Problem]:
    """The problems of a payload that may be large and is nearly always fine, also that its text is over `max_bytes`."""
    try:
        text = dumps(value)
    except ValueError:
        return json_problems(value, max_values=max_bytes) or [_no_json(what)]
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        return [too_large(len(text.encode()), max_bytes, what)]
    if _ESCAPED_NUL in text or "null" in text:  # NaN is written as null
        return json_problems(value, max_values=max_bytes)
    return []


def too_large(size: int, max_bytes: int, what: str) -> Problem:
    """The problem that something is larger than allowed; sizes are in bytes."""
    return Problem(path=(), message=f"The {what} has {size:,} bytes; {max_bytes:,} are allowed.", hint=_SMALLER)


def _no_json(what: str) -> Problem:
    return Problem(path=(), message=f"The {what} is no JSON value.", hint="Strings, numbers, arrays and objects only.")


def _text_problems(text: str, path: tuple[str, ...], what: str) -> Iterator[Problem]:
    if "\0" in text:
        yield Problem(path=path, message=f"{what} holds U+0000, which cannot be stored.", hint="Take it out.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        message = f"{what} holds half of a surrogate pair, which is no character."
        yield Problem(path=path, message=message, hint="Send UTF-8, or both halves.")


def _printable(key: str) -> str:
    """A key as it may stand in a path that is sent as UTF-8."""
    return key.encode(errors="replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")
