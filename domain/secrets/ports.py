"""The ports that store and encrypt secrets."""

from collections.abc import Collection, Mapping
from typing import Protocol

from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord
from domain.secrets.readers import SecretReader


class SecretStore(Protocol):
    """Secrets, sealed. Names are unique."""

    async def save(self, secret: SecretRecord) -> SecretRecord:
        """Store a secret, or overwrite the one with its name, which keeps its `created_at`. Returns the record."""

    async def delete(self, name: str) -> bool:
        """Remove the secret with this name; True when there was one."""

    async def find_many(self, names: Collection[str]) -> Mapping[str, SecretRecord]:
        """The secrets with these names, by name."""

    async def page(self, *, first: int, after: str | None) -> Page[SecretRecord]:
        """Secrets, by name (as code points), each with nothing `sealed`; `after` is a name."""

    async def count(self) -> int:
        """The number of secrets."""

    async def readers_of(
        self, names: Collection[str], *, first: int, after: str | None
    ) -> Mapping[str, Page[SecretReader]]:
        """The workflows that are not deleted and whose newest version reads a secret, by the secret's name.

        Each page is in the order of the workflows' names; `after` is one of those.
        """

    async def reader_counts(self, names: Collection[str]) -> Mapping[str, int]:
        """The number of workflows that are not deleted and whose newest version reads a secret, by its name."""


class Cipher(Protocol):
    """Encrypts data that must not be readable in a stolen database: secrets, and the keys of webhooks."""

    def encrypt(self, plain: bytes, *, purpose: str) -> bytes:
        """Seal under the newest key. `purpose` names the use ("webhook wh_…"), and is needed to open it."""

    def decrypt(self, sealed: bytes, *, purpose: str) -> bytes:
        """Open the result of `encrypt` for the same purpose, under any key that is still known.

        Raises `Undecipherable` where the key is gone, the bytes were changed, or they were sealed for something else.
        """
