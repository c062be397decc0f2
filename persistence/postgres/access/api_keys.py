"""API keys in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg

from domain.access.model import ApiKeyRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import Role
from persistence.postgres.connections.database import Database

_ADD = """
INSERT INTO api_key (id, name, role, prefix, digest, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_PAGE = "SELECT * FROM api_key WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2"
_TOUCH = "UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)"


class PostgresApiKeyStore:
    """Implements `domain.access.ports.ApiKeyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKeyRecord, digest: bytes) -> None:
        await self._database.fetch(_ADD, key.id, key.name, key.role, key.prefix, digest, key.created_at, key.expires_at)

    async def find(self, digest: bytes) -> ApiKeyRecord | None:
        row = await self._database.fetch_row("SELECT * FROM api_key WHERE digest = $1", digest)
        return None if row is None else _key_of(row)

    async def get(self, id: UUID) -> ApiKeyRecord | None:
        row = await self._database.fetch_row("SELECT * FROM api_key WHERE id = $1", id)
        return None if row is None else _key_of(row)

    async def page(self, *, first: int, after: UUID | None) -> Page[ApiKeyRecord]:
        rows = await self._database.fetch(_PAGE, after, first + 1)
        return Page(rows=tuple(_key_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        number: int = await self._database.fetch_value("SELECT count(*) FROM api_key")
        return number

    async def remove(self, id: UUID) -> bool:
        return bool(await self._database.fetch("DELETE FROM api_key WHERE id = $1 RETURNING id", id))

    async def touch(self, id: UUID, now: datetime) -> None:
        await self._database.fetch(_TOUCH, id, now)


def _key_of(row: asyncpg.Record) -> ApiKeyRecord:
    return ApiKeyRecord(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        prefix=row["prefix"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
