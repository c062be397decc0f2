"""The one place that knows jlens, the engine that parses and evaluates JSONata."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, Final, cast

import jlens

from domain.json_text import JsonValue, dumps, loads

#: Stands among paths that are read for every root, where the engine cannot tell which.
EVERYTHING: Final = ("*",)

# From these on, not every integer is a 64-bit floating point number, the only kind that the engine has.
_MIN_EXACT, _MAX_EXACT = -(2**53), 2**53
_MAY_BE_LARGE = (int, float, dict, list)
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER, _EXPONENT = b"0" * len(str(_MAX_EXACT)), "e+"
_MAX_MESSAGE = 300

# What one evaluation may cost, in seconds, calls within calls, evaluated nodes, bytes, items, and bytes of JSON.
_TIMEOUT = 0.02
_MAX_DEPTH = 100
_MAX_STEPS = 100_000
_MAX_STRING = 256 * 1024
_MAX_ARRAY = 10_000
_MAX_RESULT = 1024 * 1024

# The same in the sandbox, where any expression comes. The engine does not keep to all of them.
_SANDBOX_TIMEOUT = 1.0
_SANDBOX_MAX_DEPTH = 200
_SANDBOX_MAX_STEPS = 1_000_000
_SANDBOX_MAX_STRING = 1024 * 1024
_SANDBOX_MAX_ARRAY = 100_000
_SANDBOX_MAX_RESULT = 4 * 1024 * 1024

_TIMED_OUT = "D1012"
_LIMIT_CODES = frozenset({_TIMED_OUT, "D1011", "D2014", "D2016", "U1001", "U1006"})
_UNREADABLE_INPUT = "U1004"
_PANIC = "PanicException"  # of the engine's runtime, which has no name to import and is no `Exception`
_VARIABLE = re.compile(r"\$\w+")


class SourceError(ValueError):
    """It cannot be parsed. `position` counts characters from 0."""

    def __init__(self, message: str, position: int | None) -> None:
        super().__init__(message)
        self.position = position


class EvaluationError(Exception):
    """The engine gave up on this data; `is_limit` says whether that was for its cost."""

    def __init__(self, message: str, *, is_limit: bool) -> None:
        super().__init__(message)
        self.is_limit = is_limit


class Undefined:
    """The type of `UNDEFINED`: what an expression yields that yields nothing. Null is a value, and is None."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class Program:
    """A parsed expression. Any number of threads may evaluate it at the same time."""

    __slots__ = ("_exists", "_expression", "reads")

    reads: frozenset[tuple[str, ...]]

    def __init__(self, source: str) -> None:
        """Raises `SourceError`."""
        try:
            self._expression = jlens.Expression(source)
            self._exists = jlens.Expression(f"$exists({source}\n)")
        except jlens.JlensError as error:
            raise SourceError(_shortened(str(error)), _position_of(error)) from error
        except UnicodeEncodeError as error:
            raise SourceError("It holds half of a surrogate pair, which is no character.", error.start) from error
        self.reads = _paths(self._expression.reads().get("input"))

    def evaluate(
        self, data: Mapping[str, JsonValue], now: int | None = None, seed: int | None = None, *, is_last: bool = False
    ) -> "JsonValue | Undefined":
        """Its value, or `UNDEFINED`. `now` counts milliseconds since 1970; `is_last`: do not try a second time.

        Raises `EvaluationError`, also where an integer of the data would come back as another one: JSONata has one
        kind of number, 64-bit floating point. For the same reason 1.0 comes back as 1.
        """
        try:
            value: JsonValue = self._expression.evaluate(
                data,
                timeout=_TIMEOUT,
                max_depth=_MAX_DEPTH,
                max_steps=_MAX_STEPS,
                max_string_length=_MAX_STRING,
                max_array_length=_MAX_ARRAY,
                max_result_size=_MAX_RESULT,
                now=now,
                seed=seed,
            )
            if value is None and not self._yields_null(data, now, seed):
                return UNDEFINED
            if value.__class__ in _MAY_BE_LARGE and (large := _large_integers(value)):
                self._refuse_rounded_integers(large, data)
        except BaseException as error:
            code, message = _reason(error)
        else:
            return value
        # No longer within the handlers: the engine's errors hold the data they are about, and must not be kept.
        plain = _in_plain_containers(data) if code == _UNREADABLE_INPUT else data
        # The clock also counts what other threads and processes take, so it is believed the second time only.
        if not is_last and (code == _TIMED_OUT or plain is not data):
            return self.evaluate(plain, now, seed, is_last=True)
        raise EvaluationError(message, is_limit=code in _LIMIT_CODES)

    def evaluate_text(self, text: str, now: int, seed: int) -> str | None:
        """The same where any expression may be evaluated, with generous limits and not tried a second time.

        The data and the value are JSON text; None is nothing.
        """
        try:
            result: str | None = self._expression.evaluate_json(
                text,
                timeout=_SANDBOX_TIMEOUT,
                max_depth=_SANDBOX_MAX_DEPTH,
                max_steps=_SANDBOX_MAX_STEPS,
                max_string_length=_SANDBOX_MAX_STRING,
                max_array_length=_SANDBOX_MAX_ARRAY,
                max_result_size=_SANDBOX_MAX_RESULT,
                now=now,
                seed=seed,
            )
        except BaseException as error:
            code, message = _reason(error)
        else:
            if result is None or not _may_hold_large_numbers(result):
                return result
            value = _in_full(loads(result))
            if large := _large_integers(value):
                self._refuse_rounded_integers(large, cast("Mapping[str, JsonValue]", loads(text)))
            return dumps(value)
        raise EvaluationError(message, is_limit=code in _LIMIT_CODES)

    def _yields_null(self, data: Mapping[str, JsonValue], now: int | None, seed: int | None) -> bool:
        """Whether it yields null rather than nothing; the engine gives None for both."""
        exists: bool = self._exists.evaluate(
            data,
            timeout=_TIMEOUT,
            max_depth=_MAX_DEPTH,
            max_steps=_MAX_STEPS,
            max_string_length=_MAX_STRING,
            max_array_length=_MAX_ARRAY,
            now=now,
            seed=seed,
        )
        return exists

    def _refuse_rounded_integers(self, large: Collection[int], data: Mapping[str, JsonValue]) -> None:
        """Raise if one of the `large` integers of a result is what another one of the data was rounded to."""
        for path in self.reads:
            for number in _large_integers(data if path == EVERYTHING else _looked_up(data, path)):
                if number not in large and _rounded(number) in large:
                    raise EvaluationError(
                        f"the integer {number} would be rounded to {_rounded(number)}, as JSONata counts in floating "
                        "point. A plain path keeps it exact; so does sending it as a string.",
                        is_limit=False,
                    )


@lru_cache(maxsize=256)
def is_function(name: str) -> bool:
    """Whether the language has a function of this name, such as `$sum`."""
    if _VARIABLE.fullmatch(name) is None:
        return False
    return jlens.Expression(f"$exists({name})").evaluate({}) is True


def _reason(error: BaseException) -> tuple[str, str]:
    """The code and the message of an error of the engine's; raises any other."""
    if isinstance(error, jlens.JlensError):
        return error.code, _shortened(str(error))
    if isinstance(error, ValueError):  # of the text that it is to read
        return _UNREADABLE_INPUT, _shortened(str(error))
    if type(error).__name__ != _PANIC:
        raise error
    return _PANIC, "the engine gave up"


def _position_of(error: jlens.JlensError) -> int | None:
    return error.position if error.start is None else error.start


def _shortened(message: str) -> str:
    # The engine may quote the value it stumbled on, megabytes of it.
    return message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}…"


def _paths(read: Any) -> frozenset[tuple[str, ...]]:
    """The leaves of what `jlens.Expression.reads` reports: nested objects of names, `True` for a whole value."""
    if read is None:
        return frozenset()
    found: set[tuple[str, ...]] = set()
    pending: list[tuple[tuple[str, ...], Any]] = [((), read)]
    while pending:
        path, inner = pending.pop()
        if inner is True or not inner:
            found.add(path or EVERYTHING)
        else:
            pending += (((*path, name), deeper) for name, deeper in inner.items())
    return frozenset(found)


def _may_hold_large_numbers(text: str) -> bool:
    """Whether JSON text has as many digits in a row as large integers have, or an exponent; it may be in a string."""
    return _LONG_NUMBER in text.encode().translate(_DIGITS_TO_ZEROS) or _EXPONENT in text


def _large_integers(value: object) -> set[int]:
    found: set[int] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif item.__class__ is int and not _MIN_EXACT < item < _MAX_EXACT:
            found.add(item)
        elif item.__class__ is float and not _MIN_EXACT < item < _MAX_EXACT and isfinite(item):
            found.add(int(item))
    return found


def _in_full(value: Any) -> Any:
    """The same with every digit of its large integers, of which the engine writes the first seventeen."""
    if isinstance(value, dict):
        return {name: _in_full(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_in_full(item) for item in value]
    if value.__class__ is int and not _MIN_EXACT < value < _MAX_EXACT:
        return int(float(value))
    return value


def _looked_up(value: object, path: tuple[str, ...]) -> object:
    """What lies at a path, or above it where the path goes on through arrays."""
    for name in path:
        if not isinstance(value, dict):
            return value
        value = value.get(name)
    return value


def _rounded(number: int) -> int:
    try:
        return int(float(number))
    except OverflowError:
        return 0


def _in_plain_containers(data: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The same in dicts and lists, the only objects and arrays that the engine reads; itself where it is in these."""
    try:
        plain: Mapping[str, JsonValue] = _plain(data)
    except RecursionError:  # deeper than JSON can be, or holding itself
        return data
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        members = {name: _plain(member) for name, member in value.items()}
        same = type(value) is dict and all(members[name] is member for name, member in value.items())
        return value if same else members
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        same = type(value) is list and all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    return value
