"""The expression language (JSONata): parsing, the paths that an expression reads, and the tier that evaluates it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from domain.expressions.language.item_names import read_from_item
from domain.expressions.language.jsonata import (
    EVERYTHING,
    EvaluationError,
    Program,
    SourceError,
    Undefined,
    is_function,
)
from domain.expressions.language.safe_class import MAX_NESTING, is_safe
from domain.expressions.language.tiers import Tier, plain_path
from domain.expressions.language.tokens import Kind, Token, TokenError, tokenize
from domain.expressions.pruning import cut_to
from domain.expressions.scanner import OPEN, Placeholder, scan
from domain.expressions.turns import Turns
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue

__all__ = [
    "EVERYTHING",
    "MAX_SOURCE_BYTES",
    "SECRETS",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "Tier",
    "YieldsNothing",
    "compile_expression",
]

MAX_SOURCE_BYTES = 8 * 1024
SECRETS = "secrets"

_CLOCK_FUNCTIONS = frozenset({"$now", "$millis", "$toMillis", "$random", "$shuffle"})
_BINDING_OPERATORS = frozenset({":=", "@", "#"})
_LAMBDAS = frozenset({"function", "λ"})
_ROOTS = frozenset({"input", "vars", "steps"})
_MAX_SEED = 2**63 - 1
_MAX_QUOTED = 200


class ExpressionSyntaxError(ValueError):
    """The source is not an expression. `position` is the 0-based character where it goes wrong, if known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class ExpressionError(Exception):
    """An expression failed on its data: EXPRESSION_FAILED, or EXPRESSION_LIMIT when it was too expensive."""

    def __init__(self, code: FailureCode, message: str, source: str) -> None:
        super().__init__(message)
        self.code = code
        self.source = source

    def to_step_error(self, path: str | None = None) -> StepError:
        """The error with which the step at `path` fails."""
        return StepError(code=self.code, message=str(self), path=path, details={"expression": self.source})


class YieldsNothing(ExpressionError):
    """An expression gave no value at all, which is not the same as null."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    `reads` are the paths from the root that it may read, each with all that is below it: `("steps", "fetch",
    "output")`. Indexes are left out. `EVERYTHING` among them stands for every root. A secret shows as `("secrets",
    name)`, which is then all that the expression is.
    """

    source: str
    tier: Tier
    reads: frozenset[tuple[str, ...]]
    _path: tuple[str | int, ...] = field(default=(), repr=False, compare=False)
    _program: Program | None = field(default=None, repr=False, compare=False)
    _needs_clock: bool = field(default=False, repr=False, compare=False)

    @property
    def needs_sandbox(self) -> bool:
        """True when it must not be evaluated in this process."""
        return self.tier is Tier.SANDBOX

    def pruned(
        self,
        scope: Mapping[str, JsonValue],
        *,
        through_arrays: bool = False,
        whole: Callable[[Any], Any] | None = None,
    ) -> Mapping[str, JsonValue]:
        """The part of a scope that it may read, which gives the same result as the whole: never a secret.

        Arrays are kept whole, or cut `through_arrays` to the parts of their items that are read, which takes longer.
        `whole` gives what stands for a value that is kept whole, such as its text.
        """
        if EVERYTHING in self.reads:
            return {name: value if whole is None else whole(value) for name, value in scope.items() if name != SECRETS}
        return cut_to(scope, self.reads, through_arrays=through_arrays, whole=whole)

    def evaluate(
        self,
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        answers: Mapping[str, JsonValue] | None = None,
        turns: Turns | None = None,
    ) -> JsonValue:
        """Its value on this scope, which may be a part of the scope itself: treat it as immutable.

        `now` is the value of `$now()` and `$millis()`, to the millisecond; `seed` fixes `$random()`. A plain path keeps
        numbers exactly; elsewhere integers beyond 2^53 fail rather than change. `answers` are the sandbox's values
        for some expressions, by their sources. Raises `ExpressionError` where it yields nothing, fails, costs
        too much, or needs the sandbox and has no answer; and `TurnOver` where the engine is needed and a turn is over.
        """
        value: Any = scope
        try:
            for step in self._path:
                if step.__class__ is int and value.__class__ is not list:
                    break
                value = value[step]
            else:
                if self._path:
                    return value  # type: ignore[no-any-return]
        except (KeyError, IndexError, TypeError):
            pass
        # Missing, or a path that JSONata leads through arrays.
        if answers and self.source in answers:
            return answers[self.source]
        if turns is not None:
            turns.require_time()
        return self._evaluate_by_engine(scope, now, seed)

    def is_true(
        self,
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        answers: Mapping[str, JsonValue] | None = None,
        turns: Turns | None = None,
    ) -> bool:
        """The value of a condition. Raises as `evaluate`, and `ExpressionError` where it is neither true nor false."""
        value = self.evaluate(scope, now=now, seed=seed, answers=answers, turns=turns)
        if isinstance(value, bool):
            return value
        raise self._failed(f"A condition must give true or false, but {self._quoted} gives {_kind_of(value)}.")

    def leads_through_array(self, scope: Mapping[str, JsonValue]) -> bool:
        """True when it is a plain path that takes a name from each item of an array on its way."""
        value: Any = scope
        for step in self._path:
            if isinstance(value, list) and isinstance(step, str):
                return True
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return False
        return False

    def yields_nothing(self, scope: Mapping[str, JsonValue]) -> ExpressionError:
        """The error that it gave no value on this scope; it names the first name on the way that is missing."""
        message = _nothing(self._quoted, self.reads, scope) + _hint_about_roots(self.source)
        return YieldsNothing(FailureCode.EXPRESSION_FAILED, message, self.source)

    def failed(self, reason: str) -> ExpressionError:
        """The error that it cannot be evaluated on some data, for this reason."""
        return self._failed(f"{self._quoted} failed: {reason}")

    def too_costly(self, reason: str) -> ExpressionError:
        """The error that it went over a limit, which `reason` names."""
        message = f"{self._quoted} costs too much: {reason}"
        return ExpressionError(FailureCode.EXPRESSION_LIMIT, message, self.source)

    def _evaluate_by_engine(self, scope: Mapping[str, JsonValue], now: datetime, seed: int) -> JsonValue:
        if self.tier is Tier.SANDBOX:
            raise self._failed(f"{self._quoted} needs the sandbox, which is not available here.")
        if self._program is None:
            raise self.yields_nothing(scope)
        if SECRETS in scope:
            scope = {name: value for name, value in scope.items() if name != SECRETS}
        try:
            if self._needs_clock:
                value = self._program.evaluate(scope, round(now.timestamp() * 1000), seed & _MAX_SEED)
            else:
                value = self._program.evaluate(scope)
        except EvaluationError as error:
            raise (self.too_costly(str(error)) if error.is_limit else self.failed(str(error))) from error
        if isinstance(value, Undefined):
            raise self.yields_nothing(scope)
        return value

    @property
    def _quoted(self) -> str:
        source = self.source
        return f"`{source}`" if len(source) <= _MAX_QUOTED else f"`{source[:_MAX_QUOTED]}…`"

    def _failed(self, message: str) -> ExpressionError:
        return ExpressionError(FailureCode.EXPRESSION_FAILED, message, self.source)


@lru_cache(maxsize=2048)
def compile_expression(source: str) -> Expression:
    """Parse an expression of at most 8 KiB; `{{ }}` around the whole of it are tolerated.

    Raises `ExpressionSyntaxError`, also for `$eval`, for a variable or function that nothing defines, for a secret
    anywhere but alone, and for brackets nested more than 64 deep.
    """
    if len(source) > MAX_SOURCE_BYTES or len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        raise ExpressionSyntaxError(f"An expression may be no longer than {MAX_SOURCE_BYTES // 1024} KiB.")
    offset = 0
    try:
        bare, offset = _without_braces(source)
        tokens = tokenize(bare)
        _check(tokens)
        return _compiled(bare, tokens)
    except (TokenError, SourceError) as error:
        position = None if error.position is None else error.position + offset
        raise ExpressionSyntaxError(str(error), position) from error


def _without_braces(source: str) -> tuple[str, int]:
    """The expression without braces around it, and the number of characters before it."""
    trimmed = source.strip()
    offset = len(source) - len(source.lstrip())
    if not trimmed.startswith(OPEN):
        return trimmed, offset
    parts = scan(trimmed)
    if len(parts) > 1 or not isinstance(parts[0], Placeholder):
        raise SourceError("This is one expression, not a text: leave out the braces around its parts.", 0)
    inner = parts[0].source
    return inner.strip(), offset + len(OPEN) + len(inner) - len(inner.lstrip())


def _check(tokens: Sequence[Token]) -> None:
    if not tokens:
        raise SourceError("The expression is empty.", 0)
    depth = 0
    for token in tokens:
        if token.kind is Kind.OPERATOR:
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            if depth > MAX_NESTING:
                raise SourceError(f"Brackets are nested more than {MAX_NESTING} deep.", token.start)
        elif token.kind is Kind.VARIABLE and token.text == "$eval":
            raise SourceError("`$eval` is not available: what is evaluated stands in the workflow.", token.start)


def _compiled(source: str, tokens: Sequence[Token]) -> Expression:
    program = Program(source, tokens)
    path = plain_path(tokens)
    if path is not None:
        if path[0] != SECRETS:
            return Expression(source, Tier.PATH, program.reads, path, program)
        if len(path) == 2 and isinstance(path[1], str):
            return Expression(source, Tier.PATH, frozenset({(SECRETS, path[1])}), path)
    if any(read[0] == SECRETS for read in program.reads):
        raise SourceError("A secret stands alone, as `secrets.<name>`, and takes no part in computing.", None)
    _check_variables(tokens)
    if is_safe(tokens):
        needs_clock = any(token.text in _CLOCK_FUNCTIONS for token in tokens)
        return Expression(source, Tier.SAFE, program.reads, (), program, needs_clock)
    return Expression(source, Tier.SANDBOX, program.reads)


def _check_variables(tokens: Sequence[Token]) -> None:
    """Raise for a `$name` that can never have a value, because the expression does not define it."""
    if any(
        token.text in _BINDING_OPERATORS if token.kind is Kind.OPERATOR else token.text in _LAMBDAS for token in tokens
    ):
        return
    for token in tokens:
        if token.kind is Kind.VARIABLE and token.text not in ("$", "$$") and not is_function(token.text):
            message = f"Nothing defines `{token.text}`. Data is named without `$`, as in `input.name`."
            raise SourceError(message, token.start)


def _nothing(quoted: str, reads: frozenset[tuple[str, ...]], scope: Mapping[str, JsonValue]) -> str:
    """The message that it yields nothing, with the first name on the way that is missing."""
    for path in sorted(reads - {EVERYTHING}):
        value: object = scope
        for depth, name in enumerate(path):
            if value is None or (isinstance(value, Mapping) and name not in value):
                above = ".".join(path[:depth])
                where = f"`{above}` is null" if value is None else f"`{above}` has no `{name}`"
                return f"{quoted} yields nothing: {where if above else f'there is no `{name}`'}."
            if not isinstance(value, Mapping):
                break
            value = value[name]
    return f"{quoted} yields nothing."


def _hint_about_roots(source: str) -> str:
    """A hint for a root that is meant but is read from the items of something; "" where none is."""
    root = read_from_item(tokenize(source), _ROOTS)
    if root is None:
        return ""
    return f" Inside of `[…]` and of a path, names are those of the item: the root is `$$.{root}`."


def _kind_of(value: JsonValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "an array"
