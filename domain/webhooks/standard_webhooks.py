"""Standard Webhooks, version 1: making and checking signatures.

The signed text is `<id>.<timestamp>.<body>`, with HMAC-SHA256 under the bytes that a `whsec_` secret stands for; the
header `webhook-signature` has a `v1,<base64>` for each secret, separated by spaces. The specification:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
TOLERANCE = timedelta(minutes=5)
"""The farthest that a timestamp may be from now, in the past or in the future."""

_VERSION = "v1"
_MAX_SIGNATURES = 16
_MAX_TIMESTAMP_DIGITS = 12


def secret_text(key: bytes) -> str:
    """The secret that stands for these bytes."""
    return PREFIX + base64.b64encode(key).decode()


def secret_key(secret: str) -> bytes:
    """The bytes that a secret stands for; the prefix, and padding, may be missing.

    Raises `ValueError` with a sentence for people where it is not 24 to 64 bytes in base64.
    """
    try:
        text = secret.removeprefix(PREFIX).encode("ascii")
        key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise ValueError(
            f"A secret is {PREFIX} and the base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes."
        )
    return key


def signed_headers(secrets: Sequence[str], *, id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message that is sent at that time, signed with every secret. Raises `ValueError`."""
    timestamp = str(int(at.timestamp()))
    signatures = (_signature(secret_key(secret), id, timestamp, body) for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"{_VERSION},{base64.b64encode(code).decode()}" for code in signatures),
    }


def refusal_of(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """The reason to refuse a message, in a sentence; None when one of the secrets has signed it.

    Names of headers are lower-case. It never raises for what a sender has sent, and takes the same time for every wrong
    signature. Raises `ValueError` for an invalid secret.
    """
    id, timestamp, given = (headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not id or not timestamp or not given:
        return "One of the headers webhook-id, webhook-timestamp and webhook-signature is missing."
    if len(timestamp) > _MAX_TIMESTAMP_DIGITS or not (timestamp.isascii() and timestamp.isdigit()):
        return "The webhook-timestamp is not a number of seconds."
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return "The webhook-timestamp is too far from the present."
    signatures = _signatures(given)
    valid = False
    for secret in secrets:
        try:
            expected = _signature(secret_key(secret), id, timestamp, body)
        except UnicodeEncodeError:
            return "The webhook-id is not a text."
        for signature in signatures:
            valid |= hmac.compare_digest(signature, expected)
    return None if valid else "No signature in webhook-signature fits the message."


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")


def _signatures(header: str) -> list[bytes]:
    """The signatures of our version in a header; malformed ones are passed over."""
    found = []
    for part in header.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]:
        version, _, text = part.partition(",")
        if version == _VERSION:
            try:
                found.append(base64.b64decode(text.encode("ascii"), validate=True))
            except (UnicodeEncodeError, binascii.Error):
                continue
    return found
