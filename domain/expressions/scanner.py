"""Finding of the `{{ … }}` of a text: a walk over the tokens inside, never a search for `}}`."""

from dataclasses import dataclass

from domain.expressions.language.tokens import Kind, TokenError, ends_operand, next_token

OPEN, CLOSE = "{{", "}}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The expression inside one `{{ … }}`, without its braces; `position` is where its `{{` stands in the text."""

    source: str
    position: int


def scan(text: str) -> list[str | Placeholder]:
    r"""The text cut into literal parts, in which `\{{` is already written as `{{`, and placeholders.

    No literal part is empty, and no two of them are neighbours. Raises `TokenError` where a `{{`, or something
    inside it, is never closed.
    """
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    position = 0
    while (opening := text.find(OPEN, position)) >= 0:
        if opening > position and text[opening - 1] == "\\":
            literal += text[position : opening - 1], OPEN
            position = opening + len(OPEN)
            continue
        literal.append(text[position:opening])
        _close(literal, parts)
        closing = _closing(text, opening)
        parts.append(Placeholder(text[opening + len(OPEN) : closing], opening))
        position = closing + len(CLOSE)
    literal.append(text[position:])
    _close(literal, parts)
    return parts


def _close(literal: list[str], parts: list[str | Placeholder]) -> None:
    if joined := "".join(literal):
        parts.append(joined)
    literal.clear()


def _closing(text: str, opening: int) -> int:
    depth, position, operand_expected = 0, opening + len(OPEN), True
    while (token := next_token(text, position, operand_expected=operand_expected)) is not None:
        if token.kind is Kind.OPERATOR and token.text == "{":
            depth += 1
        elif token.kind is Kind.OPERATOR and token.text == "}":
            if depth == 0 and text.startswith(CLOSE, token.start):
                return token.start
            depth -= 1
        position, operand_expected = token.end, not ends_operand(token, operand_expected=operand_expected)
    raise TokenError("`{{` is opened here and never closed. Write `\\{{` for the two braces themselves.", opening)
