"""The audit in PostgreSQL: entries gather for a moment and are stored together."""

import asyncio
import logging
from collections import deque
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg

from domain.access.model import AuditEntry
from domain.kernel.errors import Unavailable
from domain.kernel.ids import oldest_id_of
from domain.kernel.pages import Page
from persistence.connections.retrying import until_available
from persistence.postgres.connections.database import Database

logger = logging.getLogger(__name__)

_ADD = """
INSERT INTO audit_entry (id, at, principal, key_id, action, target, outcome)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
ON CONFLICT (id) DO NOTHING
"""
_PAGE = "SELECT * FROM audit_entry WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
_PRUNE = """
DELETE FROM audit_entry WHERE id IN (SELECT id FROM audit_entry WHERE id < $1 ORDER BY id LIMIT $2) RETURNING 1
"""
_MOST_WAITING = 10_000
_TOGETHER = 1_000


class PostgresAuditLog:
    """Implements `domain.access.ports.AuditLog`. Leaving its context stores the added entries.

    An entry is stored within `delay` seconds: a process that is killed loses the entries added in that time. While the
    database is away entries wait; of more than 10,000 the oldest are dropped, and the log says so.
    """

    def __init__(self, database: Database, *, delay: float = 0.25) -> None:
        self._database = database
        self._delay = delay
        self._waiting: deque[AuditEntry] = deque()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        try:
            await self._store()
        except Unavailable:
            logger.exception("%s entries of the audit are lost", len(self._waiting))

    def add(self, entry: AuditEntry) -> None:
        self._waiting.append(entry)
        if len(self._waiting) > _MOST_WAITING:
            lost = self._waiting.popleft()
            logger.error("an entry of the audit is lost: %s by %s at %s", lost.action, lost.principal, lost.at)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store_soon(), name="audit")

    async def get(self, id: UUID) -> AuditEntry | None:
        await self._store()
        row = await self._database.fetch_row("SELECT * FROM audit_entry WHERE id = $1", id)
        return None if row is None else _entry_of(row)

    async def page(self, *, first: int, after: UUID | None) -> Page[AuditEntry]:
        await self._store()
        rows = await self._database.fetch(_PAGE, after, first + 1)
        return Page(rows=tuple(_entry_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        await self._store()
        number: int = await self._database.fetch_value("SELECT count(*) FROM audit_entry")
        return number

    async def prune(self, before: datetime, limit: int) -> int:
        # Ids begin with their time (RFC 9562, section 5.7): the oldest entries are found without looking at the others.
        return len(await self._database.fetch(_PRUNE, oldest_id_of(before), limit))

    async def _store_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._delay)
            await until_available(self._store, "the audit")

    async def _store(self) -> None:
        while self._waiting:
            entries = [self._waiting[number] for number in range(min(_TOGETHER, len(self._waiting)))]
            await self._database.fetch(
                _ADD,
                [entry.id for entry in entries],
                [entry.at for entry in entries],
                [entry.principal for entry in entries],
                [entry.key_id for entry in entries],
                [entry.action for entry in entries],
                [entry.target for entry in entries],
                [entry.outcome for entry in entries],
            )
            stored = {entry.id for entry in entries}
            while self._waiting and self._waiting[0].id in stored:
                self._waiting.popleft()


def _entry_of(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        principal=row["principal"],
        key_id=row["key_id"],
        action=row["action"],
        target=row["target"],
        outcome=row["outcome"],
    )
