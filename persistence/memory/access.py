"""API keys and the audit, in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.access.model import ApiKeyRecord, AuditEntry
from domain.kernel.pages import Page


class MemoryApiKeyStore:
    """Implements `domain.access.ports.ApiKeyStore`."""

    def __init__(self) -> None:
        self._keys: dict[UUID, ApiKeyRecord] = {}
        self._ids: dict[bytes, UUID] = {}

    async def add(self, key: ApiKeyRecord, digest: bytes) -> None:
        self._keys[key.id] = key
        self._ids[digest] = key.id

    async def find(self, digest: bytes) -> ApiKeyRecord | None:
        id = self._ids.get(digest)
        return None if id is None else self._keys.get(id)

    async def get(self, id: UUID) -> ApiKeyRecord | None:
        return self._keys.get(id)

    async def page(self, *, first: int, after: UUID | None) -> Page[ApiKeyRecord]:
        found = [self._keys[id] for id in sorted(self._keys) if after is None or id > after]
        return Page(rows=tuple(found[:first]), has_next=len(found) > first)

    async def count(self) -> int:
        return len(self._keys)

    async def remove(self, id: UUID) -> bool:
        return self._keys.pop(id, None) is not None

    async def touch(self, id: UUID, now: datetime) -> None:
        key = self._keys.get(id)
        if key is not None and (key.last_used_at is None or key.last_used_at < now):
            self._keys[id] = replace(key, last_used_at=now)


class MemoryAuditLog:
    """Implements `domain.access.ports.AuditLog`."""

    def __init__(self) -> None:
        self._entries: dict[UUID, AuditEntry] = {}

    def add(self, entry: AuditEntry) -> None:
        self._entries[entry.id] = entry

    async def get(self, id: UUID) -> AuditEntry | None:
        return self._entries.get(id)

    async def page(self, *, first: int, after: UUID | None) -> Page[AuditEntry]:
        found = sorted((entry for entry in self._entries.values() if after is None or entry.id < after), key=_id)
        found.reverse()
        return Page(rows=tuple(found[:first]), has_next=len(found) > first)

    async def count(self) -> int:
        return len(self._entries)

    async def prune(self, before: datetime, limit: int) -> int:
        old = sorted((entry for entry in self._entries.values() if entry.at < before), key=_id)[:limit]
        for entry in old:
            del self._entries[entry.id]
        return len(old)


def _id(entry: AuditEntry) -> UUID:
    return entry.id
