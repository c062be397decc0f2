"""Callback tokens: the address at which whoever received a webhook answers the step that sent it.

A token names the step execution and carries a keyed BLAKE2b code over that (RFC 7693), so that it can neither be
guessed nor be made for another step; nothing of it is stored. It is URL-safe base64 (RFC 4648, section 5), unpadded:
the 16 bytes of the code, the 16 bytes of the execution's UUID, the path in UTF-8.
"""

import base64
import binascii
import re
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

_CODE_BYTES = 16
_HEAD_BYTES = _CODE_BYTES + 16
_PURPOSE = b"callback"
_MAX_CHARACTERS = 4096
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def callback_token(key: bytes, execution_id: UUID, path: str) -> str:
    """The token of the step execution at `path`, always the same. `key` is the installation's own, of any length."""
    named = execution_id.bytes + path.encode()
    return base64.urlsafe_b64encode(_code(key, named) + named).rstrip(b"=").decode()


def read_callback_token(key: bytes, token: str) -> tuple[UUID, str] | None:
    """The execution and the path that a token was made for; None for whatever `callback_token` did not make."""
    if len(token) > _MAX_CHARACTERS or not _TOKEN.fullmatch(token):
        return None
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return None
    code, named = content[:_CODE_BYTES], content[_CODE_BYTES:]
    if len(content) <= _HEAD_BYTES or not compare_digest(code, _code(key, named)):
        return None
    execution_id, path = UUID(bytes=named[:16]), named[16:].decode()
    # A last character with spare bits has several spellings; only the one that was given out counts.
    return (execution_id, path) if callback_token(key, execution_id, path) == token else None


def _code(key: bytes, named: bytes) -> bytes:
    if len(key) > blake2b.MAX_KEY_SIZE:
        key = blake2b(key).digest()
    return blake2b(named, key=key, digest_size=_CODE_BYTES, person=_PURPOSE).digest()
