"""Messages that come to inbound webhooks: what a body says, and what of it all an expression may read."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.checks.json_values import MAX_NESTING, json_problems
from domain.errors import InvalidInput, Problem
from domain.ids import IdKind, to_public
from domain.inbound_signatures import DEFAULT_TYPE, event_type_of, external_id_of
from domain.json_text import JsonValue, loads
from domain.webhooks import WebhookRecord

_SECRET_WORDS = ("signature", "authorization", "cookie", "token", "secret", "api-key")
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """What somebody has sent. Names of headers are lower-case; a `query` member that came twice is an array."""

    headers: Mapping[str, str]
    query: Mapping[str, JsonValue]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """What a message says: its body as a value, what it is about, and the id by which it is known again, if any."""

    body: JsonValue = None
    event_type: str = DEFAULT_TYPE
    external_id: str | None = None


def content_of(webhook: WebhookRecord, message: InboundMessage) -> MessageContent:
    """What a message that is believed says. Raises `InvalidInput` where its body cannot be read, or not be stored."""
    body = _body_of(message)
    scheme, headers = webhook.signature, message.headers
    return MessageContent(
        body=body,
        event_type=event_type_of(scheme, headers, body),
        external_id=external_id_of(scheme, headers, message.body, body),
    )


def scope_of(webhook: WebhookRecord, message: InboundMessage, content: MessageContent) -> Mapping[str, JsonValue]:
    """What the webhook's expression sees: nothing that proves anything about the sender is among the headers."""
    return {
        "body": content.body,
        "headers": {name: value for name, value in message.headers.items() if not _is_secret(name)},
        "query": message.query,
        "webhook": {"id": to_public(IdKind.WEBHOOK, webhook.id), "name": webhook.name},
    }


def _body_of(message: InboundMessage) -> JsonValue:
    """A value where the sender says JSON, or nothing and it is some; else a text; null where there is nothing."""
    body = message.body
    if not body:
        return None
    media_type = message.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("", _JSON) or media_type.endswith("+json"):
        try:
            return _checked(body, loads(body))
        except InvalidInput:
            raise
        except ValueError as error:
            if media_type:
                raise _refused(f"The body is not JSON in UTF-8: {error}.") from error
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _refused("The body is neither JSON nor a text in UTF-8.") from error
    if "\0" in text:
        raise _refused("The body holds U+0000, which cannot be stored.")
    return text


def _checked(body: bytes, value: JsonValue) -> JsonValue:
    """The value, if it can be stored. Raises `InvalidInput`."""
    if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > MAX_NESTING:  # rarely: then it is walked
        problems = json_problems(value, max_values=len(body))
        if problems:
            raise InvalidInput([problem.under("body") for problem in problems])
    return value


def _refused(message: str) -> InvalidInput:
    return InvalidInput([Problem(path=("body",), message=message)])


def _is_secret(name: str) -> bool:
    return any(word in name for word in _SECRET_WORDS)
