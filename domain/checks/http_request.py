"""What can be said about an HTTP request before it is made: its address and the names of its headers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from domain.checks.hints import kind_of, shown
from domain.errors import Problem
from domain.scanner import OPEN

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}", re.ASCII)
_URL_HINT = "For example https://api.example.com/orders/{{ input.id }}."


def request_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a raw HTTP_REQUEST configuration, beyond the kinds of its members."""
    url = config.get("url")
    if isinstance(url, str) and url:
        yield from _address_problems(url)
    for member in ("headers", "query"):
        value = config.get(member)
        if value is None or _is_template(value):
            continue
        if not isinstance(value, dict):
            message = f"This must be an object or a `{{{{ … }}}}` that gives one, not {kind_of(value)}."
            yield Problem(path=(member,), message=message)
        elif member == "headers":
            yield from _header_problems(value)


def _address_problems(url: str) -> Iterator[Problem]:
    """Of what stands before the first `{{`, or of the whole where nothing is put in."""
    literal, opening, _ = url.partition(OPEN)
    if opening and "://" not in literal:
        return
    try:
        parts = urlsplit(literal)
        is_address = parts.scheme in ("http", "https") and (bool(opening) or bool(parts.hostname and parts.port != 0))
    except ValueError:
        is_address = False
    if not is_address or any(character.isspace() for character in literal):
        yield Problem(path=("url",), message=f"{shown(url)} is not an http or https address.", hint=_URL_HINT)


def _header_problems(headers: Mapping[Any, Any]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not isinstance(name, str):
            continue  # said by the JSON check
        path = ("headers", name)
        if not _HEADER_NAME.fullmatch(name):
            yield Problem(path=path, message=f"{shown(name)} is not the name of a header.")
        elif isinstance(value, dict):
            yield Problem(path=path, message="A header is a string, a number, or an array of these, not an object.")
        elif isinstance(value, str) and ("\r" in value or "\n" in value):
            yield Problem(path=path, message="A header is one line.")


def _is_template(value: object) -> bool:
    return isinstance(value, str) and OPEN in value
