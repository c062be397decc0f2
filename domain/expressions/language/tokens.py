"""The tokens of JSONata: where each begins and ends, read exactly as the language reads them.

Placeholders `{{ … }}` are found with it and the tier of an expression is decided on it, so it must never see a string
where the engine sees code. Two rules of the language are easy to get wrong: a name runs on until white space or an
operator character (`a"b` is one name, not a name and a string), and `/` begins a regular expression only where an
operand is expected.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """The kind of a token. NAME includes `and`, `or`, `in`, `true`, `false`, `null` and `function`."""

    NAME = "name"
    QUOTED_NAME = "quoted"
    VARIABLE = "variable"
    STRING = "string"
    NUMBER = "number"
    REGEX = "regex"
    OPERATOR = "operator"


class Token(NamedTuple):
    """One token. `text` is the source between `start` and `end`; a quoted name or string has its quotes."""

    kind: Kind
    text: str
    start: int
    end: int


class TokenError(ValueError):
    """Something is opened and never closed. `position` is where it opens, in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


_TOKEN = re.compile(
    r"""
    (?: [ \t\n\r\v] | /\*.*?\*/ )*+
    (?:
      (?P<operator> \.\. | := | != | >= | <= | \*\* | ~> | \?: | \?\? | [.\[\]{}(),@\#;:?+\-*/%|=<>^&!~] )
    | (?P<string> "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+' )
    | (?P<number> (?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)? )
    | (?P<quoted> `[^`]*` )
    | (?P<variable> \$ [^ \t\n\r\v.\[\]{}(),@\#;:?+\-*/%|=<>^&!~]* )
    | (?P<name> [^"'`\ \t\n\r\v.\[\]{}(),@\#;:?+\-*/%|=<>^&!~] [^ \t\n\r\v.\[\]{}(),@\#;:?+\-*/%|=<>^&!~]* )
    | (?P<unclosed> .)
    | (?P<end> \Z)
    )
    """,
    re.DOTALL | re.VERBOSE,
)
_KINDS = {kind.value: kind for kind in Kind}
_UNCLOSED = {"`": "A name in backquotes", '"': "A string", "'": "A string"}
_REGEX_FLAGS = re.compile(r"[im]*")
_WORD_OPERATORS = frozenset({"and", "or", "in"})


def next_token(source: str, position: int, *, operand_expected: bool) -> Token | None:
    """The token at or after `position`; None at the end. Raises `TokenError` where it is not closed."""
    match = _TOKEN.match(source, position)
    group = match and match.lastgroup
    if match is None or group is None or group == "end":
        return None
    start, end = match.span(group)
    text = match[group]
    if group == "unclosed":
        raise TokenError(f"{_UNCLOSED[text]} is opened here and never closed.", start)
    if text == "/":
        if source.startswith("*", end):
            raise TokenError("A comment is opened here and never closed.", start)
        if operand_expected:
            end = _regex_end(source, start)
            return Token(Kind.REGEX, source[start:end], start, end)
    return Token(_KINDS[group], text, start, end)


def ends_operand(token: Token, *, operand_expected: bool) -> bool:
    """True when an operator, not another operand, comes after this token."""
    if token.kind is Kind.OPERATOR:
        # A `*`, `**` or `%` where an operand is expected is one: wildcard, descendants, parent.
        return token.text in (")", "]", "}") or (operand_expected and token.text in ("*", "**", "%"))
    return operand_expected or token.text not in _WORD_OPERATORS


def tokenize(source: str) -> list[Token]:
    """All tokens. Raises `TokenError`."""
    tokens: list[Token] = []
    position, operand_expected = 0, True
    while (token := next_token(source, position, operand_expected=operand_expected)) is not None:
        tokens.append(token)
        position, operand_expected = token.end, not ends_operand(token, operand_expected=operand_expected)
    return tokens


class TokenReader:
    """Steps through tokens, for operator precedence parsers. `error` is the exception that they raise."""

    __slots__ = ("_error", "_position", "_tokens")

    def __init__(self, tokens: Sequence[Token], error: type[Exception]) -> None:
        self._tokens = tokens
        self._position = 0
        self._error = error

    @property
    def _is_at_end(self) -> bool:
        return self._position == len(self._tokens)

    def _peek(self) -> str | None:
        """The text of the next token if it is an operator that is written in signs."""
        token = self._next()
        return token.text if token is not None and token.kind is Kind.OPERATOR else None

    def _peek_operator(self) -> str | None:
        """The text of the next token where an operator may stand: only there `and`, `or` and `in` are operators."""
        token = self._next()
        if token is not None and token.kind is Kind.NAME and token.text in _WORD_OPERATORS:
            return token.text
        return self._peek()

    def _take(self) -> Token:
        token = self._next()
        if token is None:
            raise self._error
        self._position += 1
        return token

    def _expect(self, text: str) -> None:
        if self._peek() != text:
            raise self._error
        self._position += 1

    def _next(self) -> Token | None:
        return None if self._is_at_end else self._tokens[self._position]


def _regex_end(source: str, start: int) -> int:
    """The position after a regular expression and its flags; as in the language, `/` within brackets is part of it."""
    depth = 0
    for position in range(start + 1, len(source)):
        character = source[position]
        if character == "/" and depth == 0 and not _is_escaped(source, position):
            flags = _REGEX_FLAGS.match(source, position + 1)
            return position + 1 if flags is None else flags.end()
        if source[position - 1] != "\\":
            depth += (character in "([{") - (character in ")]}")
    raise TokenError("A regular expression is opened here and never closed.", start)


def _is_escaped(source: str, position: int) -> bool:
    start = position
    while source[start - 1] == "\\":
        start -= 1
    return (position - start) % 2 == 1
