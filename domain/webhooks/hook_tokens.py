"""Hook tokens: the last part of `/hooks/{token}`, which names the target and proves that we made it.

There are three kinds: the callback of a step execution, a registered inbound webhook, the signals of an execution. A
token carries a keyed BLAKE2b code (RFC 7693, with the kind as its personalization) over what it names, so that it can
neither be guessed nor be made for anything else; nothing of it is stored, and nothing is looked up to read it. It is
URL-safe base64 (RFC 4648, section 5), unpadded: the 16 bytes of the code, the 16 bytes of the UUID, and for a callback
the path in UTF-8.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import TypeAlias
from urllib.parse import quote
from uuid import UUID

_CODE_BYTES = 16
_HEAD_BYTES = _CODE_BYTES + 16
_CALLBACK = b"callback"
_WEBHOOK = b"webhook"
_SIGNALS = b"signals"
MAX_TOKEN_CHARACTERS = 4096
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class CallbackHook:
    """A step execution that waits for a callback."""

    execution_id: UUID
    path: str


@dataclass(frozen=True, slots=True)
class WebhookHook:
    """A registered inbound webhook."""

    webhook_id: UUID


@dataclass(frozen=True, slots=True)
class SignalHook:
    """The signals of an execution."""

    execution_id: UUID


Hook: TypeAlias = CallbackHook | WebhookHook | SignalHook


@dataclass(frozen=True, slots=True)
class HookAddresses:
    """The addresses of hooks. `key` is the installation's own, `public_url` the URL at which others reach the API."""

    key: bytes
    public_url: str

    def of_callback(self, execution_id: UUID, path: str) -> str:
        """The address at which the step execution at `path` is called back."""
        return self._address(callback_token(self.key, execution_id, path))

    def of_webhook(self, webhook_id: UUID) -> str:
        """The address that messages to an inbound webhook are sent to."""
        return self._address(webhook_token(self.key, webhook_id))

    def of_signals(self, execution_id: UUID, name: str | None = None) -> str:
        """The address for an execution's signals with this name; without a name, `?name=…` is to be appended."""
        query = "" if name is None else f"?name={quote(name, safe='')}"
        return self._address(signal_token(self.key, execution_id)) + query

    def _address(self, token: str) -> str:
        return f"{self.public_url.rstrip('/')}/hooks/{token}"


def callback_token(key: bytes, execution_id: UUID, path: str) -> str:
    """The token of the step execution at `path`, always the same. `key` is the installation's own, of any length."""
    return _written(key, _CALLBACK, execution_id.bytes + path.encode())


def webhook_token(key: bytes, webhook_id: UUID) -> str:
    """The token of an inbound webhook, always the same."""
    return _written(key, _WEBHOOK, webhook_id.bytes)


def signal_token(key: bytes, execution_id: UUID) -> str:
    """The token of an execution's signals, always the same."""
    return _written(key, _SIGNALS, execution_id.bytes)


def read_hook_token(key: bytes, token: str) -> Hook | None:
    """The target that a token was made for; None for a text that none of the functions above made."""
    content = _content(token)
    if content is None:
        return None
    code, named = content[:_CODE_BYTES], content[_CODE_BYTES:]
    id = UUID(bytes=named[:16])
    if len(content) > _HEAD_BYTES:
        return CallbackHook(id, named[16:].decode()) if _is_coded(key, _CALLBACK, code, named) else None
    is_webhook, is_signal = (_is_coded(key, purpose, code, named) for purpose in (_WEBHOOK, _SIGNALS))
    if is_webhook:
        return WebhookHook(id)
    return SignalHook(id) if is_signal else None


def names_hook(key: bytes, content: bytes) -> bool:
    """True where the bytes are those of a whole token of a webhook or of signals."""
    code, named = content[:_CODE_BYTES], content[_CODE_BYTES:]
    return _is_coded(key, _WEBHOOK, code, named) or _is_coded(key, _SIGNALS, code, named)


def path_bytes(key: bytes, content: bytes) -> int:
    """The bytes of the path of the callback's token that the bytes begin with; 0 where they begin with none."""
    made = _hash(key, _CALLBACK, content[_CODE_BYTES:_HEAD_BYTES])
    for end in range(_HEAD_BYTES + 1, len(content) + 1):
        made.update(content[end - 1 : end])
        if compare_digest(content[:_CODE_BYTES], made.digest()):
            return end - _HEAD_BYTES
    return 0


def _written(key: bytes, purpose: bytes, named: bytes) -> str:
    return _text(_code(key, purpose, named) + named)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _content(token: str) -> bytes | None:
    """The bytes of a text that may be a token: long enough, and in its one spelling."""
    if len(token) > MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        return None
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return None
    # A last character with spare bits has several spellings; only the one that was given out counts.
    return content if len(content) >= _HEAD_BYTES and _text(content) == token else None


def _is_coded(key: bytes, purpose: bytes, code: bytes, named: bytes) -> bool:
    return compare_digest(code, _code(key, purpose, named))


def _code(key: bytes, purpose: bytes, named: bytes) -> bytes:
    return _hash(key, purpose, named).digest()


def _hash(key: bytes, purpose: bytes, named: bytes) -> blake2b:
    if len(key) > blake2b.MAX_KEY_SIZE:
        key = blake2b(key).digest()
    return blake2b(named, key=key, digest_size=_CODE_BYTES, person=purpose)
