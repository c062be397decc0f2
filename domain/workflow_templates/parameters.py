r"""Parameters in the texts of a workflow template: `<<name>>` stands for a value, and `\<<` for `<<` itself."""

from dataclasses import dataclass

from domain.workflows.fields.types import IDENTIFIER

OPEN, CLOSE = "<<", ">>"

_MAX_SHOWN = 40


class ParameterError(ValueError):
    """A text has a `<<` that begins no parameter. `position` is the 0-based character at which it stands."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Parameter:
    """The place of a parameter in a text."""

    name: str


def scan_parameters(text: str) -> list[str | Parameter]:
    r"""The text cut into literal parts, in which `\<<` is already written as `<<`, and parameters.

    No literal part is empty, and no two of them are neighbours. Raises `ParameterError`.
    """
    parts: list[str | Parameter] = []
    literal: list[str] = []
    position = 0
    while (opening := text.find(OPEN, position)) >= 0:
        if opening > position and text[opening - 1] == "\\":
            literal += text[position : opening - 1], OPEN
            position = opening + len(OPEN)
            continue
        literal.append(text[position:opening])
        if joined := "".join(literal):
            parts.append(joined)
        literal.clear()
        position = _closing(text, opening)
        parts.append(Parameter(text[opening + len(OPEN) : position]))
        position += len(CLOSE)
    literal.append(text[position:])
    if joined := "".join(literal):
        parts.append(joined)
    return parts


def _closing(text: str, opening: int) -> int:
    """The position of the `>>` that ends the parameter beginning at `opening`. Raises `ParameterError`."""
    start = opening + len(OPEN)
    closing = text.find(CLOSE, start)
    if closing < 0:
        raise ParameterError("`<<` is opened here and never closed. Write `\\<<` for the two characters.", opening)
    name = text[start:closing]
    if not IDENTIFIER.fullmatch(name):
        shown = name if len(name) <= _MAX_SHOWN else name[: _MAX_SHOWN - 1] + "…"
        raise ParameterError(f"`<<{shown}>>` names no parameter. Write `\\<<` for the two characters.", opening)
    return closing
