"""Secrets: what is stored of them, which of them a document reads, and taking their values out of everything shown."""

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, quote_plus

from domain.errors import Problem
from domain.expressions import SECRETS, ExpressionSyntaxError, compile_expression
from domain.json_text import JsonValue, dumps
from domain.scanner import OPEN, Placeholder, scan
from domain.tokens import TokenError

MASK = "***"
"""What stands in the place of a secret's value."""

MAX_VALUE_BYTES = 64 * 1024
MIN_OUTPUT_CHARACTERS = 8
"""Shorter values are left in outputs: they may well be there for a reason of their own, and steps go on with them."""

_MIN_CUT = 4
_MIN_BASE64_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """A secret as it is stored: `sealed` is its value, encrypted for `purpose_of` its name."""

    name: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    updated_at: datetime


def purpose_of(name: str) -> str:
    """What the value of a secret is sealed for."""
    return f"secret {name!r}"


def value_problems(value: str) -> list[Problem]:
    """What is wrong with the value of a secret. No problem quotes it."""
    path = ("value",)
    if not value:
        return [Problem(path=path, message="A secret cannot be empty.", hint="Delete it where it is not needed.")]
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return [Problem(path=path, message="The value holds half a surrogate pair, which is no character.")]
    if size > MAX_VALUE_BYTES:
        message = f"The value has {size:,} bytes; {MAX_VALUE_BYTES:,} are allowed."
        return [Problem(path=path, message=message)]
    return []


def secrets_named_in(document: JsonValue) -> frozenset[str]:
    """The names of the secrets that the texts of a stored document read."""
    found: set[str] = set()
    pending: list[JsonValue] = [document]
    while pending:
        match pending.pop():
            case str() as text if OPEN in text and SECRETS in text:
                found.update(_named_in_text(text))
            case Mapping() as members:
                pending += members.values()
            case list() | tuple() as items:
                pending += items
            case _:
                pass
    return frozenset(found)


def _named_in_text(text: str) -> Iterator[str]:
    try:
        for part in scan(text):
            if isinstance(part, Placeholder):
                for read in compile_expression(part.source).reads:
                    if read[0] == SECRETS and len(read) > 1:
                        yield read[1]
    except (TokenError, ExpressionSyntaxError):
        return  # a text that is no template, in a place where none is looked for


class SecretMask:
    """Puts `***` in the place of values, as they are, quoted for URLs, JSON or HTML, and in base64."""

    __slots__ = ("_in_json", "_lasting", "_written")

    def __init__(self, values: Sequence[str]) -> None:
        self._written = _longest_first(values)
        self._lasting = _longest_first([value for value in values if len(value) >= MIN_OUTPUT_CHARACTERS])
        self._in_json = tuple({dumps(form)[1:-1] for form in self._lasting})

    def text(self, text: str) -> str:
        """A text without any of the values, nor the beginning of one where it is cut off."""
        return _without_cut(_without(text, self._written), self._written)

    def shown(self, value: JsonValue) -> JsonValue:
        """The same for all texts in a value."""
        return _mapped(value, self.text, self._lasting)

    def output(self, value: JsonValue) -> JsonValue:
        """A value without those of the secrets that are not short: the very same object where it holds none."""
        written = self._lasting
        if not written or not self._is_in(value):
            return value
        return _mapped(value, lambda text: _without(text, written), written)

    def names_of(self, headers: Mapping[str, str]) -> frozenset[str]:
        """The names of the headers that hold a value."""
        return frozenset(name for name, text in headers.items() if _without(text, self._written) != text)

    def hides(self, value: JsonValue) -> bool:
        """Whether `output` changes a value."""
        return bool(self._lasting) and self._is_in(value)

    def _is_in(self, value: JsonValue) -> bool:
        try:
            text = dumps(value)
        except ValueError:
            return True  # it will be refused anyhow, and must not be quoted before
        return any(form in text for form in self._in_json)


def _longest_first(values: Sequence[str]) -> tuple[str, ...]:
    found = {form for value in values for form in _forms(value)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _forms(value: str) -> Iterator[str]:
    quoted = (quote(value), quote(value, safe=""), quote_plus(value))
    texts = {value, *quoted, *(_lower_escapes(each) for each in quoted), html.escape(value)}
    texts.add(value.encode().decode("latin-1"))  # as headers come back
    for text in texts:
        yield text
        yield from (within for each in _within_json(text) for within in (each, *_within_json(each)))
    for text in (value, quote_plus(value)):
        yield from _within_base64(text.encode())


def _within_json(text: str) -> Iterator[str]:
    """A text as the strings of JSON have it, which may escape more than they must."""
    for written in (dumps(text)[1:-1], json.dumps(text)[1:-1]):
        yield written
        yield written.replace("/", "\\/")


def _lower_escapes(quoted: str) -> str:
    head, *escapes = quoted.split("%")
    return head + "".join(f"%{each[:2].lower()}{each[2:]}" for each in escapes)


def _within_base64(value: bytes) -> Iterator[str]:
    """What base64 holds of it whatever stands around it, wherever it begins: the characters that it alone decides."""
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


def _without_cut(text: str, forms: Sequence[str]) -> str:
    """Without what a text that was cut off ends with, where a value begins so."""
    for form in forms:
        start = form[:_MIN_CUT]
        position = text.find(start, max(0, len(text) - len(form) + 1))
        while position >= 0 and len(form) > _MIN_CUT:
            if form.startswith(text[position:]):
                return text[:position] + MASK
            position = text.find(start, position + 1)
    return text


def _mapped(value: JsonValue, masked: Callable[[str], str], numbers: Sequence[str]) -> JsonValue:
    """A value with its texts and names `masked`, and numbers that are written like one of these."""
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
