"""The parts that kinds which call services share: checks of addresses and headers, and what is stored of them."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from domain.expressions.scanner import OPEN
from domain.kernel.errors import Problem
from domain.kernel.hints import kind_of, shown
from domain.kernel.json.text import JsonValue

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}", re.ASCII)
_URL_HINT = "For example https://api.example.com/orders/{{ input.id }}."
_MASKED = "***"
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class CircuitBreakerUse(StrEnum):
    """The effect of an open breaker on a step: it waits, it fails with CIRCUIT_OPEN, or it uses no breaker."""

    WAIT = "WAIT"
    FAIL = "FAIL"
    OFF = "OFF"


def without_credentials(input: JsonValue) -> JsonValue:
    """The input of a call without `auth`, and with the values of headers that carry credentials masked."""
    if not isinstance(input, dict):
        return input
    headers = input.get("headers")
    if "auth" not in input and headers is None:
        return input
    kept = {name: value for name, value in input.items() if name != "auth"}
    if isinstance(headers, Mapping):
        kept["headers"] = {
            name: _MASKED if name.lower() in _CREDENTIAL_HEADERS else value for name, value in headers.items()
        }
    return kept


def address_problems(config: Mapping[Any, Any]) -> Iterator[Problem]:
    """The problems of the `url` and the `headers` of any raw configuration that makes requests."""
    url, headers = config.get("url"), config.get("headers")
    if isinstance(url, str) and url:
        yield from _url_problems(url)
    if isinstance(headers, dict):
        yield from _header_problems(headers)
    else:
        yield from no_object("headers", headers)


def no_object(member: str, value: object) -> Iterator[Problem]:
    """The problem of a value that is given, and neither an object nor a template that may give one."""
    if value is not None and not _is_template(value):
        message = f"This must be an object or a `{{{{ … }}}}` that gives one, not {kind_of(value)}."
        yield Problem(path=(member,), message=message, hint='For example {"name": "value"}.')


def _url_problems(url: str) -> Iterator[Problem]:
    """The problems of a URL: of the part before its first `{{`, or of the whole where it has none."""
    literal, opening, _ = url.partition(OPEN)
    if opening and "://" not in literal:
        return
    try:
        parts = urlsplit(literal)
        is_address = parts.scheme in ("http", "https") and (bool(opening) or bool(parts.hostname and parts.port != 0))
    except ValueError:
        is_address = False
    if not is_address or any(character.isspace() for character in parts.netloc):
        yield Problem(path=("url",), message=f"{shown(url)} is not an http or https address.", hint=_URL_HINT)
    elif url != url.strip() or any(character.isspace() and character != " " for character in literal):
        message = "An address begins and ends without a blank, and is one line without tabs."
        yield Problem(path=("url",), message=message, hint="Blanks within it are sent as %20.")


def _header_problems(headers: Mapping[Any, Any]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not isinstance(name, str):
            continue  # said by the JSON check
        path = ("headers", name)
        if not _HEADER_NAME.fullmatch(name):
            message = f"{shown(name)} is not the name of a header."
            yield Problem(path=path, message=message, hint="Letters, digits and - only, for example X-Request-Id.")
        elif isinstance(value, dict):
            message = "A header is a string, a number, or an array of these, not an object."
            yield Problem(path=path, message=message, hint="Write `{{ $string(…) }}` to send an object as JSON.")
        elif isinstance(value, str) and ("\r" in value or "\n" in value):
            yield Problem(path=path, message="A header is one line.", hint="Take the line break out.")


def _is_template(value: object) -> bool:
    return isinstance(value, str) and OPEN in value
