"""From JSON values to HTTP: making the parts of a request from a step's input."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, urlencode

from actors.http.multipart import Part, multipart_body
from domain.kernel.http.media_types import FORM, MULTIPART_FORM, media_type
from domain.kernel.json.text import JsonValue, dumps

_JSON = "application/json"
_PLAIN = "text/plain; charset=utf-8"


class MalformedInput(ValueError):
    """The step's input cannot be sent. The text is a sentence."""


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

    A string is sent as it is, an object as a form or in parts where the content type says so, anything else as JSON.
    """
    try:
        if isinstance(body, str):
            return body.encode(), content_type or _PLAIN
        if content_type is not None and isinstance(body, Mapping):
            media = media_type(content_type)
            if media.name == FORM:
                return _encoded(body, "The form field").encode(), content_type
            if media.name == MULTIPART_FORM:
                return multipart_body(list(_parts(body)), media.boundary)
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


def _parts(fields: Mapping[str, JsonValue]) -> Iterator[Part]:
    """The parts of a form: a list repeats its field, null leaves it out, an object becomes a part of JSON."""
    for name, value in fields.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Mapping | list | tuple):
                yield name, dumps(item), _JSON
            elif item is not None:
                yield name, item if isinstance(item, str) else dumps(item), None


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
