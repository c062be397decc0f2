"""Messages to inbound webhooks: reading their bodies, and the scope of the webhook's expression."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.http.content_encodings import MalformedEncoding, TooLargeInflated, UnsupportedEncoding, inflated
from domain.kernel.http.media_types import MediaType, encoding_of, media_type, read_text
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.members import has_too_many_members
from domain.kernel.json.text import JsonValue, loads
from domain.kernel.json.values import MAX_NESTING, json_problems
from domain.webhooks.inbound_signatures import DEFAULT_TYPE, event_type_of, external_id_of
from domain.webhooks.model import WebhookRecord

MOST_MEMBERS = 50_000
"""The most objects and lists in a body, unless another limit is given: it is read, evaluated upon, and stored."""

_SECRET_WORDS = ("signature", "authorization", "cookie", "token", "secret", "api-key")

MOST_INFLATED = 1_000_000
"""The most bytes of a body once its encoding is undone, unless another limit is given."""


class UnsupportedBody(InvalidInput):
    """A body in an encoding or a charset that is not read here."""


class OversizedBody(InvalidInput):
    """A body that is too large once its encoding is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A message as it was sent. Names of headers are lower-case; a `query` member that came twice is an array.

    `body` is as it came, since that is signed; `most` is the most bytes that it may have once its encoding is undone,
    `most_members` the most objects and lists of JSON.
    """

    headers: Mapping[str, str]
    query: Mapping[str, JsonValue]
    body: bytes
    most: int = MOST_INFLATED
    most_members: int = MOST_MEMBERS


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """The content of a message: its body as a value, its event type, and the id by which it is recognised, if any."""

    body: JsonValue = None
    event_type: str = DEFAULT_TYPE
    external_id: str | None = None


def content_of(webhook: WebhookRecord, message: InboundMessage) -> MessageContent:
    """The content of an authentic message. Raises `InvalidInput` where its body cannot be read, or not be stored."""
    body = _body_of(message)
    scheme, headers = webhook.signature, message.headers
    return MessageContent(
        body=body,
        event_type=event_type_of(scheme, headers, body),
        external_id=external_id_of(scheme, headers, message.body, body),
    )


def scope_of(webhook: WebhookRecord, message: InboundMessage, content: MessageContent) -> Mapping[str, JsonValue]:
    """The scope of the webhook's expression: headers that prove anything about the sender are left out."""
    return {
        "body": content.body,
        "headers": {name: value for name, value in message.headers.items() if not _is_secret(name)},
        "query": message.query,
        "webhook": {"id": to_public(IdKind.WEBHOOK, webhook.id), "name": webhook.name},
    }


def json_of(message: InboundMessage) -> JsonValue:
    """The JSON value of a message that must be one, null for an empty body. Raises `InvalidInput`."""
    media = _media_of(message)
    if media.name and not media.is_json:
        raise UnsupportedBody([_problem("Send the body as Content-Type: application/json.")])
    text = _text_of(message, media)
    return _json(text, message.most_members) if text.strip() else None


def _body_of(message: InboundMessage) -> JsonValue:
    """The value of a body: JSON, a text, or base64 of bytes that are neither; null for an empty one.

    Read like the responses of services; beyond that, a body whose type is neither JSON nor text, or is missing, is
    JSON where it has no type and is some, and a text where it is UTF-8.
    """
    if not message.body:
        return None
    media = _media_of(message)
    if media.is_json or media.is_text:
        text = _text_of(message, media)
        if media.is_json:
            return _json(text, message.most_members) if text.strip() else None
        return _storable(text)
    body = _bytes_of(message)
    try:
        text = body.decode("utf-8-sig") if body[:2] not in (b"\xff\xfe", b"\xfe\xff") else read_text(body, "utf-8")
    except UnicodeDecodeError:
        return b64encode(body).decode()
    if not media.name and text.strip():
        _check_members(text, message.most_members)
        try:
            value = loads(text)
        except (ValueError, RecursionError):
            return _storable(text)
        return _checked(text, value)
    return _storable(text)


def _media_of(message: InboundMessage) -> MediaType:
    media = media_type(message.headers.get("content-type", ""))
    if (media.is_json or media.is_text) and encoding_of(media.charset) is None:
        raise UnsupportedBody([_problem(f"The charset {media.charset[:40]!r} is not known: send UTF-8.")])
    return media


def _bytes_of(message: InboundMessage) -> bytes:
    try:
        return inflated(message.body, message.headers.get("content-encoding", ""), message.most)
    except UnsupportedEncoding as error:
        raise UnsupportedBody([_problem(str(error))]) from error
    except TooLargeInflated as error:
        raise OversizedBody([_problem(str(error))]) from error
    except MalformedEncoding as error:
        raise InvalidInput([_problem(str(error))]) from error


def _text_of(message: InboundMessage, media: MediaType) -> str:
    body = _bytes_of(message)
    if media.charset != "utf-8" or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return read_text(body, media.charset)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not media.is_json:
            return read_text(body, media.charset)
        what = "The body is not in UTF-8, and says no other charset."
        raise InvalidInput([_problem(what)]) from error


def _json(text: str, most_members: int) -> JsonValue:
    _check_members(text, most_members)
    try:
        value = loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput([_problem(f"The body is not JSON: {error}.")]) from error
    return _checked(text, value)


def _check_members(text: str, most: int) -> None:
    """Refuse more objects and lists than can be read and stored without holding up others. Raises `OversizedBody`."""
    if has_too_many_members(text, most):
        raise OversizedBody([_problem(f"The body has more than {most:,} objects and lists.")])


def _checked(text: str, value: JsonValue) -> JsonValue:
    """The value, if it can be stored. Raises `InvalidInput`."""
    if "\\u0000" in text or text.count("[") + text.count("{") > MAX_NESTING:  # rarely: then it is walked
        problems = json_problems(value, max_values=len(text))
        if problems:
            raise InvalidInput([problem.under("body") for problem in problems])
    return value


def _storable(text: str) -> str:
    if "\0" in text:
        raise InvalidInput([_problem("The body holds U+0000, which cannot be stored.")])
    return text


def _problem(message: str) -> Problem:
    return Problem(path=("body",), message=message)


def _is_secret(name: str) -> bool:
    return any(word in name for word in _SECRET_WORDS)
