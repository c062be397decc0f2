"""Expressions whose value is used as a list, where JSONata gives one thing for one match and nothing for none."""

from collections.abc import Sequence

from domain.expressions.expression import Expression, ExpressionSyntaxError, compile_expression
from domain.expressions.language.tiers import Tier
from domain.expressions.language.tokens import Kind, Token, tokenize

#: Operators that give one value, whatever they are given.
_SINGLE = frozenset({"&", "+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in"})
#: Functions that give as many values as there are.
_SELECTING = frozenset(
    f"${name}" for name in ("filter", "map", "each", "keys", "spread", "sort", "distinct", "append", "reverse", "match")
)


def compile_list(source: str) -> Expression:
    """The expression; where it selects or maps, one that gives an array of its results, be it none, one or many.

    A plain path stays as it is: `Expression.leads_through_array` tells if it selects. So does an expression that can
    only give one value, such as a text or an object, so that it can be refused. Raises `ExpressionSyntaxError`.
    """
    expression = compile_expression(source)
    if expression.tier is Tier.PATH or not _selects(tokenize(expression.source)):
        return expression
    try:
        return compile_expression(f"[{expression.source}]")
    except ExpressionSyntaxError:  # it is as long, or as deep, as an expression may be
        return expression


def _selects(tokens: Sequence[Token]) -> bool:
    """True when its outermost part is a path, a filter, or a function that gives as many values as there are."""
    found = False
    depth = 0
    before: Token | None = None
    for token in tokens:
        is_operand = before is None or (before.kind is Kind.OPERATOR and before.text not in (")", "]", "}"))
        if token.text in (")", "]", "}"):
            depth -= 1
        if depth == 0:
            if token.text in _SINGLE and not is_operand:
                return False
            if token.kind is Kind.OPERATOR and token.text in (".", "^", "[", "@", "~>"):
                found |= not is_operand
            found |= token.kind is Kind.VARIABLE and token.text in _SELECTING
        if token.text in ("(", "[", "{") and token.kind is Kind.OPERATOR:
            depth += 1
        before = token
    return found
