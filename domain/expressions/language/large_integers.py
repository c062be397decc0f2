"""Finding the integers that the engine would round, before an expression is evaluated.

The engine counts in 64-bit floating point, which has every integer up to 2^53 and only some of those beyond.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite, log10
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from domain.expressions.language.tokens import Kind, Token

LIMIT: Final = 2**53
"""The bound from which on an integer need not be its own nearest floating point number."""

EVERYTHING: Final = ("*",)
"""A path that stands for every root, among those that are read, where the engine cannot tell which."""

_DIGITS_OF_LIMIT = 15
_LONG = re.compile(r"[0-9]{16}")
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_ARRAY, _MOST_COLUMNS = 50, 3
_FEW_BYTES = 1_000
_REMEMBERED_FROM, _MOST_REMEMBERED = 500, 4
_INTEGER = re.compile(r"-?[0-9]{16,4000}")

_COUNTING = frozenset({"$count", "$length", "$round"})
_CLOCK = frozenset({"$millis", "$toMillis", "$now"})
_DIGITS_OF_COUNT, _DIGITS_OF_CLOCK = 7, 15
_SUMMING = frozenset({"$sum", "$average"})
_WITHOUT_BOUND = frozenset({"$number", "$power", "$parseInteger", "$reduce"})
_LAMBDAS = frozenset({"function", "λ"})


@dataclass(frozen=True, slots=True)
class Growth:
    """A bound on the growth of the integers that an expression makes, relative to those that it is given.

    They come to no more than the product of so many `factors`, times two for each of the `doublings`, times the number
    of items for each of the `sums`. `digits` are those of the longest integer that the expression itself brings along.
    """

    factors: int
    doublings: int
    sums: int
    digits: int
    ceiling: int = field(init=False)
    """The bound that a number must stay below if it is all of the data; 0 where none may be evaluated as it is."""
    digits_of_few: int = field(init=False)
    """The result of `digits_within` for `_FEW_BYTES`."""

    def __post_init__(self) -> None:
        digits = self.digits_within(0)
        object.__setattr__(self, "ceiling", 10**digits if digits > 0 else 0)
        object.__setattr__(self, "digits_of_few", self.digits_within(_FEW_BYTES))

    def digits_within(self, size: int) -> int:
        """The most digits that integers may have in data of `size` bytes of JSON; 0 where even few are too many."""
        spare = _DIGITS_OF_LIMIT - self.doublings * log10(2) - self.sums * log10(size + 1_000)
        digits = int(spare // self.factors)
        return digits if digits >= self.digits else 0


def growth_of(tokens: Sequence[Token]) -> Growth | None:
    """The growth of an expression; None for one that makes no integers from others, or only those that it was given.

    `factors` are more than any data allow where no bound is known: where a computed value is used again.
    """
    multiplications = additions = sums = digits = 0
    is_unbounded = follows_computed = has_large = divides = False
    opened: list[bool] = []  # for each bracket, whether what it encloses is computed, and not an index or condition
    before: Token | None = None
    for token in tokens:
        closes_computed = False
        match token.kind, token.text:
            case Kind.NUMBER, text:
                digits = max(digits, len(re.split("[.eE]", text)[0]), 16 if "e" in text.lower() else 0)
                has_large |= float(text) >= LIMIT
            case Kind.VARIABLE, name:
                sums += name in _SUMMING
                is_unbounded |= name in _WITHOUT_BOUND
                digits = max(digits, _DIGITS_OF_COUNT * (name in _COUNTING), _DIGITS_OF_CLOCK * (name in _CLOCK))
            case Kind.NAME, name if name in _LAMBDAS:
                is_unbounded = True
            case Kind.OPERATOR, "*":
                multiplications += 1
            case Kind.OPERATOR, ("/" | "%"):
                divides = True
            case Kind.OPERATOR, ("+" | "-"):
                additions += before is not None and not _opens_operand(before)
            case Kind.OPERATOR, (":=" | ".." | "@" | "#" | "~>" | "**"):
                is_unbounded = True
            case Kind.OPERATOR, ("[" | "(" | "{") as text:
                is_unbounded |= text != "(" and follows_computed
                opened.append(text != "[" or before is None or _opens_operand(before))
            case Kind.OPERATOR, ("]" | ")" | "}"):
                closes_computed = not opened or opened.pop()
            case Kind.OPERATOR, ".":
                is_unbounded |= follows_computed
        before, follows_computed = token, closes_computed
    has_any = multiplications or additions or sums or any(token.text in _WITHOUT_BOUND for token in tokens)
    if not has_any and not (has_large and divides):
        return None
    factors = _DIGITS_OF_LIMIT + 1 if is_unbounded else multiplications + 1
    return Growth(factors, additions, sums, digits)


class Reach(Enum):
    """The size of the integers that an evaluation has to do with."""

    FINE = "none comes near `LIMIT`"
    GROWING = "some that are made of those in the data may"
    LARGE = "the data hold some from `LIMIT` on"


_FINE, _GROWING, _LARGE = Reach.FINE, Reach.GROWING, Reach.LARGE


class _LookedThrough(NamedTuple):
    """A long array in which nothing was found, held so that its identity is not given to another."""

    array: list[Any]
    length: int
    size: int


#: By identity, the paths that lead into it, and what was asked for: an array is often read by one expression after the
#: other, as by those of a loop.
_LOOKED_THROUGH: dict[tuple[int, tuple[tuple[str, ...], ...], Growth | None], _LookedThrough] = {}


def look_through(data: Mapping[str, Any], paths: Iterable[tuple[str, ...]], growth: Growth | None) -> Reach:
    """The size of the integers at some paths of some data. No part of the data is looked at more than a few times.

    Arrays in the data must not be changed afterwards: that a long one was looked through is remembered for a while.
    """
    largest: float = 0
    containers: dict[int, Any] | None = None
    columns: list[tuple[str, ...]] = []
    for path in paths:
        value: Any = data
        for name in path:
            if value.__class__ is not dict:
                break
            value = value.get(name)
        kind = value.__class__
        if kind is str or value is None or kind is bool:
            continue
        if kind is int or kind is float:
            size = value if value >= 0 else -value
            if size > largest:
                if size >= LIMIT:
                    if kind is int:
                        return _LARGE
                    size = LIMIT - 1  # above every ceiling, and below every integer that is still to be found
                largest = size
        else:
            if containers is None:
                containers = {}
            containers[id(value)] = value
            if kind is list and len(value) > _LONG_ARRAY:
                columns.append(path)
    if containers is None:
        return _FINE if growth is None or largest < growth.ceiling else _GROWING
    if columns and len(containers) == 1 and len(columns) <= _MOST_COLUMNS:
        [array] = containers.values()
        return _look_through_long_array(data, array, tuple(columns), growth, largest)
    return _look_through_written(containers.values(), containers.values(), growth, largest)[0]


def _look_through_long_array(
    data: Mapping[str, Any], array: list[Any], paths: tuple[tuple[str, ...], ...], growth: Growth | None, largest: float
) -> Reach:
    is_remembered = len(array) >= _REMEMBERED_FROM
    if is_remembered and (known := _LOOKED_THROUGH.get((id(array), paths, growth))) and known.length == len(array):
        return _FINE if growth is None or largest < 10 ** growth.digits_within(known.size) else _GROWING
    parts = [_column(data, path) for path in paths]
    written: Iterable[Any] = [array] if None in parts else parts
    reach, size = _look_through_written(written, [array], growth, largest)
    if is_remembered and reach is _FINE:
        if len(_LOOKED_THROUGH) >= _MOST_REMEMBERED:
            _LOOKED_THROUGH.clear()
        _LOOKED_THROUGH[id(array), paths, growth] = _LookedThrough(array, len(array), size)
    return reach


def _look_through_written(
    parts: Iterable[Any], containers: Iterable[Any], growth: Growth | None, largest: float
) -> tuple[Reach, int]:
    """The size of the integers in these parts of the containers, and the number of bytes of the parts as JSON."""
    written = b""
    try:
        for part in parts:
            written += orjson.dumps(part, option=orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONEncodeError, RecursionError):
        if any(large_numbers(each, floats=False) for each in containers):
            return _LARGE, 0
        return (_FINE if growth is None else _GROWING), 0
    size = len(written)
    if growth is None:
        return _FINE, size
    digits = growth.digits_of_few if size <= _FEW_BYTES else growth.digits_within(size)
    if digits <= 0 or largest >= 10**digits or _has_longer_number(written, digits):
        return _GROWING, size
    return _FINE, size


def _column(data: Mapping[str, Any], path: tuple[str, ...]) -> list[Any] | None:
    """The values at a path that leads through one array of objects; None for any other path."""
    value: Any = data
    for depth, name in enumerate(path):
        if value.__class__ is list:
            try:
                for inner in path[depth:]:
                    value = _members(value, inner)
            except (AttributeError, TypeError):
                return None
            return value  # type: ignore[no-any-return]
        if value.__class__ is not dict:
            return None
        value = value.get(name)
    return None


def _members(items: list[Any], name: str) -> list[Any]:
    """The member `name` of each item, or None. Raises `AttributeError` or `TypeError` where an item is no object."""
    try:
        return list(map(itemgetter(name), items))
    except KeyError:
        return [item.get(name) for item in items]


def look_through_text(text: str, growth: Growth | None) -> Reach:
    """`look_through` for data that are JSON text; LARGE also where a string contains so many digits."""
    if _LONG.search(text):
        return _LARGE
    if growth is None:
        return _FINE
    digits = growth.digits_within(len(text))
    return _GROWING if digits <= 0 or _has_longer_number(text.encode(), digits) else _FINE


class TooManyError(Exception):
    """A value has too many members to be looked through."""


def large_numbers(value: Any, *, floats: bool = True, texts: bool = False, most: int | None = None) -> set[int | float]:
    """All numbers from `LIMIT` on in a value; `texts`: also those integers that a string of it consists of.

    Raises `TooManyError` where there are more than `most` values in it.
    """
    found: set[int | float] = set()
    left = -1 if most is None else most
    seen: set[int] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        kind = item.__class__  # the plain ones first: to ask for a Mapping costs more than all else of this
        if kind is int or kind is float:
            if not -LIMIT < item < LIMIT and (kind is int or (floats and isfinite(item))):
                found.add(item)
        elif kind is str:
            if texts and _INTEGER.fullmatch(item):
                found |= large_numbers(int(item))
        elif isinstance(item, dict | list | tuple | Mapping) and id(item) not in seen:
            seen.add(id(item))
            left -= 1 + len(item)
            if most is not None and left < 0:
                raise TooManyError
            pending += item if isinstance(item, list | tuple) else item.values()
    return found


def _has_longer_number(text: bytes, digits: int) -> bool:
    """True when JSON has a number of more digits, or with an exponent; it may also stand within a string."""
    zeros = text.translate(_DIGITS_TO_ZEROS)
    return b"0" * (digits + 1) in zeros or b"0e" in zeros


def _opens_operand(token: Token) -> bool:
    """True when an operand, and not an operator, comes after this token."""
    return token.kind is Kind.OPERATOR and token.text not in (")", "]", "}")
