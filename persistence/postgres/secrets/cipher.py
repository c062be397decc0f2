"""Encryption at rest: AES-256-GCM under keys from the settings, the first of which encrypts."""

import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.kernel.errors import Unavailable, Undecipherable

_VERSION = b"\x01"
_KEY_ID = 4
_NONCE = 12
_HEAD = len(_VERSION) + _KEY_ID + _NONCE


class NoCipher:
    """Implements `domain.secrets.ports.Cipher` where no key is set: nothing can be sealed, and nothing opened."""

    def encrypt(self, plain: bytes, *, purpose: str) -> bytes:
        raise Unavailable(
            f"The {purpose} cannot be stored: STEPGRAPH_ENCRYPTION_KEYS is not set, for the API and the workers alike. "
            "`stepgraph encryption-key` prints a key."
        )

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        raise Undecipherable(purpose)


class AesGcmCipher:
    """Implements `domain.secrets.ports.Cipher`. `keys` are 32 bytes each, newest first; older ones can only decrypt.

    A sealed text is a version byte, 4 bytes that identify the key, a random nonce of 12 bytes, then the text and its
    tag (NIST SP 800-38D). The purpose is authenticated with it, so that no row can be put in another's place.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in reversed(keys)}
        self._newest = sha256(keys[0]).digest()[:_KEY_ID]

    def encrypt(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE)
        head = _VERSION + self._newest + nonce
        return head + self._ciphers[self._newest].encrypt(nonce, plain, purpose.encode())

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        cipher = self._ciphers.get(sealed[1 : 1 + _KEY_ID])
        if cipher is None or sealed[:1] != _VERSION or len(sealed) < _HEAD:
            raise Undecipherable(purpose)
        try:
            return cipher.decrypt(sealed[1 + _KEY_ID : _HEAD], sealed[_HEAD:], purpose.encode())
        except InvalidTag as error:
            raise Undecipherable(purpose) from error

    def resealed(self, sealed: bytes, *, purpose: str) -> bytes:
        """The sealed text under the newest key; unchanged where it is already. Raises `Undecipherable`."""
        plain = self.decrypt(sealed, purpose=purpose)
        return sealed if sealed[1 : 1 + _KEY_ID] == self._newest else self.encrypt(plain, purpose=purpose)
