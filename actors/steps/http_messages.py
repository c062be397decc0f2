"""Between JSON values and HTTP: how a step's input becomes a request's parts, and a response becomes JSON."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote, urlencode

from actors.http import HttpResponse
from domain.json_text import JsonValue, dumps, loads

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_PLAIN = "text/plain; charset=utf-8"
_MAX_RETRY_AFTER = timedelta(days=7)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TEXT_TYPES = frozenset({"application/xml", "application/javascript", "application/yaml", "application/x-yaml", _FORM})


class MalformedInput(ValueError):
    """The step's input cannot be sent. The text is a sentence."""


class MalformedBody(ValueError):
    """A response's body is not what its content type says. The text is a sentence."""


def url_with_query(url: str, query: JsonValue) -> str:
    """The URL with the parameters of an object added: lists repeat, null leaves one out. Raises `MalformedInput`."""
    base = url.partition("#")[0]
    if query is None:
        return base
    if not isinstance(query, Mapping):
        raise MalformedInput("The query is not an object.")
    text = _encoded(query, "The query parameter")
    if not text:
        return base
    return f"{base}{'&' if '?' in base else '?'}{text}"


def header_texts(headers: JsonValue) -> dict[str, str]:
    """Headers by lower-case name: lists are joined by commas, null leaves one out. Raises `MalformedInput`."""
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise MalformedInput("The headers are not an object.")
    return {
        name.lower(): value if isinstance(value, str) else ", ".join(_texts(value, f"The header {name!r}"))
        for name, value in headers.items()
        if value is not None
    }


def encode_body(body: JsonValue, content_type: str | None) -> tuple[bytes, str]:
    """The bytes of a body and their content type, which is the given one if there is any. Raises `MalformedInput`.

    A string is sent as it is, an object as a form where the content type says so, anything else as JSON.
    """
    try:
        if isinstance(body, str):
            return body.encode(), content_type or _PLAIN
        if content_type is not None and isinstance(body, Mapping) and _media_type(content_type).name == _FORM:
            return _encoded(body, "The form field").encode(), content_type
        return dumps(body).encode(), content_type or _JSON
    except MalformedInput:
        raise
    except ValueError as error:
        raise MalformedInput(f"The body cannot be sent: {error}.") from error


def basic_credentials(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617). Raises `MalformedInput`."""
    if ":" in username:
        raise MalformedInput("A user name for basic authentication holds no colon.")
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def decode_body(response: HttpResponse) -> JsonValue:
    """The body as JSON: parsed where the content type is JSON, a string where it is text, else base64; null for none.

    Without a content type it is text when it is UTF-8. Raises `MalformedBody` for JSON that is none.
    """
    body = response.body
    if not body:
        return None
    media = _media_type(response.headers.get("content-type", ""))
    if media.is_json:
        try:
            if media.charset != "utf-8":
                return loads(_decoded(body, media.charset))
            return loads(body.removeprefix(_BYTE_ORDER_MARK))
        except (ValueError, RecursionError) as error:
            raise MalformedBody(f"the body is not the JSON it claims to be: {error}") from error
    if media.is_text:
        return _decoded(body, media.charset)
    if not media.name:
        try:
            return body.decode()
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode()


def excerpt_of(response: HttpResponse, *, characters: int) -> JsonValue:
    """The body for an error's details: parsed when it is short JSON, otherwise its beginning."""
    if not response.is_cut and len(response.body) <= characters:
        try:
            return decode_body(response)
        except MalformedBody:
            pass
    return response.body[: 4 * characters].decode("utf-8", "replace")[:characters]


def retry_after_of(response: HttpResponse, now: datetime) -> timedelta | None:
    """How long the service asks to be left alone (RFC 9110, section 10.2.3): seconds or a date. At most a week."""
    text = response.headers.get("retry-after")
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return min(max(moment - now, timedelta(0)), _MAX_RETRY_AFTER)


@dataclass(frozen=True, slots=True)
class _MediaType:
    name: str
    charset: str
    is_json: bool
    is_text: bool


@lru_cache(maxsize=512)
def _media_type(content_type: str) -> _MediaType:
    name, *parameters = (part.strip() for part in content_type.split(";"))
    name = name.lower()
    charset = ""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip("\"'").lower()
    return _MediaType(
        name=name,
        charset="utf-8" if charset in ("", "utf8") else charset,
        is_json=name in (_JSON, "text/json") or name.endswith("+json"),
        is_text=bool(charset) or name.startswith("text/") or name.endswith("+xml") or name in _TEXT_TYPES,
    )


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")


def _encoded(values: Mapping[str, JsonValue], what: str) -> str:
    pairs = [
        (name, text)
        for name, value in values.items()
        if value is not None
        for text in _texts(value, f"{what} {name!r}")
    ]
    try:
        return urlencode(pairs, quote_via=quote)
    except UnicodeEncodeError as error:
        raise MalformedInput(f"{what} holds a lone surrogate.") from error


def _texts(value: JsonValue, what: str) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield _text(item, what)
    else:
        yield _text(value, what)


def _text(value: JsonValue, what: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Mapping | Sequence):
        raise MalformedInput(f"{what} is neither a text, a number, a boolean nor a list of those.")
    return dumps(value)
