"""Rewriting of an expression, with calls around its operators, so that integers stay exact or are refused.

The engine counts in 64-bit floating point. It lets its functions be replaced but not its operators; so a rewritten
expression hands the operands of an operator, or its result, to functions that check them. The grammar is the whole
of the language, and binding powers are those of its reference parser.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.expressions.language.literals import LargeLiteral, is_computed_with, large_literal
from domain.expressions.language.tokens import Kind, Token, TokenReader

#: The functions that a rewritten expression calls; their names cannot be written in an expression.
OPERAND, RESULT, TEXT, STRING, LITERAL = "·operand", "·result", "·text", "·string", "·literal"

_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%"})
_BARE_NUMBER: Final = re.compile(r"-*[0-9][0-9.eE+-]*")
_NEGATION_POWER = 70
_BINDING_POWER: Final = {
    ":=": 10,
    **dict.fromkeys(("?", ".."), 20),
    "or": 25,
    "and": 30,
    **dict.fromkeys(("=", "!=", "<", ">", "<=", ">=", "in", "~>", "?:", "??", "^"), 40),
    **dict.fromkeys(("&", "+", "-"), 50),
    **dict.fromkeys(("*", "/", "%"), 60),
    "{": 70,
    ".": 75,
    **dict.fromkeys(("[", "(", "@", "#"), 80),
}
_LAMBDAS = frozenset({"function", "λ"})
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


class UnknownGrammarError(Exception):
    """The expression is written in a way that this module does not know, although the engine accepts it."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`source` as it is to be evaluated; `literals` are the numbers that it takes from variables, in their order."""

    source: str
    literals: tuple[LargeLiteral, ...]


def rewritten(source: str, tokens: Sequence[Token], *, guards_operands: bool) -> Rewritten:
    """The expression with the result of each arithmetic operator in a call of `RESULT`.

    `guards_operands`: also its operands, and those of ranges, in `OPERAND`; those of `&` in `TEXT`; calls
    of `$string` become those of `STRING`, and each number from 2^53 on becomes the variable of `LITERAL` and its index,
    unless it is computed with and is in floating point what it is.
    Raises `UnknownGrammarError`.
    """
    writer = _Writer(source, tokens, guards_operands=guards_operands)
    text = writer.whole()
    return Rewritten(text, tuple(writer.literals))


class _Writer(TokenReader):
    """A top-down operator precedence parser that returns its input, changed where it has to be."""

    __slots__ = ("_guards_operands", "_source", "literals")

    def __init__(self, source: str, tokens: Sequence[Token], *, guards_operands: bool) -> None:
        super().__init__(tokens, UnknownGrammarError)
        self._source = source
        self._guards_operands = guards_operands
        self.literals: list[LargeLiteral] = []

    def whole(self) -> str:
        text = self._expression(0)
        if not self._is_at_end:
            raise UnknownGrammarError
        return text

    def _expression(self, binding_power: int) -> str:
        text = self._operand()
        while (operator := self._peek_operator()) and _BINDING_POWER.get(operator, 0) > binding_power:
            self._position += 1
            text = self._infix(operator, text)
        return text

    def _operand(self) -> str:
        token = self._take()
        match token.kind, token.text:
            case Kind.NUMBER, number:
                return self._number(number)
            case Kind.VARIABLE, "$string" if self._guards_operands and self._peek() == "(":
                return f"${STRING}"
            case Kind.NAME, name if name in _LAMBDAS and self._peek() == "(":
                return self._lambda(name)
            case Kind.OPERATOR, "-":
                return f"-{self._expression(_NEGATION_POWER)}"
            case Kind.OPERATOR, "|":
                return self._transform()
            case Kind.OPERATOR, ("(" | "[" | "{") as opening:
                return self._enclosed(opening)
            case Kind.OPERATOR, ("*" | "**" | "%" | "?") as text:
                return text
            case Kind.OPERATOR, _:
                raise UnknownGrammarError
        return token.text

    def _number(self, text: str) -> str:
        literal = large_literal(text) if self._guards_operands else None
        if literal is None or is_computed_with(self._tokens, self._position - 1):
            return text
        self.literals.append(literal)
        return f"${LITERAL}{len(self.literals) - 1}"

    def _infix(self, operator: str, left: str) -> str:
        match operator:
            case "(" | "[" | "{":
                return left + self._enclosed(operator)
            case "^":
                self._expect("(")
                return f"{left}^{self._enclosed('(')}"
            case "@" | "#":
                return f"{left}{operator}{self._take().text}"
            case "?":
                chosen = f"{left} ? {self._expression(0)}"
                if self._peek() == ":":
                    self._position += 1
                    chosen += f" : {self._expression(0)}"
                return chosen
            case ":=":
                return f"{left} := {self._expression(_BINDING_POWER[operator] - 1)}"
        right = self._expression(_BINDING_POWER[operator])
        if operator in _ARITHMETIC:
            if self._guards_operands:
                left, right = _checked(left), _checked(right)
            return f"${RESULT}({left} {operator} {right})"
        if self._guards_operands and operator == "&":
            left, right = f"${TEXT}({left})", f"${TEXT}({right})"
        if self._guards_operands and operator == "..":
            left, right = f"${OPERAND}({left})", f"${OPERAND}({right})"
        return f"{left}{operator}{right}" if operator == "." else f"{left} {operator} {right}"

    def _enclosed(self, opening: str) -> str:
        """The text within brackets, the first of which has been read: expressions between signs that separate them."""
        closing = _CLOSING[opening]
        written = [opening]
        while (sign := self._peek()) != closing:
            if sign in (",", ";", ":", "<", ">"):  # the last two, of a term to sort by
                self._position += 1
                written.append(f"{sign} ")
            else:
                written.append(self._expression(0))
        self._position += 1
        written.append(closing)
        return "".join(written)

    def _lambda(self, name: str) -> str:
        self._position += 1
        parameters = self._enclosed("(")
        start = self._position
        while self._peek() != "{":  # a signature
            self._take()
        signature = self._source[self._tokens[start].start : self._tokens[self._position].start]
        self._position += 1
        return f"{name}{parameters}{signature}{self._enclosed('{')}"

    def _transform(self) -> str:
        written = [self._expression(0)]
        self._expect("|")
        written.append(self._expression(0))
        if self._peek() == ",":
            self._position += 1
            written[-1] += f", {self._expression(0)}"
        self._expect("|")
        return f"|{'|'.join(written)}|"


def _checked(operand: str) -> str:
    """An operand in a call of `OPERAND`; a number that is written there is none that needs it."""
    return operand if _BARE_NUMBER.fullmatch(operand) else f"${OPERAND}({operand})"
