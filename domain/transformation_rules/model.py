"""Transformation rules: a stored expression on one value, with schemas of its input and output, and examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.expressions.expression import SECRETS, Expression, ExpressionSyntaxError, compile_expression
from domain.expressions.scope import Scope
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema
from domain.kernel.errors import Problem
from domain.kernel.first_problems import first_problems
from domain.kernel.hints import syntax_hint
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import payload_problems
from domain.kernel.names import description_problems, name_problems

RULE_ROOTS = frozenset({"input"})
"""The names that the expression of a rule sees."""

MAX_EXAMPLES = 100
MAX_SCHEMA_BYTES = 100_000
MAX_EXAMPLE_BYTES = 100_000
"""The most bytes of the input or the output of one example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExample:
    """An example: an input of a rule and the output that it must give."""

    input: JsonValue
    output: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """The settings of a rule. A schema that is None lets everything through."""

    name: str
    expression: str
    description: str | None = None
    input_schema: JsonValue = None
    output_schema: JsonValue = None
    examples: tuple[RuleExample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """A rule as it is stored. `revision` grows each time that it is saved.

    `left_out`: the settings that were not read, as of an `ExecutionRecord`.
    """

    id: UUID
    settings: RuleSettings
    revision: int
    created_at: datetime
    updated_at: datetime
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, ready to be applied."""

    expression: Expression
    input: JsonSchema | None
    output: JsonSchema | None

    @classmethod
    def of(cls, settings: RuleSettings) -> "CompiledRule":
        """Compile a rule that was checked. Raises `ExpressionSyntaxError` or `InvalidSchema` for any other."""
        return cls(
            compile_expression(settings.expression),
            _schema(settings.input_schema),
            _schema(settings.output_schema),
        )


def settings_problems(settings: RuleSettings) -> list[Problem]:
    """The problems of a rule, without trying its examples and without compiling its costly schemas."""
    return [
        *name_problems(settings.name, "For example order-total."),
        *description_problems(settings.description),
        *(problem.under("expression") for problem in _expression_problems(settings.expression)),
        *(problem.under("inputSchema") for problem in schema_problems(settings.input_schema)),
        *(problem.under("outputSchema") for problem in schema_problems(settings.output_schema)),
        *first_problems(_example_problems(settings.examples)),
    ]


def schema_problems(schema: JsonValue) -> list[Problem]:
    """The problems of a value that is no JSON Schema or too large. None is valid; a costly one is not compiled here."""
    faults = payload_problems(schema, max_bytes=MAX_SCHEMA_BYTES, what="schema")
    if faults or schema is None:
        return faults
    try:
        JsonSchema(schema)
    except InvalidSchema as error:
        return list(error.problems)
    return []


def is_same_json(one: JsonValue, other: JsonValue) -> bool:
    """True when two values are equal as JSON: 1 and 1.0 are, 1 and true are not; members have no order."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same_json(one[name], other[name]) for name in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one) == len(other) and all(map(is_same_json, one, other))
    return isinstance(one, int | float) and isinstance(other, int | float) and one == other


def _schema(schema: JsonValue) -> JsonSchema | None:
    return None if schema is None else JsonSchema(schema)


def _expression_problems(source: str) -> list[Problem]:
    try:
        expression = compile_expression(source)
    except ExpressionSyntaxError as error:
        where = "" if error.position is None else f" (at character {error.position + 1})"
        hint = syntax_hint(source, "An expression is JSONata, for example `$sum(input.lines.price)`.")
        return [Problem(path=(), message=f"The expression cannot be read: {error}{where}", hint=hint)]
    problems = map(_problem_of, sorted(expression.reads))
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


def _problem_of(read: tuple[str, ...]) -> Problem | None:
    if read[0] == SECRETS:
        message = "Secrets are for the steps that make calls: a rule sees none."
        return Problem(path=(), message=message, hint="A rule sees `input` only.")
    found = Scope(RULE_ROOTS, frozenset()).problem_of(read)
    if found is None:
        return None
    hint = "A rule sees `input` only: what the step gives as `rule.input`, else the execution's input."
    return Problem(path=(), message=found[0], hint=hint)


def _example_problems(examples: Sequence[RuleExample]) -> Iterator[Problem]:
    if len(examples) > MAX_EXAMPLES:
        message = f"There are {len(examples):,} examples; {MAX_EXAMPLES} are allowed."
        yield Problem(path=("examples",), message=message, hint="Keep those that tell something new.")
        return
    for index, example in enumerate(examples):
        for member in ("input", "output"):
            value: JsonValue = getattr(example, member)
            for fault in payload_problems(value, max_bytes=MAX_EXAMPLE_BYTES, what=member):
                yield fault.under("examples", str(index), member)
