"""JSON values with `{{ … }}` in their strings, compiled once and rendered many times."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.expressions.expression import SECRETS, Expression, ExpressionSyntaxError, compile_expression
from domain.expressions.language.tokens import TokenError
from domain.expressions.scanner import OPEN, Placeholder, scan
from domain.expressions.template_parts import (
    MAX_RENDERED,
    ArrayPart,
    ListPart,
    ObjectPart,
    Part,
    Rendering,
    TextPart,
    ValuePart,
    is_within,
    too_large,
)
from domain.expressions.turns import Turns
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue

MAX_DEPTH = 100
MAX_PLACEHOLDERS = 1_000

FEW_EXPRESSIONS = 16
"""So many references to outputs, each capped by itself, come to a size that any consumer can bear."""


class TemplateError(ValueError):
    """The value is no template; `problems` lists every fault, with paths relative to the value."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = (f"{'.'.join(problem.path) or 'the value'}: {problem.message}" for problem in problems)
        super().__init__("; ".join(lines))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Template:
    """A JSON value some of whose strings are expressions.

    `expressions` are in the order of the value, each as often as it is written. `constant` is the rendered value
    where there are none, and `part` renders it otherwise. `sandboxed` are those expressions whose answers must
    have been got from the sandbox before it can be rendered, each of them once.
    """

    expressions: tuple[Expression, ...]
    constant: JsonValue = None
    part: Part | None = field(default=None, repr=False)
    sandboxed: tuple[Expression, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = dict.fromkeys(expression for expression in self.expressions if expression.needs_sandbox)
        object.__setattr__(self, "sandboxed", tuple(found))

    @property
    def is_constant(self) -> bool:
        """True when it renders to the same value, whatever the scope."""
        return self.part is None

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that it needs."""
        return frozenset(read[1] for expression in self.expressions for read in expression.reads if read[0] == SECRETS)

    def render(
        self,
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        answers: Mapping[str, JsonValue] | None = None,
        turns: Turns | None = None,
    ) -> JsonValue:
        """The value with every expression evaluated, to be treated as immutable: it may share parts with the scope.

        `answers` are the sandbox's values of some expressions, by their sources, at least of all `sandboxed`. The value
        of an expression is data, whatever braces it holds. Raises `ExpressionError`, also where the whole comes to more
        than `MAX_RENDERED`, and `TurnOver` where a turn is over before it is done.
        """
        part = self.part
        if part is None:
            return self.constant
        if part.__class__ is ValuePart:  # the commonest, as it is that of every transform
            return self.expressions[0].evaluate(scope, now=now, seed=seed, answers=answers, turns=turns)
        value = part.render(scope, now, seed, Rendering(answers, turns))
        if len(self.expressions) > FEW_EXPRESSIONS and not is_within(value, MAX_RENDERED):
            raise too_large(self.expressions[-1])
        return value


def compile_template(value: JsonValue) -> Template:
    """Find and parse every `{{ … }}`; object keys are left alone. Raises `TemplateError` with all problems at once."""
    problems: list[Problem] = []
    template = _compile(value, (), problems)
    if problems:
        raise TemplateError(problems)
    return template


def compile_output(value: JsonValue) -> Template:
    """The template of a value that may be an expression. Raises as `compile_expression` and `compile_template`.

    A text is an expression where it `is_expression`. Any other value is a template.
    """
    if isinstance(value, str) and is_expression(value):
        return template_of(compile_expression(value))
    return compile_template(value)


def is_expression(text: str) -> bool:
    """True when a text that may be either is an expression and no template: it can be read as one, or has no `{{`.

    So braces within an expression, in its strings and its comments, do not make a template of it.
    """
    if OPEN not in text:
        return True
    try:
        compile_expression(text)
    except ExpressionSyntaxError:
        return False
    return True


def template_of(expression: Expression) -> Template:
    """The template that renders to the value of an expression."""
    return Template((expression,), None, ValuePart(expression))


def template_of_list(expression: Expression) -> Template:
    """The template that renders to the value of an expression made by `compile_list`."""
    return Template((expression,), None, ListPart(expression))


def template_object(members: Mapping[str, Template]) -> Template:
    """The template that renders to an object of these, in this order."""
    skeleton = {name: member.constant for name, member in members.items()}
    changing = [(name, member.part) for name, member in members.items() if member.part is not None]
    if not changing:
        return Template((), skeleton)
    values = tuple((name, part.expression) for name, part in changing if isinstance(part, ValuePart))
    parts = tuple((name, part) for name, part in changing if not isinstance(part, ValuePart))
    return Template(_expressions(members.values()), None, ObjectPart(skeleton, values, parts))


def template_array(items: Sequence[Template]) -> Template:
    """The template that renders to an array of these."""
    skeleton = [item.constant for item in items]
    parts = tuple((index, item.part) for index, item in enumerate(items) if item.part is not None)
    if not parts:
        return Template((), skeleton)
    return Template(_expressions(items), None, ArrayPart(skeleton, parts))


def _expressions(templates: Iterable[Template]) -> tuple[Expression, ...]:
    return tuple(expression for template in templates for expression in template.expressions)


def _compile(value: JsonValue, path: tuple[str, ...], problems: list[Problem]) -> Template:
    if isinstance(value, str):
        return _compile_text(value, path, problems) if OPEN in value else Template((), value)
    if isinstance(value, Mapping | list | tuple) and len(path) == MAX_DEPTH:
        problems.append(Problem(path=path, message=f"The value is nested more than {MAX_DEPTH} levels deep."))
    elif isinstance(value, Mapping):
        members = {name: _compile(member, (*path, str(name)), problems) for name, member in value.items()}
        if not all(member.is_constant and member.constant is value[name] for name, member in members.items()):
            return template_object(members)
    elif isinstance(value, list | tuple):
        items = [_compile(item, (*path, str(index)), problems) for index, item in enumerate(value)]
        if not all(item.is_constant and item.constant is value[index] for index, item in enumerate(items)):
            return template_array(items)
    return Template((), value)


def _compile_text(text: str, path: tuple[str, ...], problems: list[Problem]) -> Template:
    try:
        parts = scan(text)
    except TokenError as error:
        problems.append(Problem(path=path, message=f"{error} (at character {error.position + 1})"))
        return Template((), text)
    if sum(isinstance(part, Placeholder) for part in parts) > MAX_PLACEHOLDERS:
        message = f"A text may hold {MAX_PLACEHOLDERS:,} expressions."
        problems.append(Problem(path=path, message=message))
        return Template((), text)
    pieces = [part if isinstance(part, str) else _compile_placeholder(part, path, problems) for part in parts]
    written = tuple(piece for piece in pieces if piece is not None)
    expressions = tuple(piece for piece in written if isinstance(piece, Expression))
    if not expressions:
        return Template((), "".join(str(piece) for piece in written))
    if len(expressions) == 1 and all(isinstance(piece, Expression) or not piece.strip() for piece in written):
        return template_of(expressions[0])
    return Template(expressions, None, TextPart(written))


def _compile_placeholder(part: Placeholder, path: tuple[str, ...], problems: list[Problem]) -> Expression | None:
    try:
        return compile_expression(part.source)
    except ExpressionSyntaxError as error:
        where = "" if error.position is None else f" (at character {part.position + len(OPEN) + error.position + 1})"
        message = f"The expression `{{{{{part.source}}}}}` cannot be read: {error}{where}"
        problems.append(Problem(path=path, message=message))
        return None
