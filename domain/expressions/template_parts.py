"""The parts of a template that change from one rendering to the next: only they run when a step starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.expressions.expression import Expression, ExpressionError, YieldsNothing
from domain.expressions.turns import Turns
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue, dumps

#: How many characters of JSON one rendering may come to, about: a template can name a megabyte thousands of times.
MAX_RENDERED = 8 * 1024 * 1024

_PER_VALUE = 2  # what a number, a bracket or a comma counts for


class Rendering:
    """The state that all parts of one rendering share: the characters `left` to write, known answers, and turns."""

    __slots__ = ("answers", "left", "turns")

    def __init__(self, answers: Mapping[str, JsonValue] | None, turns: Turns | None) -> None:
        self.left = MAX_RENDERED
        self.answers = answers
        self.turns = turns


class Part(Protocol):
    """A part that renders to a value."""

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        """The value of this part. Raises `ExpressionError` and `TurnOver`."""


@dataclass(frozen=True, slots=True)
class ValuePart:
    """The value of one expression, as it is."""

    expression: Expression

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        return self.expression.evaluate(scope, now=now, seed=seed, answers=shared.answers, turns=shared.turns)


@dataclass(frozen=True, slots=True)
class ListPart:
    """The value of an expression as a list where its path leads through one, also when it finds one thing or none."""

    expression: Expression

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        try:
            value = self.expression.evaluate(scope, now=now, seed=seed, answers=shared.answers, turns=shared.turns)
        except YieldsNothing:
            if self.expression.leads_through_array(scope):
                return []
            raise
        if isinstance(value, list) or not self.expression.leads_through_array(scope):
            return value
        return [value]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text with values written into it."""

    pieces: tuple[str | Expression, ...]

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        written: list[str] = []
        answers, turns = shared.answers, shared.turns
        for piece in self.pieces:
            if isinstance(piece, str):
                written.append(piece)
                continue
            value = piece.evaluate(scope, now=now, seed=seed, answers=answers, turns=turns)
            text = value if value.__class__ is str else _as_text(value, piece)
            shared.left -= len(text)
            if shared.left < 0:
                raise too_large(piece)
            written.append(text)
        return "".join(written)


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """An object: `skeleton` has the constant members, and a place for each of the others."""

    skeleton: dict[str, JsonValue]
    values: tuple[tuple[str, Expression], ...]
    parts: tuple[tuple[str, Part], ...]

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        rendered = self.skeleton.copy()
        answers, turns = shared.answers, shared.turns
        for name, expression in self.values:
            rendered[name] = expression.evaluate(scope, now=now, seed=seed, answers=answers, turns=turns)
        for name, part in self.parts:
            rendered[name] = part.render(scope, now, seed, shared)
        return rendered


@dataclass(frozen=True, slots=True)
class ArrayPart:
    """An array: `skeleton` has the constant items, and a place for each of the others."""

    skeleton: list[JsonValue]
    parts: tuple[tuple[int, Part], ...]

    def render(self, scope: Mapping[str, JsonValue], now: datetime, seed: int, shared: Rendering) -> JsonValue:
        rendered = self.skeleton.copy()
        for index, part in self.parts:
            rendered[index] = part.render(scope, now, seed, shared)
        return rendered


def is_within(value: JsonValue, budget: int) -> bool:
    """True when the JSON text of a value has about `budget` characters or fewer; stops looking where it has more."""
    return left_after(value, budget) >= 0


def left_after(value: JsonValue, budget: int) -> int:
    """The characters left of `budget` by the JSON text of a value, about; less than 0 where it has more."""
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        budget -= _PER_VALUE
        if isinstance(item, str):
            budget -= len(item)
        elif isinstance(item, Mapping):
            pending += item.values()
            budget -= sum(map(len, item))
        elif isinstance(item, list | tuple):
            pending += item
        if budget < 0:
            break
    return budget


def too_large(expression: Expression) -> ExpressionError:
    """The error that a rendering came to more than `MAX_RENDERED`; it names the `expression` where that was noticed."""
    message = f"The template renders to more than {MAX_RENDERED // 1024**2} MiB."
    return ExpressionError(FailureCode.EXPRESSION_LIMIT, message, expression.source)


def _as_text(value: JsonValue, expression: Expression) -> str:
    try:
        return dumps(value)
    except ValueError as error:
        message = f"`{expression.source}` cannot be written into a text: {error}"
        raise ExpressionError(FailureCode.EXPRESSION_FAILED, message, expression.source) from error
