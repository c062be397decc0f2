"""The numbers from 2^53 on that an expression writes, and the places where the engine takes them as they are."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from domain.expressions.language.large_integers import LIMIT
from domain.expressions.language.tokens import Kind, Token

_FLOATS_FROM: Final = 10**21
"""The size from which on JSONata writes a number with an exponent."""

_MOST_DIGITS_WRITTEN: Final = 15
"""The digits of a number that JSONata writes; zeros follow them."""

_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%"})
_BINDING_TIGHTER: Final = frozenset({".", "[", "(", "{", "^", "@", "#"})
_WORD_OPERATORS: Final = frozenset({"and", "or", "in"})
#: Functions that take a number for what it amounts to and give back no larger one.
_TAKING: Final = frozenset({"$sqrt", "$formatNumber", "$formatBase", "$formatInteger", "$fromMillis"})


class LargeLiteral(NamedTuple):
    """A number from 2^53 on as it is compared, and as it is given back.

    They differ only for an integer of 10^21 or more that is written with a point or an exponent and few digits, such as
    `6.022e23`: it is compared exactly, and given back as floating point, which JSONata writes with an exponent too.
    """

    number: int | float
    given_back: int | float


def large_literal(text: str) -> LargeLiteral | None:
    """The number that a token writes; None for one below 2^53 or beyond floating point.

    `1e16` and `10000000000000000.0` are the integer `10000000000000000`. What has a fraction is floating point.
    """
    rounded = float(text)
    if not LIMIT <= rounded < float("inf"):
        return None
    written = Decimal(text)
    integer = int(written)
    if integer != written:
        return LargeLiteral(rounded, rounded)
    is_float = integer >= _FLOATS_FROM and not text.isdigit() and _has_few_digits(integer)
    return LargeLiteral(integer, rounded if is_float else integer)


def large_literals(tokens: Sequence[Token]) -> tuple[LargeLiteral, ...]:
    """All that are written in an expression, in their order."""
    found = (large_literal(token.text) for token in tokens if token.kind is Kind.NUMBER)
    return tuple(literal for literal in found if literal is not None)


def have_integers(tokens: Sequence[Token]) -> bool:
    """True when the engine must not see the expression as it is, whatever the data are: it writes a large integer.

    Operands of arithmetic do not count where floating point has them, nor do arguments of few digits for functions that
    write numbers or compute smaller ones.
    """
    for index, token in enumerate(tokens):
        literal = large_literal(token.text) if token.kind is Kind.NUMBER else None
        if literal is None or type(literal.given_back) is float or is_computed_with(tokens, index):
            continue
        is_argument = [each.text for each in tokens[max(index - 1, 0) : index]] == ["("] and index > 1
        if not (is_argument and tokens[index - 2].text in _TAKING and _has_few_digits(literal.number)):
            return True
    return False


def is_computed_with(tokens: Sequence[Token], index: int) -> bool:
    """True when the number at `index` is an operand of `+`, `-`, `*`, `/` or `%` that floating point has exactly."""
    literal = large_literal(tokens[index].text)
    if literal is None or not _is_exact(literal):
        return False
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if after is not None and after.kind is Kind.OPERATOR:
        if after.text in _BINDING_TIGHTER:
            return False
        if after.text in _ARITHMETIC:
            return True
    before = index - 1
    while _is_operator(tokens, before, frozenset("-")) and not _ends_operand(tokens, before - 1):
        before -= 1
    return _is_operator(tokens, before, _ARITHMETIC) and _ends_operand(tokens, before - 1)


def _has_few_digits(number: float) -> bool:
    return len(str(int(number)).rstrip("0")) <= _MOST_DIGITS_WRITTEN


def _is_exact(literal: LargeLiteral) -> bool:
    return float(literal.number) == literal.number


def _is_operator(tokens: Sequence[Token], index: int, among: frozenset[str]) -> bool:
    return index >= 0 and tokens[index].kind is Kind.OPERATOR and tokens[index].text in among


def _ends_operand(tokens: Sequence[Token], index: int) -> bool:
    """True when an operand surely ends here; a name may also be one of the operators that are words."""
    if index < 0:
        return False
    token = tokens[index]
    return token.text in (")", "]", "}") if token.kind is Kind.OPERATOR else token.text not in _WORD_OPERATORS
