"""Secrets: their stored records, and the secrets that a document reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.expressions.expression import SECRETS, ExpressionSyntaxError, compile_expression
from domain.expressions.language.tokens import TokenError
from domain.expressions.scanner import OPEN, Placeholder, scan
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue

MAX_VALUE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """A secret as it is stored: `sealed` is its value, encrypted for `purpose_of` its name."""

    name: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    updated_at: datetime


def purpose_of(name: str) -> str:
    """The purpose under which the value of a secret is sealed."""
    return f"secret {name!r}"


def value_problems(value: str) -> list[Problem]:
    """The problems of the value of a secret. None of them quotes it."""
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
