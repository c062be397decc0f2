"""Finding, before an expression is evaluated, the integers that its engine would round.

The engine counts in 64-bit floating point, which has every integer up to 2^53 and only some of those beyond.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite, log10
from typing import Any, Final

import orjson

from domain.tokens import Kind, Token

LIMIT: Final = 2**53
"""From here on, an integer need not be its own nearest floating point number."""

EVERYTHING: Final = ("*",)
"""Stands among paths that are read for every root, where the engine cannot tell which."""

_DIGITS_OF_LIMIT = 15
_LONG = re.compile(r"[0-9]{16}")
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_ARRAY, _MOST_COLUMNS = 50, 3
_INTEGER = re.compile(r"-?[0-9]{16,4000}")

_COUNTING = frozenset({"$count", "$length", "$round"})
_CLOCK = frozenset({"$millis", "$toMillis", "$now"})
_DIGITS_OF_COUNT, _DIGITS_OF_CLOCK = 7, 15
_SUMMING = frozenset({"$sum", "$average"})
_WITHOUT_BOUND = frozenset({"$number", "$power", "$parseInteger", "$reduce"})
_LAMBDAS = frozenset({"function", "λ"})


@dataclass(frozen=True, slots=True)
class Growth:
    """How far the integers that an expression makes may outgrow those that it is given.

    They come to no more than the product of so many `factors`, times two for each of the `doublings`, times the number
    of items for each of the `sums`. `digits` are those of the longest integer that the expression itself brings along.
    """

    factors: int
    doublings: int
    sums: int
    digits: int
    ceiling: int = field(init=False)
    """What numbers must be below where the data are nothing else."""

    def __post_init__(self) -> None:
        digits = self.digits_within(0)
        object.__setattr__(self, "ceiling", 10**digits if digits > 0 else 0)

    def digits_within(self, size: int) -> int:
        """How many digits the integers may have of data that are so many bytes of JSON; 0 where none are few enough."""
        spare = _DIGITS_OF_LIMIT - self.doublings * log10(2) - self.sums * log10(size + 1_000)
        digits = int(spare // self.factors)
        return digits if digits >= self.digits else 0


def growth_of(tokens: Sequence[Token]) -> Growth | None:
    """None for an expression that makes no integers from others, or only such as it was given.

    `factors` are more than any data allow where there is no telling: where what was computed is used again.
    """
    multiplications = additions = sums = digits = 0
    is_unbounded = follows_computed = False
    opened: list[bool] = []  # for each bracket, whether what it encloses is computed, and not an index or condition
    before: Token | None = None
    for token in tokens:
        closes_computed = False
        match token.kind, token.text:
            case Kind.NUMBER, text:
                digits = max(digits, len(re.split("[.eE]", text)[0]), 16 if "e" in text.lower() else 0)
            case Kind.VARIABLE, name:
                sums += name in _SUMMING
                is_unbounded |= name in _WITHOUT_BOUND
                digits = max(digits, _DIGITS_OF_COUNT * (name in _COUNTING), _DIGITS_OF_CLOCK * (name in _CLOCK))
            case Kind.NAME, name if name in _LAMBDAS:
                is_unbounded = True
            case Kind.OPERATOR, "*":
                multiplications += 1
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
    if not has_any:
        return None
    factors = _DIGITS_OF_LIMIT + 1 if is_unbounded else multiplications + 1
    return Growth(factors, additions, sums, digits)


class Reach(Enum):
    """How far the integers go that an evaluation has to do with."""

    FINE = "none comes near `LIMIT`"
    GROWING = "some that are made of those in the data may"
    LARGE = "the data hold some from `LIMIT` on"


_FINE, _GROWING, _LARGE = Reach.FINE, Reach.GROWING, Reach.LARGE


def look_through(data: Mapping[str, Any], paths: Iterable[tuple[str, ...]], growth: Growth | None) -> Reach:
    """How far the integers go at some paths of some data. No part of the data is looked at more than a few times."""
    largest: float = 0
    arrays: dict[int, tuple[Any, list[tuple[str, ...]]]] | None = None
    for path in paths:
        value: Any = data
        for name in path:
            if value.__class__ is not dict:
                break
            value = value.get(name)
        kind = value.__class__
        if kind is str or value is None or kind is bool:
            continue
        if kind is int:
            if not -LIMIT < value < LIMIT:
                return _LARGE
            largest = max(largest, value, -value)
        elif kind is float:
            largest = max(largest, abs(value))
        else:
            arrays = {} if arrays is None else arrays
            arrays.setdefault(id(value), (value, []))[1].append(path)
    if arrays is None:
        return _FINE if growth is None or largest < growth.ceiling else _GROWING
    return _look_through_containers(data, arrays.values(), growth, largest)


def _look_through_containers(
    data: Mapping[str, Any],
    containers: Iterable[tuple[Any, Sequence[tuple[str, ...]]]],
    growth: Growth | None,
    largest: float,
) -> Reach:
    written = b""
    for value, paths in containers:
        is_long = value.__class__ is list and len(value) > _LONG_ARRAY and len(paths) <= _MOST_COLUMNS
        parts = [_column(data, path) for path in paths] if is_long else [None]
        try:
            for part in [value] if None in parts else parts:
                written += orjson.dumps(part, option=orjson.OPT_STRICT_INTEGER)
        except (orjson.JSONEncodeError, RecursionError):
            if large_numbers(value, floats=False):
                return _LARGE
            return _FINE if growth is None else _GROWING
    if growth is None:
        return _FINE
    digits = growth.digits_within(len(written))
    if digits <= 0 or largest >= 10**digits or _has_longer_number(written, digits):
        return _GROWING
    return _FINE


def _column(data: Mapping[str, Any], path: tuple[str, ...]) -> list[Any] | None:
    """What a path gives that leads through one array of objects; None for any other."""
    value: Any = data
    for depth, name in enumerate(path):
        if value.__class__ is list:
            try:
                for inner in path[depth:]:
                    value = [item.get(inner) for item in value]
            except AttributeError:
                return None
            return value  # type: ignore[no-any-return]
        if value.__class__ is not dict:
            return None
        value = value.get(name)
    return None


def look_through_text(text: str, growth: Growth | None) -> Reach:
    """`look_through` for all of some data that are JSON text; LARGE also where so many digits are within a string."""
    if _LONG.search(text):
        return _LARGE
    if growth is None:
        return _FINE
    digits = growth.digits_within(len(text))
    return _GROWING if digits <= 0 or _has_longer_number(text.encode(), digits) else _FINE


class TooManyError(Exception):
    """A value holds too much to be looked through."""


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
        if isinstance(item, Mapping | list | tuple):
            if id(item) not in seen:
                seen.add(id(item))
                left -= 1 + len(item)
                if most is not None and left < 0:
                    raise TooManyError
                pending += item.values() if isinstance(item, Mapping) else item
        elif item.__class__ is int or (floats and item.__class__ is float and isfinite(item)):
            if not -LIMIT < item < LIMIT:
                found.add(item)
        elif texts and item.__class__ is str and _INTEGER.fullmatch(item):
            found |= large_numbers(int(item))
    return found


def _has_longer_number(text: bytes, digits: int) -> bool:
    """Whether JSON has a number of more digits, or with an exponent; it may also stand within a string."""
    zeros = text.translate(_DIGITS_TO_ZEROS)
    return b"0" * (digits + 1) in zeros or b"0e" in zeros


def _opens_operand(token: Token) -> bool:
    """Whether an operand, and not an operator, comes after this token."""
    return token.kind is Kind.OPERATOR and token.text not in (")", "]", "}")
