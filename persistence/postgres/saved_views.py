"""Saved views in PostgreSQL."""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

import asyncpg

from domain.kernel.errors import Conflict, LimitExceeded
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.pages import Page
from domain.kernel.statuses import ViewKind
from domain.saved_views.model import SavedView
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.connections.database import Database

_ADD = """
INSERT INTO saved_view (id, kind, name, conditions, columns, is_shared, owner_id, owner, created_at, updated_at)
SELECT $1, $2, $3, $4::json, $5::json, $6, $7, $8, $9, $10
WHERE (SELECT count(*) FROM saved_view WHERE owner_id IS NOT DISTINCT FROM $7) < $11
RETURNING id
"""
_REPLACE = """
UPDATE saved_view SET name = $2, conditions = $3::json, columns = $4::json, is_shared = $5, updated_at = $6
WHERE id = $1
RETURNING id
"""


class PostgresSavedViewStore:
    """Implements `domain.saved_views.ports.SavedViewStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, view: SavedView, *, most: int) -> None:
        try:
            added = await self._database.fetch_value(
                _ADD,
                view.id,
                view.kind.value,
                view.name,
                dumps(view.filter),
                dumps(view.columns),
                view.is_shared,
                view.owner_id,
                view.owner,
                view.created_at,
                view.updated_at,
                most,
            )
        except asyncpg.UniqueViolationError:
            raise _taken(view) from None
        if added is None:
            raise LimitExceeded(f"One key has at most {most} saved views: delete one first.")

    async def replace(self, view: SavedView) -> bool:
        try:
            found = await self._database.fetch_value(
                _REPLACE, view.id, view.name, dumps(view.filter), dumps(view.columns), view.is_shared, view.updated_at
            )
        except asyncpg.UniqueViolationError:
            raise _taken(view) from None
        return found is not None

    async def remove(self, id: UUID) -> bool:
        return await self._database.fetch_value("DELETE FROM saved_view WHERE id = $1 RETURNING id", id) is not None

    async def get(self, id: UUID) -> SavedView | None:
        row = await self._database.fetch_row("SELECT * FROM saved_view WHERE id = $1", id)
        return None if row is None else _view_of(row)

    async def page(
        self, owner_id: UUID | None, kind: ViewKind | None, *, first: int, after: tuple[str, UUID] | None
    ) -> Page[SavedView]:
        conditions = _seen_by(owner_id, kind)
        if after is not None:
            name, id = conditions.argument(after[0]), conditions.argument(after[1])
            conditions.require(f"(name, id) > ({name}::text, {id}::uuid)")
        limit = conditions.argument(first + 1)
        statement = f"SELECT * FROM saved_view WHERE {conditions} ORDER BY name, id LIMIT {limit}"
        rows = await self._database.fetch(statement, *conditions.arguments)
        return Page(rows=tuple(_view_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, owner_id: UUID | None, kind: ViewKind | None) -> int:
        conditions = _seen_by(owner_id, kind)
        statement = f"SELECT count(*) FROM saved_view WHERE {conditions}"
        number: int = await self._database.fetch_value(statement, *conditions.arguments)
        return number


def _seen_by(owner_id: UUID | None, kind: ViewKind | None) -> Conditions:
    conditions = Conditions()
    conditions.require(f"(is_shared OR owner_id IS NOT DISTINCT FROM {conditions.argument(owner_id)}::uuid)")
    conditions.add("kind = ?", None if kind is None else kind.value)
    return conditions


def _taken(view: SavedView) -> Conflict:
    return Conflict(f"There is a view called {view.name!r} of this kind already: take another name, or change that.")


def _view_of(row: asyncpg.Record) -> SavedView:
    return SavedView(
        id=row["id"],
        kind=ViewKind(row["kind"]),
        name=row["name"],
        filter=cast("Mapping[str, JsonValue]", loads(row["conditions"])),
        columns=tuple(cast("list[str]", loads(row["columns"]))),
        is_shared=row["is_shared"],
        owner_id=row["owner_id"],
        owner=row["owner"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
