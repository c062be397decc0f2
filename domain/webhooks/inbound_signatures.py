"""Signatures of inbound webhooks: each scheme's check, on the bytes as they came.

- STANDARD_WEBHOOKS: `domain/webhooks/standard_webhooks.py`.
- GITHUB: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 of the body under the secret's UTF-8.
  https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
- STRIPE: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 of `<t>.<body>`; a `v0` counts for nothing.
  https://docs.stripe.com/webhooks#verify-manually
- HMAC_SHA256: `X-Signature-256`, or `X-Signature` where that is missing: HMAC-SHA256 of the body under the secret's
  UTF-8, as 64 hexadecimal digits or as base64 (RFC 4648, section 4, with or without padding), with or without a leading
  `sha256=`.
- NONE: nothing is checked.

A malformed signature is refused like a forged one. Signatures are compared in constant time, each with each secret.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import InboundSignature
from domain.webhooks import standard_webhooks
from domain.webhooks.standard_webhooks import TOLERANCE

DEFAULT_TYPE = "message"
"""The type of an event whose sender gives none."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=?")
_SECONDS = re.compile(r"[0-9]{1,12}")
_PREFIX = "sha256="
_OURS = ("sha256:", "refused:")
_MAX_PARTS = 32
_LONGEST_ID = 128
_LONGEST_TYPE = 128


def refusal_of(
    scheme: InboundSignature, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> str | None:
    """The reason to refuse a message, in a sentence; None when one of the secrets has signed it.

    Names of headers are lower-case; one that came twice must be there as one text, joined by commas, as RFC 9110 has
    it. Never raises for what a sender has sent. With an empty secret, or none at all, every message is refused.
    """
    usable = [secret for secret in secrets if secret]
    match scheme:
        case InboundSignature.STANDARD_WEBHOOKS:
            return standard_webhooks.refusal_of(usable, headers, body, now)
        case InboundSignature.GITHUB:
            return _github_refusal(usable, headers, body)
        case InboundSignature.STRIPE:
            return _stripe_refusal(usable, headers, body, now)
        case InboundSignature.HMAC_SHA256:
            return _hmac_refusal(usable, headers, body)
        case InboundSignature.NONE:
            return None


def external_id_of(scheme: InboundSignature, headers: Mapping[str, str], body: bytes, value: JsonValue) -> str | None:
    """The id by which a message is recognised: the sender's where the signature covers one, else a digest of the body.

    That is `webhook-id` of STANDARD_WEBHOOKS and the body's `id` of STRIPE. GitHub's `X-GitHub-Delivery` is not signed:
    anyone who caught a message could send it with another one. Where nothing is signed (NONE), it is `webhook-id` or
    `Idempotency-Key`, if there is one: None counts every message as a new one. `value` is the body's value.
    """
    match scheme:
        case InboundSignature.STANDARD_WEBHOOKS:
            id: JsonValue = headers.get("webhook-id")
        case InboundSignature.STRIPE:
            id = value.get("id") if isinstance(value, Mapping) else None
        case InboundSignature.NONE:
            id = headers.get("webhook-id") or headers.get("idempotency-key")
            if not id:
                return None
        case _:
            id = None
    if not isinstance(id, str) or not id:
        return f"sha256:{sha256(body).hexdigest()}"
    if len(id) > _LONGEST_ID or not id.isprintable() or id.startswith(_OURS):
        return f"sha256:{sha256(id.encode(errors='replace')).hexdigest()}"
    return id


def event_type_of(scheme: InboundSignature, headers: Mapping[str, str], value: JsonValue) -> str:
    """The event type that a message gives: in a header of GitHub's, in the body's `type` elsewhere."""
    if scheme is InboundSignature.GITHUB:
        type: JsonValue = headers.get("x-github-event")
    else:
        type = value.get("type") if isinstance(value, Mapping) else None
    if isinstance(type, str) and 1 <= len(type) <= _LONGEST_TYPE and type.isprintable():
        return type
    return DEFAULT_TYPE


def _github_refusal(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> str | None:
    given = headers.get("x-hub-signature-256")
    if not given:
        return "The header X-Hub-Signature-256 is missing."
    digits = given.removeprefix(_PREFIX)
    if digits == given or not _HEX.fullmatch(digits):
        return "X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits."
    if not _is_signed(secrets, body, [bytes.fromhex(digits)]):
        return "The signature in X-Hub-Signature-256 does not fit the message."
    return None


def _stripe_refusal(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    given = headers.get("stripe-signature")
    if not given:
        return "The header Stripe-Signature is missing."
    parts = [part.strip().partition("=") for part in given.split(",", _MAX_PARTS)[:_MAX_PARTS]]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        return "Stripe-Signature has not one t with a number of seconds."
    if abs(now.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        return "The time in Stripe-Signature is too far from the present."
    signatures = [bytes.fromhex(value) for name, _, value in parts if name == "v1" and _HEX.fullmatch(value)]
    if not _is_signed(secrets, f"{times[0]}.".encode() + body, signatures):
        return "No v1 in Stripe-Signature fits the message."
    return None


def _hmac_refusal(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> str | None:
    name = next((name for name in ("x-signature-256", "x-signature") if name in headers), None)
    if name is None:
        return "The headers X-Signature-256 and X-Signature are missing."
    if not _is_signed(secrets, body, list(_decoded(headers[name].removeprefix(_PREFIX)))):
        return f"The signature in {name.title()} does not fit the message."
    return None


def _decoded(text: str) -> Iterator[bytes]:
    """The 32 bytes that a text in hexadecimal or base64 stands for, if it does."""
    if _HEX.fullmatch(text):
        yield bytes.fromhex(text)
    elif _BASE64.fullmatch(text):
        try:
            yield base64.b64decode(text[:43] + "=", validate=True)
        except binascii.Error:
            return


def _is_signed(secrets: Sequence[str], signed: bytes, signatures: Sequence[bytes]) -> bool:
    valid = False
    for secret in secrets:
        expected = hmac.digest(secret.encode(), signed, "sha256")
        for signature in signatures:
            valid |= hmac.compare_digest(signature, expected)
    return valid
