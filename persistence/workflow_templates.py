"""Workflow templates in PostgreSQL."""

from collections.abc import Collection, Mapping
from typing import Any, cast
from uuid import UUID

import asyncpg

from domain.json_text import dumps, loads
from domain.records import Page
from domain.workflow_templates import TemplateParameter, TemplateRecord, TemplateSettings
from persistence.database import Database

_SAVE = """
INSERT INTO workflow_template (id, name, description, category, parameters, document, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET
  description = excluded.description, category = excluded.category, parameters = excluded.parameters,
  document = excluded.document, updated_at = excluded.updated_at
RETURNING *
"""
_PAGE = """
SELECT * FROM workflow_template WHERE ($1::text IS NULL OR category = $1) AND ($2::text IS NULL OR name > $2)
ORDER BY name LIMIT $3
"""


class PostgresWorkflowTemplateStore:
    """Implements `domain.ports.WorkflowTemplateStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, template: TemplateRecord) -> TemplateRecord:
        settings = template.settings
        row = await self._database.fetch_row(
            _SAVE,
            template.id,
            settings.name,
            settings.description,
            settings.category,
            dumps([_parameter_row(each) for each in settings.parameters]),
            dumps(settings.document),
            template.created_at,
            template.updated_at,
        )
        assert row is not None
        return _record_of(row)

    async def delete(self, name: str) -> bool:
        statement = "DELETE FROM workflow_template WHERE name = $1 RETURNING id"
        return await self._database.fetch_value(statement, name) is not None

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, TemplateRecord]:
        rows = await self._database.fetch("SELECT * FROM workflow_template WHERE id = ANY ($1::uuid[])", list(ids))
        return {row["id"]: _record_of(row) for row in rows}

    async def find(self, name: str) -> TemplateRecord | None:
        row = await self._database.fetch_row("SELECT * FROM workflow_template WHERE name = $1", name)
        return None if row is None else _record_of(row)

    async def page(self, category: str | None, *, first: int, after: str | None) -> Page[TemplateRecord]:
        rows = await self._database.fetch(_PAGE, category, after, first + 1)
        return Page(rows=tuple(_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, category: str | None) -> int:
        statement = "SELECT count(*) FROM workflow_template WHERE $1::text IS NULL OR category = $1"
        number: int = await self._database.fetch_value(statement, category)
        return number

    async def stored_names(self, names: Collection[str]) -> Collection[str]:
        statement = "SELECT name FROM workflow_template WHERE name = ANY ($1::text[])"
        return {row["name"] for row in await self._database.fetch(statement, list(names))}


def _parameter_row(parameter: TemplateParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "description": parameter.description,
        "schema": parameter.schema,
        "required": parameter.required,
        "default": parameter.default,
    }


def _record_of(row: asyncpg.Record) -> TemplateRecord:
    parameters = cast("list[dict[str, Any]]", loads(row["parameters"]))
    return TemplateRecord(
        id=row["id"],
        settings=TemplateSettings(
            name=row["name"],
            document=loads(row["document"]),
            parameters=tuple(TemplateParameter(**each) for each in parameters),
            description=row["description"],
            category=row["category"],
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
