"""The port that keeps secrets."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord


class SecretStore(Protocol):
    """Secrets, sealed. Names are unique."""

    async def save(self, secret: SecretRecord) -> SecretRecord:
        """Store a secret, or overwrite the one with its name, which keeps its `created_at`. Returns what is stored."""

    async def delete(self, name: str) -> bool:
        """Remove the secret with this name; whether there was one."""

    async def find_many(self, names: Collection[str]) -> Mapping[str, SecretRecord]:
        """The secrets with these names, by name."""

    async def page(self, *, first: int, after: str | None) -> Page[SecretRecord]:
        """Secrets, by name (as code points), each with nothing `sealed`; `after` is a name."""

    async def count(self) -> int:
        """How many there are."""

    async def readers_of(self, name: str, *, limit: int) -> Sequence[str]:
        """The names of at most `limit` workflows, in order, that are not deleted and whose newest version reads it."""


class Cipher(Protocol):
    """Seals what must not be read from a stolen database: secrets, and the keys that webhooks are signed with."""

    def encrypt(self, plain: bytes, *, purpose: str) -> bytes:
        """Seal under the newest key. `purpose` names what it is for ("webhook wh_…"), and is needed to open it."""

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        """Open what `encrypt` sealed for the same purpose, under any key that is still known.

        Raises `Undecipherable` where the key is gone, the bytes were changed, or they were sealed for something else.
        """
