"""The adapter of jlens, the engine that parses and evaluates JSONata: no other module knows it."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import NoneType
from typing import Any, Final

import jlens
import orjson

from domain.expressions.language import exact_times
from domain.expressions.language.exact_numbers import (
    IntegerError,
    StandIns,
    exact,
    guarded,
    literals_of,
    with_large_numbers,
)
from domain.expressions.language.exact_times import TimeError
from domain.expressions.language.large_integers import (
    EVERYTHING,
    LIMIT,
    Reach,
    TooManyError,
    growth_of,
    large_numbers,
    look_through,
    look_through_text,
)
from domain.expressions.language.literals import have_integers, large_literals
from domain.expressions.language.rewriting import rewritten
from domain.expressions.language.tokens import Kind, Token, tokenize
from domain.expressions.pruning import cut_to
from domain.kernel.json.text import JsonValue, dumps, loads

__all__ = ["EVERYTHING", "UNDEFINED", "EvaluationError", "Program", "SourceError", "Undefined", "is_function"]

_MAX_MESSAGE = 300
_MOST_VALUES = 100_000
_LONG_OR_EXPONENT = re.compile(r"[0-9]{16}|e\+")
_GROWING, _LARGE = Reach.GROWING, Reach.LARGE
_PLAIN = frozenset({str, bool, NoneType})
_PARSING = frozenset({"$number", "$parseInteger"})

# The limits of one evaluation: seconds, calls within calls, evaluated nodes, bytes, items, and bytes of JSON.
_TIMEOUT, _MAX_DEPTH, _MAX_STEPS = 0.02, 100, 100_000
_MAX_STRING, _MAX_ARRAY, _MAX_RESULT = 256 * 1024, 10_000, 1024 * 1024
_LIMITS: Final[Mapping[str, Any]] = {
    "timeout": _TIMEOUT,
    "max_depth": _MAX_DEPTH,
    "max_steps": _MAX_STEPS,
    "max_string_length": _MAX_STRING,
    "max_array_length": _MAX_ARRAY,
    "max_result_size": _MAX_RESULT,
}
#: The same in the sandbox, where any expression comes. The engine does not keep to all of them.
_SANDBOX_LIMITS: Final[Mapping[str, Any]] = {
    "timeout": 1.0,
    "max_depth": 200,
    "max_steps": 1_000_000,
    "max_string_length": 1024 * 1024,
    "max_array_length": 100_000,
    "max_result_size": 4 * 1024 * 1024,
}

_TIMED_OUT = "D1012"
_LIMIT_CODES = frozenset({_TIMED_OUT, "D1011", "D2014", "D2016", "U1001", "U1006"})
_UNREADABLE_INPUT = "U1004"
_REFUSED = "Refused"
_PANIC = "PanicException"  # of the engine's runtime, which has no name to import and is no `Exception`
_VARIABLE = re.compile(r"\$\w+")


class SourceError(ValueError):
    """The source cannot be parsed. `position` counts characters from 0."""

    def __init__(self, message: str, position: int | None) -> None:
        super().__init__(message)
        self.position = position


class EvaluationError(Exception):
    """The engine gave up on this data; `is_limit` is True when that was for its cost."""

    def __init__(self, message: str, *, is_limit: bool) -> None:
        super().__init__(message)
        self.is_limit = is_limit


class Undefined:
    """The type of `UNDEFINED`, which an expression gives that yields nothing. Null is a value, and is None."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class Program:
    """A parsed expression. Any number of threads may evaluate it at the same time.

    Integers are exact or refused, although JSONata has one kind of number, 64-bit floating point. As long as the data
    and whatever may be made of them are below 2^53, the engine evaluates the expression as it is; otherwise as it is
    `rewritten`, with `guarded` operators or, where the data hold larger integers, with stand-ins for these. 1.0 comes
    back as 1.
    """

    __slots__ = (
        "_exists",
        "_expression",
        "_growth",
        "_guarded",
        "_has_integers",
        "_has_times",
        "_literals",
        "_looked_at",
        "_source",
        "_tokens",
        "reads",
    )

    reads: frozenset[tuple[str, ...]]

    def __init__(self, source: str, tokens: Sequence[Token] | None = None) -> None:
        """`tokens` are those of the source, where they are known. Raises `SourceError`."""
        try:
            self._expression = jlens.Expression(source)
            jlens.Expression(_existence_of(source))  # for its errors only
            read = self._expression.reads().get("input")
        except jlens.JlensError as error:
            raise SourceError(_shortened(str(error)), _position_of(error)) from error
        except UnicodeEncodeError as error:
            raise SourceError("It holds half of a surrogate pair, which is no character.", error.start) from error
        self.reads = _paths(read)
        self._looked_at = tuple(() if path == EVERYTHING else path for path in _paths(read, counted=False))
        self._source = source
        self._tokens = tuple(tokenize(source) if tokens is None else tokens)
        self._has_times = exact_times.concerns(self._tokens)
        if self._has_times:
            self._expression = self._with_times(source, jlens.Expression)
        self._exists: jlens.Expression | None = None
        self._growth = growth_of(self._tokens)
        self._literals = large_literals(self._tokens)
        self._has_integers = bool(self._literals) and have_integers(self._tokens)
        self._guarded: tuple[jlens.Expression, jlens.Expression] | None = None

    def evaluate(
        self, data: Mapping[str, JsonValue], now: int | None = None, seed: int | None = None, *, is_last: bool = False
    ) -> "JsonValue | Undefined":
        """Its value, or `UNDEFINED`. `now` counts milliseconds since 1970; `is_last`: do not try a second time.

        Raises `EvaluationError`, also where an integer beyond 2^53 would be rounded.
        """
        try:
            return self._evaluate(data, now, seed)
        except BaseException as error:
            code, message = _reason(error)
        # No longer within the handlers: the engine's errors hold the data they are about, and must not be kept.
        plain = _in_plain_containers(data) if code == _UNREADABLE_INPUT else data
        # The clock also counts what other threads and processes take, so it is believed the second time only.
        if not is_last and (code == _TIMED_OUT or plain is not data):
            return self.evaluate(plain, now, seed, is_last=True)
        raise EvaluationError(message, is_limit=code in _LIMIT_CODES)

    def evaluate_text(self, text: str, now: int, seed: int) -> str | None:
        """The value as JSON text, for data that are JSON text; None is nothing. Raises `EvaluationError`.

        Any expression may be evaluated, under generous limits and without a second try.
        """
        try:
            return self._evaluate_text(text, {**_SANDBOX_LIMITS, "now": now, "seed": seed})
        except BaseException as error:
            code, message = _reason(error)
        raise EvaluationError(message, is_limit=code in _LIMIT_CODES)

    def _evaluate(self, data: Mapping[str, JsonValue], now: int | None, seed: int | None) -> "JsonValue | Undefined":
        reach = look_through(data, self._looked_at, self._growth)
        if reach is _LARGE or self._has_integers:
            return self._evaluate_exactly(data, {**_LIMITS, "now": now, "seed": seed})
        is_growing = reach is _GROWING
        expression = self._guarded_pair()[0] if is_growing else self._expression
        try:
            # Of all calls of the engine nearly each is this one, and to unpack a mapping costs half as much as it does.
            value: JsonValue = expression.evaluate(
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
            if value is None:  # the engine gives None for nothing too
                exists = self._guarded_pair()[1] if is_growing else self._plain_exists()
                if not exists.evaluate(data, **_LIMITS, now=now, seed=seed):
                    return UNDEFINED
        except IntegerError:
            if not self._parses:
                raise
            return self._evaluate_exactly(data, {**_LIMITS, "now": now, "seed": seed})
        if value.__class__ not in _PLAIN and _may_be_large(value):
            self._refuse_made_numbers(value, data)
        return value

    def _evaluate_exactly(self, data: Mapping[str, JsonValue], options: Mapping[str, Any]) -> "JsonValue | Undefined":
        """Evaluate with stand-ins for the large integers."""
        read = data if EVERYTHING in self.reads else cut_to(data, self.reads, through_arrays=False)
        try:
            stand_ins = self._stand_ins(read, most=_MOST_VALUES)
        except TooManyError:
            message = f"it holds integers beyond 2^53 among more than {_MOST_VALUES:,} values."
            raise EvaluationError(message, is_limit=True) from None
        expression = rewritten(self._source, self._tokens, guards_operands=True)
        bindings, hidden = literals_of(expression, stand_ins), stand_ins.hidden(read)
        try:
            whole, exists = (
                self._with_times(source, lambda source: exact(source, stand_ins)) for source in _both(expression.source)
            )
            value: Any = whole.evaluate(hidden, bindings, **options)
            if value is None and not exists.evaluate(hidden, bindings, **options):
                return UNDEFINED
        except jlens.JlensError as error:
            raise _described(error, stand_ins) from None
        restored: JsonValue = stand_ins.restored(value)
        return restored

    def _evaluate_text(self, text: str, options: Mapping[str, Any]) -> str | None:
        reach = look_through_text(text, self._growth)
        if self._has_integers or (reach is _LARGE and large_numbers(loads(text), texts=self._parses)):
            return self._evaluate_text_exactly(text, options)
        is_bounded = self._growth is None or reach is Reach.FINE
        expression = self._expression if is_bounded else self._guarded_pair()[0]
        try:
            result: str | None = expression.evaluate_json(text, **options)
        except IntegerError:
            if not self._parses:
                raise
            return self._evaluate_text_exactly(text, options)
        if result is None or not _LONG_OR_EXPONENT.search(result):
            return result
        value = with_large_numbers(loads(result), float)  # of their digits, the engine writes only the first seventeen
        if not large_numbers(value):
            return result
        self._refuse_made_numbers(value, loads(text))
        return dumps(value)

    def _evaluate_text_exactly(self, text: str, options: Mapping[str, Any]) -> str | None:
        data = loads(text)
        stand_ins = self._stand_ins(data)
        expression = rewritten(self._source, self._tokens, guards_operands=True)
        bindings, hidden = literals_of(expression, stand_ins), dumps(stand_ins.hidden(data))
        try:
            whole = self._with_times(expression.source, lambda source: exact(source, stand_ins))
            result = whole.evaluate_json(hidden, bindings, **options)
        except jlens.JlensError as error:
            raise _described(error, stand_ins) from None
        return None if result is None else dumps(stand_ins.restored(loads(result)))

    @property
    def _parses(self) -> bool:
        """True when it may make integers from strings."""
        return any(token.text in _PARSING for token in self._tokens)

    def _stand_ins(self, data: JsonValue, most: int | None = None) -> StandIns:
        numbers = large_numbers(data, texts=self._parses, most=most)
        for token in self._tokens:
            if token.kind is Kind.STRING and self._parses:
                numbers |= large_numbers(token.text[1:-1], texts=True)
        return StandIns(numbers, self._literals)

    def _plain_exists(self) -> jlens.Expression:
        """The expression that tells whether it yields anything: few are asked, so it is compiled when one is."""
        if self._exists is None:
            self._exists = self._with_times(_existence_of(self._source), jlens.Expression)
        return self._exists

    def _guarded_pair(self) -> tuple[jlens.Expression, jlens.Expression]:
        """The guarded expression, and a guarded one that tells whether it yields anything."""
        if self._guarded is None:
            source = rewritten(self._source, self._tokens, guards_operands=False).source
            whole, exists = (self._with_times(each, guarded) for each in _both(source))
            self._guarded = whole, exists
        return self._guarded

    def _with_times(self, source: str, compile: Callable[[str], jlens.Expression]) -> jlens.Expression:
        """The compiled source, with functions for times that are right or fail where it uses any."""
        if not self._has_times:
            return compile(source)
        expression = compile(f"({exact_times.PROLOGUE}{source}\n)")
        exact_times.register(expression)
        return expression

    def _refuse_made_numbers(self, value: JsonValue, data: JsonValue) -> None:
        """Raise where a value has a number from 2^53 on that neither the data nor the expression have."""
        given = {abs(number) for number in large_numbers(data)}
        given |= {literal.given_back for literal in self._literals}
        if not {abs(number) for number in large_numbers(value)} <= given:
            raise IntegerError


def _both(source: str) -> tuple[str, str]:
    """The source of an expression, and of one that tells whether it yields anything."""
    return source, _existence_of(source)


def _existence_of(source: str) -> str:
    return f"$exists({source}\n)"


def _described(error: jlens.JlensError, stand_ins: StandIns) -> "EvaluationError":
    return EvaluationError(stand_ins.described(_shortened(str(error))), is_limit=error.code in _LIMIT_CODES)


def _may_be_large(value: object) -> bool:
    """True when a value is a number from 2^53 on, or holds one that is written without an exponent."""
    kind = value.__class__
    if kind is int or kind is float:
        return not -LIMIT < value < LIMIT  # type: ignore[operator]
    if kind is not dict and kind is not list:
        return False
    try:
        orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        return True
    return False


@lru_cache(maxsize=256)
def is_function(name: str) -> bool:
    """True when the language has a function of this name, such as `$sum`."""
    if _VARIABLE.fullmatch(name) is None:
        return False
    return jlens.Expression(f"$exists({name})").evaluate({}) is True


def _reason(error: BaseException) -> tuple[str, str]:
    """The code and the message of an engine's error; raises any other."""
    if isinstance(error, IntegerError | TimeError):
        return _REFUSED, str(error)
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


def _paths(read: Any, *, counted: bool = True) -> frozenset[tuple[str, ...]]:
    """The leaves of a report of `jlens.Expression.reads`: nested objects of names, `True` for a whole value.

    `counted`: those too that are only counted or found to be there, which are empty objects.
    """
    if read is None:
        return frozenset()
    found: set[tuple[str, ...]] = set()
    pending: list[tuple[tuple[str, ...], Any]] = [((), read)]
    while pending:
        path, inner = pending.pop()
        if inner is True or not inner:
            if counted or inner is True:
                found.add(path or EVERYTHING)
        else:
            pending += (((*path, name), deeper) for name, deeper in inner.items())
    return frozenset(found)


def _in_plain_containers(data: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The data in dicts and lists, the only containers that the engine reads; unchanged where they are in these."""
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
