"""Hints for people: the known name that may have been meant, and the written value in short."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_MAX_CANDIDATES = 200
_MAX_SHOWN = 60
_RANGE_IN_FILTER = re.compile(r"[^\[\s]\s*\[[^\[\]]*\.\.")


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A question that names the nearest known name, or None when none is near. Takes milliseconds."""
    name = name[:_MAX_SHOWN]
    by_lower: dict[str, str] = {}
    for candidate in known:
        if abs(len(candidate) - len(name)) <= 4 and len(by_lower) < _MAX_CANDIDATES:
            by_lower.setdefault(candidate.lower(), candidate)
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[near[0]]!r}?" if near else None


def syntax_hint(written: str, otherwise: str | None = None) -> str | None:
    """The next thing to try where an expression that is, or stands in, `written` cannot be parsed."""
    if _RANGE_IN_FILTER.search(written):
        return "A range is an array of its own: `list[[0..2]]` takes the first three items."
    return otherwise


def one_of(known: Iterable[str]) -> str:
    """A sentence of this form: `It is one of A, B and C.`"""
    names = list(known)
    if len(names) == 1:
        return f"It is {names[0]}."
    return f"It is one of {', '.join(names[:-1])} and {names[-1]}."


def shown(value: object) -> str:
    """A short form of a written value, for use in a sentence."""
    text = repr(value) if isinstance(value, str | int | float | bool) else kind_of(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def kind_of(value: object) -> str:
    """The kind of a value in JSON's words: `a string`, `an object` and so on."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    return f"a {type(value).__name__}"
