"""Secrets in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence

import asyncpg

from domain.kernel.json.text import loads
from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord, secrets_named_in
from persistence.postgres.connections.database import Database

_SAVE = """
INSERT INTO secret (name, sealed, created_at, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at
RETURNING *
"""
_PAGE = """
SELECT name, ''::bytea AS sealed, created_at, updated_at FROM secret
WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2
"""

# Most documents read no secret at all; what one reads is known when it is parsed.
_MAY_READ = """
SELECT w.name, v.document FROM workflow w JOIN workflow_version v ON v.id = w.definition_id
WHERE w.deleted_at IS NULL AND w.name > $3 AND position('secrets' in v.document::text) > 0
  AND position($1 in v.document::text) > 0
ORDER BY w.name LIMIT $2
"""
_AT_ONCE = 100


class PostgresSecretStore:
    """Implements `domain.secrets.ports.SecretStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, secret: SecretRecord) -> SecretRecord:
        row = await self._database.fetch_row(_SAVE, secret.name, secret.sealed, secret.created_at, secret.updated_at)
        assert row is not None
        return _record_of(row)

    async def delete(self, name: str) -> bool:
        return await self._database.fetch_value("DELETE FROM secret WHERE name = $1 RETURNING name", name) is not None

    async def find_many(self, names: Collection[str]) -> Mapping[str, SecretRecord]:
        if not names:
            return {}
        rows = await self._database.fetch("SELECT * FROM secret WHERE name = ANY ($1::text[])", list(names))
        return {row["name"]: _record_of(row) for row in rows}

    async def page(self, *, first: int, after: str | None) -> Page[SecretRecord]:
        rows = await self._database.fetch(_PAGE, after, first + 1)
        return Page(rows=tuple(_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        number: int = await self._database.fetch_value("SELECT count(*) FROM secret")
        return number

    async def readers_of(self, name: str, *, limit: int) -> Sequence[str]:
        found: list[str] = []
        last = ""
        while len(found) < limit:
            rows = await self._database.fetch(_MAY_READ, name, _AT_ONCE, last)
            found += [row["name"] for row in rows if name in secrets_named_in(loads(row["document"]))]
            if len(rows) < _AT_ONCE:
                break
            last = rows[-1]["name"]
        return found[:limit]


def _record_of(row: asyncpg.Record) -> SecretRecord:
    return SecretRecord(
        name=row["name"], sealed=row["sealed"], created_at=row["created_at"], updated_at=row["updated_at"]
    )
