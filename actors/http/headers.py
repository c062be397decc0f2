"""Header names and values: which ones may be sent, and reading those of a response."""

import re
from collections.abc import Iterable, Mapping

from actors.http.failures import InvalidExchange
from domain.kernel.failures import FailureCode

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,256}")
_FORBIDDEN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
_MAX_HEADERS = 100
_COOKIE = "set-cookie"
_MAX_VALUE_LENGTH = 16 * 1024


ResponseHeaders = Mapping[str, str | list[str]]
"""Headers of a response by lower-case name."""


def request_headers(defaults: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers to send, by lower-case name; `headers` win over `defaults`.

    Raises `InvalidExchange` for a name or a value that could end a header early, and for the headers that frame a
    message or choose its receiver: those are the client's own.
    """
    result = dict(defaults)
    if len(headers) > _MAX_HEADERS:
        raise InvalidExchange(FailureCode.INVALID_REQUEST, f"there are more than {_MAX_HEADERS} headers")
    for given, value in headers.items():
        name = given.lower()
        if not _NAME.fullmatch(name):
            raise InvalidExchange(FailureCode.INVALID_REQUEST, f"{given[:80]!r} is not a header name")
        if name in _OURS or name.startswith("proxy-"):
            raise InvalidExchange(FailureCode.INVALID_REQUEST, f"the header {name} cannot be set")
        if len(value) > _MAX_VALUE_LENGTH:
            raise InvalidExchange(FailureCode.INVALID_REQUEST, f"the value of the header {name} is too long")
        if not (value.isascii() and value.isprintable()) and not _is_sendable(value):
            message = f"the value of the header {name} holds a character that headers cannot carry"
            raise InvalidExchange(FailureCode.INVALID_REQUEST, message)
        result[name] = value
    return result


def response_headers(raw: Iterable[tuple[bytes, bytes]]) -> ResponseHeaders:
    """The headers of a response by lower-case name, the repeated ones joined by commas (RFC 9110, section 5.3).

    Set-Cookie alone is a list, also of one: its values have commas of their own, so joined ones cannot be told apart.
    """
    result: dict[str, str | list[str]] = {}
    cookies: list[str] = []
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1").lower()
        value = _decoded(raw_value)
        if name == _COOKIE:
            cookies.append(value)
            result[name] = cookies
        else:
            result[name] = f"{result[name]}, {value}" if name in result else value
    return result


def header_text(headers: ResponseHeaders, name: str) -> str | None:
    """The value of a header that is a text, by its lower-case name; None where there is none."""
    value = headers.get(name)
    return value if isinstance(value, str) else None


def _is_sendable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return _FORBIDDEN_VALUE.search(value) is None


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
