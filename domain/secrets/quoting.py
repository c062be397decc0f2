"""Patterns for the ways in which URLs, JSON and HTML may quote a value: each character by itself, escaped or not."""

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

_MOST_CHARACTERS = 2_000
"""The longest value with a pattern, in characters; longer ones are only looked for in the usual quotings."""

_LEAST_PIECE = 6
_ESCAPES = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_DELIMITERS = tuple(re.compile(each) for each in (r"[?#]", r"[/?#]", r"[?#&;]", r"[/?#&=;]"))
"""Between which receivers read a URL in parts: its path and its query, segments, parameters, names and values."""


def quoting_patterns(value: str) -> Iterator[re.Pattern[str]]:
    """The pattern that finds a value however its characters are quoted; none for an empty or a very long value.

    It has one way through each character, so it costs no more than the length of the text times that of the value.
    """
    if 0 < len(value) <= _MOST_CHARACTERS:
        yield re.compile(_pattern(value))


def pieces_in_urls(value: str) -> Iterator[str]:
    """The pieces that a receiver may read of a value that stood unquoted in the path or the query of a URL."""
    pieces = {value.partition("#")[0], *(piece for each in _DELIMITERS for piece in each.split(value))} - {value}
    yield from (piece for piece in pieces if len(piece) >= _LEAST_PIECE)


def _pattern(value: str) -> str:
    """The pattern of a value; escapes within it may also have been decoded."""
    return "".join(
        f"(?:{_literally(part)}|{_literally(unquote(part))})" if number % 2 else _literally(part)
        for number, part in enumerate(_ESCAPES.split(value))
    )


def _literally(text: str) -> str:
    return "".join(f"(?:{'|'.join(_ways(character))})" for character in text)


def _ways(character: str) -> Iterator[str]:
    """The patterns of one character, the plain one first."""
    yield re.escape(character)
    if character in " +":
        yield "[ +]"  # either is read as the other in a query
    yield "(?i:" + "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "replace")) + ")"
    units = character.encode("utf-16-be")
    pairs = (units[start : start + 2].hex() for start in range(0, len(units), 2))
    yield "(?i:" + "".join(rf"\\+u{pair}" for pair in pairs) + ")"
    if character in "\"\\/'":
        yield r"\\+" + re.escape(character)
    if not character.isascii():
        yield re.escape(character.encode().decode("latin-1"))
    yield f"&#0*{ord(character)};"
    yield f"(?i:&#x0*{ord(character):x};)"
    if (named := html.escape(character)) != character:
        yield re.escape(named)
