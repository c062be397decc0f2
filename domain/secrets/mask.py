"""Masking: the values of secrets are taken out of everything that is stored, logged or shown."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus, unquote

from domain.kernel.json.text import JsonValue, dumps
from domain.secrets.quoting import pieces_in_urls, quoting_patterns

MASK = "***"
"""The text in the place of a secret's value."""

MIN_OUTPUT_CHARACTERS = 8
"""The fewest characters of a value that is masked in outputs: a short text may be there for a reason of its own."""

_MIN_CUT = 4
_MIN_BASE64_BYTES = 6
_MOST_SEARCHED = 128 * 1024
"""The most characters of a text that is searched for values in unusual quotings."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|&#")


class SecretMask:
    """Puts `***` in the place of values: plain, in base64, and quoted for URLs, JSON or HTML, also in part."""

    __slots__ = ("_in_json", "_lasting", "_lasting_quoted", "_quoted", "_written")

    def __init__(self, values: Sequence[str]) -> None:
        lasting = [value for value in values if len(value) >= MIN_OUTPUT_CHARACTERS]
        self._written = _longest_first(values)
        pieces = [piece for value in values for piece in pieces_in_urls(value)]
        self._quoted = tuple(pattern for text in _by_length([*values, *pieces]) for pattern in quoting_patterns(text))
        self._lasting = _longest_first(lasting)
        self._lasting_quoted = tuple(pattern for value in _by_length(lasting) for pattern in quoting_patterns(value))
        self._in_json = tuple({dumps(form)[1:-1] for form in self._lasting})

    def text(self, text: str) -> str:
        """The text without any of the values, and without the beginning of one where it is cut off."""
        text = _without(text, self._written)
        cut = _cut_at(text, self._written)
        if cut is not None:
            text = text[: _first_of(text, cut, self._quoted)] + MASK
        return _unquoted(text, self._quoted)

    def shown(self, value: JsonValue) -> JsonValue:
        """The value with all its texts masked."""
        return _mapped(value, self.text, self._lasting)

    def output(self, value: JsonValue) -> JsonValue:
        """The value without the values of secrets that are not short: the same object where it holds none."""
        written = self._lasting
        if not written or not self._is_in(value):
            return value
        return _mapped(value, lambda text: _unquoted(_without(text, written), self._lasting_quoted), written)

    def names_of(self, headers: Mapping[str, str]) -> frozenset[str]:
        """The names of the headers that hold a value."""
        return frozenset(
            name for name, text in headers.items() if _unquoted(_without(text, self._written), self._quoted) != text
        )

    def hides(self, value: JsonValue) -> bool:
        """True when `output` changes a value."""
        return bool(self._lasting) and self._is_in(value)

    def _is_in(self, value: JsonValue) -> bool:
        try:
            text = dumps(value)
        except ValueError:
            return True  # it will be refused anyhow, and must not be quoted before
        if any(form in text for form in self._in_json):
            return True
        if len(text) <= _MOST_SEARCHED:
            return bool(_ESCAPE.search(text)) and any(pattern.search(text) for pattern in self._lasting_quoted)
        unquoted = unquote(text) if 0 < text.count("%") <= _MOST_SEARCHED else ""
        return any(form in unquoted for form in self._in_json)


def _longest_first(values: Sequence[str]) -> tuple[str, ...]:
    found = {form for value in values for form in _forms(value)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _by_length(values: Sequence[str]) -> list[str]:
    return sorted(set(values), key=lambda value: (-len(value), value))


def _forms(value: str) -> Iterator[str]:
    quoted = (quote(value), quote(value, safe=""), quote_plus(value))
    texts = {value, *quoted, *(_lower_escapes(each) for each in quoted), html.escape(value)}
    texts.add(value.encode().decode("latin-1"))  # as headers come back
    texts.add(value.lower())  # as the names of hosts come back
    for text in texts:
        yield text
        yield from (within for each in _within_json(text) for within in (each, *_within_json(each)))
    for text in (value, quote_plus(value)):
        yield from _within_base64(text.encode())


def _within_json(text: str) -> Iterator[str]:
    """The text as strings of JSON may hold it, which may escape more than they must."""
    for written in (dumps(text)[1:-1], json.dumps(text)[1:-1]):
        yield written
        yield written.replace("/", "\\/")


def _lower_escapes(quoted: str) -> str:
    head, *escapes = quoted.split("%")
    return head + "".join(f"%{each[:2].lower()}{each[2:]}" for each in escapes)


def _within_base64(value: bytes) -> Iterator[str]:
    """The base64 characters that the value alone decides, for each position at which it may begin."""
    if len(value) < _MIN_BASE64_BYTES:
        return
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(value)) * 8 // 6]
        yield own
        yield own.replace("+", "-").replace("/", "_")


def _without(text: str, forms: Sequence[str]) -> str:
    for form in forms:
        if form in text:
            text = text.replace(form, MASK)
    return text


def _unquoted(text: str, quoted: Sequence[re.Pattern[str]]) -> str:
    """The text without values in unusual quotings."""
    if len(text) <= _MOST_SEARCHED:
        for pattern in quoted:
            text = pattern.sub(MASK, text)
    return text


def _cut_at(text: str, forms: Sequence[str]) -> int | None:
    """The position from which on a text is the beginning of a value, which may have been cut off there."""
    for form in forms:
        start = form[:_MIN_CUT]
        position = text.find(start, max(0, len(text) - len(form) + 1))
        while position >= 0 and len(form) > _MIN_CUT:
            if form.startswith(text[position:]):
                return position
            position = text.find(start, position + 1)
    return None


def _first_of(text: str, position: int, quoted: Sequence[re.Pattern[str]]) -> int:
    """The start of the value in unusual quoting that a position is within, or the position."""
    if len(text) > _MOST_SEARCHED:
        return position
    found = (match for pattern in quoted for match in pattern.finditer(text))
    return min((match.start() for match in found if match.start() < position < match.end()), default=position)


def _mapped(value: JsonValue, masked: Callable[[str], str], numbers: Sequence[str]) -> JsonValue:
    """The value with its texts and names `masked`, and numbers masked that are written like one of `numbers`."""
    match value:
        case str():
            return masked(value)
        case Mapping():
            return {masked(name): _mapped(member, masked, numbers) for name, member in value.items()}
        case list() | tuple():
            return [_mapped(item, masked, numbers) for item in value]
        case int() | float() if not isinstance(value, bool) and dumps(value) in numbers:
            return MASK
        case _:
            return value
