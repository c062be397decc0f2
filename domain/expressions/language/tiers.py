"""The tier of an expression: decided once, on its tokens."""

import re
from collections.abc import Sequence
from enum import Enum

from domain.expressions.language.tokens import Kind, Token


class Tier(Enum):
    """The place where an expression is evaluated; chosen once, when it is compiled."""

    PATH = "path"
    SAFE = "safe"
    SANDBOX = "sandbox"


_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_NOT_NAMES = frozenset({"true", "false", "null", "and", "or", "in", "function"})


def plain_path(tokens: Sequence[Token]) -> tuple[str | int, ...] | None:
    """The steps of ``name(.name|.`quoted`|[integer])*``; None for anything else."""
    first = _name(tokens[0])
    if first is None:
        return None
    steps: list[str | int] = [first]
    position = 1
    while position < len(tokens):
        step, width = _next_step(tokens, position)
        if step is None:
            return None
        steps.append(step)
        position += width
    return tuple(steps)


def _next_step(tokens: Sequence[Token], position: int) -> tuple[str | int | None, int]:
    match [token.text for token in tokens[position : position + 4]]:
        case ["[", "-", digits, "]"] if _INDEX.fullmatch(digits):
            return -int(digits), 4
        case ["[", digits, "]", *_] if _INDEX.fullmatch(digits):
            return int(digits), 3
        case [".", _, *_]:
            return _name(tokens[position + 1]), 2
    return None, 0


def _name(token: Token) -> str | None:
    if token.kind is Kind.QUOTED_NAME:
        return token.text[1:-1]
    if token.kind is Kind.NAME and token.text not in _NOT_NAMES and _PLAIN_NAME.fullmatch(token.text):
        return token.text
    return None
