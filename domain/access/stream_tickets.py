"""Stream tickets: a substitute for a key in the URL of a browser's EventSource, which can send no header.

A ticket stands for the key that asked for it, opens event streams and nothing else, and is good for some minutes. It is
URL-safe base64 (RFC 4648, section 5), unpadded, of a keyed BLAKE2b code (RFC 7693) and its message: when the
ticket ends, in seconds since 1970, and the digest of the key, nothing where keys are not asked for. Every API process
of an installation reads it; nothing of it is stored. The digest is the hash of 238 random bits, of no use to others.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from hmac import compare_digest

_PURPOSE = b"event stream"
_CODE_BYTES = 16
_TIME_BYTES = 8
_MOST_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class StreamTicket:
    """A ticket: `digest` is that of the key that it stands for, None where none was needed."""

    digest: bytes | None
    expires_at: datetime

    def write(self, key: bytes) -> str:
        """The ticket as text; `key` is the installation's own."""
        named = int(self.expires_at.timestamp()).to_bytes(_TIME_BYTES, "big") + (self.digest or b"")
        return base64.urlsafe_b64encode(_code(key, named) + named).rstrip(b"=").decode()


def read_ticket(key: bytes, text: str, now: datetime) -> StreamTicket | None:
    """The ticket that a text is; None for one that has ended, and for whatever was not written with this key."""
    if len(text) > _MOST_CHARACTERS or not text.isascii():
        return None
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error:
        return None
    code, named = content[:_CODE_BYTES], content[_CODE_BYTES:]
    ends, digest = int.from_bytes(named[:_TIME_BYTES], "big"), named[_TIME_BYTES:]
    if not compare_digest(code, _code(key, named)) or now.timestamp() >= ends:
        return None
    return StreamTicket(digest or None, datetime.fromtimestamp(ends, now.tzinfo))


def _code(key: bytes, named: bytes) -> bytes:
    if len(key) > blake2b.MAX_KEY_SIZE:
        key = blake2b(key).digest()
    return blake2b(named, key=key, digest_size=_CODE_BYTES, person=_PURPOSE).digest()
