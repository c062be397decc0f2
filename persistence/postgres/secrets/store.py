"""Secrets in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import asyncpg

from domain.kernel.json.text import loads
from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord
from domain.secrets.readers import SecretReader, steps_that_read
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

# Most documents read no secret at all, and the index `workflow_version_secrets` has those that may; what one reads is
# known when it is parsed.
_MAY_READ = """
SELECT w.id, w.name, w.version, v.document FROM workflow w JOIN workflow_version v ON v.id = w.definition_id
WHERE w.deleted_at IS NULL AND w.name > $3 AND position('secrets' in v.document::text) > 0
  AND EXISTS (SELECT FROM unnest($1::text[]) AS wanted (name) WHERE position(wanted.name in v.document::text) > 0)
ORDER BY w.name LIMIT $2
"""
_AT_ONCE = 50
"""The documents that are read and parsed before others have a turn."""


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

    async def readers_of(
        self, names: Collection[str], *, first: int, after: str | None
    ) -> Mapping[str, Page[SecretReader]]:
        found: dict[str, list[SecretReader]] = {name: [] for name in names}
        wanted = list(found)
        async for row in self._documents(wanted, after or ""):
            for name, paths in steps_that_read(loads(row["document"])).items():
                if name in found and len(found[name]) <= first:
                    found[name].append(_reader_of(row, paths))
            wanted[:] = [name for name in wanted if len(found[name]) <= first]
        return {
            name: Page(rows=tuple(readers[:first]), has_next=len(readers) > first) for name, readers in found.items()
        }

    async def reader_counts(self, names: Collection[str]) -> Mapping[str, int]:
        counts = dict.fromkeys(names, 0)
        async for row in self._documents(list(counts), ""):
            for name in steps_that_read(loads(row["document"])).keys() & counts.keys():
                counts[name] += 1
        return counts

    async def _documents(self, wanted: Sequence[str], last: str) -> AsyncIterator[asyncpg.Record]:
        """The workflows, by name, whose newest version may read one of these secrets, until none is wanted any more."""
        while wanted:
            rows = await self._database.fetch(_MAY_READ, wanted, _AT_ONCE, last)
            for row in rows:
                yield row
            if len(rows) < _AT_ONCE:
                break
            last = rows[-1]["name"]


def _reader_of(row: asyncpg.Record, paths: tuple[str, ...]) -> SecretReader:
    return SecretReader(workflow_id=row["id"], name=row["name"], version=row["version"], paths=paths)


def _record_of(row: asyncpg.Record) -> SecretRecord:
    return SecretRecord(
        name=row["name"], sealed=row["sealed"], created_at=row["created_at"], updated_at=row["updated_at"]
    )
