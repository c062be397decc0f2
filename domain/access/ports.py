"""The ports of API keys and of the audit."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.access.model import ApiKeyRecord, AuditEntry
from domain.kernel.pages import Page


class ApiKeyStore(Protocol):
    """API keys, found by the hash of their token."""

    async def add(self, key: ApiKeyRecord, digest: bytes) -> None:
        """Store a key."""

    async def find(self, digest: bytes) -> ApiKeyRecord | None:
        """The key with this hash, whether or not it has expired."""

    async def get(self, id: UUID) -> ApiKeyRecord | None:
        """The key with this id."""

    async def page(self, *, first: int, after: UUID | None) -> Page[ApiKeyRecord]:
        """Keys, oldest first (by id)."""

    async def count(self) -> int:
        """The number of keys."""

    async def remove(self, id: UUID) -> bool:
        """Remove a key; False where none has this id."""

    async def touch(self, id: UUID, now: datetime) -> None:
        """Note that a key is used, unless a later use was noted."""


class AuditLog(Protocol):
    """The list of the mutations that were asked for, and by whom."""

    def add(self, entry: AuditEntry) -> None:
        """Store this soon. Never waits and never raises: a full database must not stop the work."""

    async def get(self, id: UUID) -> AuditEntry | None:
        """The entry with this id."""

    async def page(self, *, first: int, after: UUID | None) -> Page[AuditEntry]:
        """Entries, newest first (by id)."""

    async def count(self) -> int:
        """The number of entries."""

    async def prune(self, before: datetime, limit: int) -> int:
        """Remove entries older than `before`, at most `limit`; returns the number removed."""
