"""Expressions whose value is used as a list, where JSONata gives one thing for one match and nothing for none."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from domain.expressions.expression import Expression, ExpressionSyntaxError, compile_expression
from domain.expressions.language.tiers import plain_path
from domain.expressions.language.tokens import Kind, Token, ends_operand, tokenize

#: Operators that give one value, whatever they are given.
_SINGLE = frozenset({"&", "+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in"})
#: Operators after which comes what their value is made of, as many as there are.
_PATHS = frozenset({".", "^", "[", "@", "~>"})
_WILDCARDS = frozenset({"*", "**"})
_BRANCHES = frozenset({"?", ":"})
_ALTERNATIVES = frozenset({"??", "?:"})
_STATEMENTS = frozenset({";"})
_OPENING = frozenset({"(", "[", "{"})
_CLOSING = frozenset({")", "]", "}"})
#: Functions that give as many values as there are.
_SELECTING = frozenset(
    f"${name}" for name in ("filter", "map", "each", "keys", "spread", "sort", "distinct", "append", "reverse", "match")
)
_NO_NAMES: frozenset[str] = frozenset()


class _Group(NamedTuple):
    """Brackets with what is inside of them; `text` is the opening one."""

    text: str
    parts: "list[_Part]"


_Part = Token | _Group


@lru_cache(maxsize=2048)
def compile_list(source: str) -> Expression:
    """The expression; where it selects or maps, one that gives an array of its results, be it none, one or many.

    A plain path stays as it is, without the parentheses around it: `Expression.leads_through_array` tells if it
    selects. So does an expression that can only give one value, such as a text or an object, so that it can be
    refused. Raises `ExpressionSyntaxError`.
    """
    expression = compile_expression(source)
    tokens = tokenize(expression.source)
    bare = _without_parentheses(tokens)
    if plain_path(bare) is not None:
        return compile_expression(expression.source[bare[0].start : bare[-1].end])
    if not _selects(_parts(tokens), _NO_NAMES):
        return expression
    # An array that is written out would be an item of the array around it.
    inside = f"({expression.source})" if tokens[0].text == "[" else expression.source
    try:
        return compile_expression(f"[{inside}]")
    except ExpressionSyntaxError:  # it is as long, or as deep, as an expression may be
        return expression


def _without_parentheses(tokens: Sequence[Token]) -> Sequence[Token]:
    """The text between the parentheses at its beginning and at its end, which need not be pairs; never nothing."""
    around = 0
    while len(tokens) > 2 * around + 2 and tokens[around].text == "(" and tokens[-around - 1].text == ")":
        around += 1
    return tokens[around : len(tokens) - around]


def _parts(tokens: Sequence[Token]) -> "list[_Part]":
    """The tokens, brackets with all that is inside of them as one part."""
    parts: list[_Part] = []
    outer: list[list[_Part]] = []
    for token in tokens:
        if token.kind is Kind.OPERATOR and token.text in _OPENING:
            group = _Group(token.text, [])
            parts.append(group)
            outer.append(parts)
            parts = group.parts
        elif token.kind is Kind.OPERATOR and token.text in _CLOSING:
            parts = outer.pop()
        else:
            parts.append(token)
    return parts


def _selects(parts: Sequence[_Part], names: AbstractSet[str]) -> bool:
    """True when what gives the value selects: the outermost part, or a branch. `names` are the variables that do.

    A path in the condition of a branch is a part of the outermost, and counts.
    """
    if _bound_name(parts) is not None:
        return _selects(parts[2:], names)
    if _outermost_selects(parts):
        return True
    return any(sign != "?" and _branch_selects(branch, names) for branch, sign in _split(parts, _BRANCHES))


def _branch_selects(parts: Sequence[_Part], names: AbstractSet[str]) -> bool:
    outermost = _outermost_selects(parts)
    if outermost is not None:
        return outermost
    return any(_operand_selects(operand, names) for operand, _ in _split(parts, _ALTERNATIVES))


def _operand_selects(parts: Sequence[_Part], names: AbstractSet[str]) -> bool:
    match parts:
        case [_Group(text="(", parts=inside)]:
            return _block_selects(inside, names)
        case [Token(text=text)]:
            return text in names or text in _WILDCARDS
        case _:
            return False


def _block_selects(parts: Sequence[_Part], names: AbstractSet[str]) -> bool:
    """True when its last statement selects, which may be a variable to which what selects is bound before."""
    selects = False
    for statement, _ in _split(parts, _STATEMENTS):
        if statement:
            selects = _selects(statement, names)
        name = _bound_name(statement)
        if name is not None:
            names = names | {name} if selects else names - {name}
    return selects


def _outermost_selects(parts: Sequence[_Part]) -> bool | None:
    """True for a path, a filter, or a function that gives as many values as there are; False for a single value.

    None where neither is seen outside of brackets.
    """
    found = None
    operand_expected = True
    for part in parts:
        if part.text in _SINGLE and not operand_expected:
            return False
        if (part.text in _PATHS and not operand_expected) or part.text in _SELECTING:
            found = True
        operand_expected = isinstance(part, Token) and not ends_operand(part, operand_expected=operand_expected)
    return found


def _split(parts: Sequence[_Part], signs: AbstractSet[str]) -> Iterator[tuple[Sequence[_Part], str]]:
    """The texts between these operators, each with the operator after it, "" for the last."""
    start = 0
    for position, part in enumerate(parts):
        if part.text in signs:
            yield parts[start:position], part.text
            start = position + 1
    yield parts[start:], ""


def _bound_name(parts: Sequence[_Part]) -> str | None:
    """The variable that it binds; None where it binds none."""
    return parts[0].text if len(parts) > 2 and parts[1].text == ":=" else None
