"""Workflow templates in PostgreSQL."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import asyncpg

from domain.kernel.json.text import dumps, loads
from domain.kernel.pages import Page
from domain.workflow_templates.model import TemplateParameter, TemplateRecord, TemplateSettings
from persistence.postgres.columns.json_columns import json_value
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.rows.lean import fields, lean_columns, left_out_of, most_of

_SAVE = """
INSERT INTO workflow_template (id, name, description, category, parameters, document, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET
  description = excluded.description, category = excluded.category, parameters = excluded.parameters,
  document = excluded.document, updated_at = excluded.updated_at
RETURNING *
"""
_FIELDS = fields("document", "parameters")
_COLUMNS = "t.id, t.name, t.description, t.category, t.created_at, t.updated_at"
_PAGE = f"""
SELECT {_COLUMNS}, {lean_columns("t", *_FIELDS, most="$4::int")} FROM workflow_template t
WHERE ($1::text IS NULL OR t.category = $1) AND ($2::text IS NULL OR t.name > $2) ORDER BY t.name LIMIT $3
"""
_BY_IDS = f"""
SELECT {_COLUMNS}, {lean_columns("t", *_FIELDS, most="$2::int")} FROM workflow_template t WHERE t.id = ANY ($1::uuid[])
"""
_BY_NAME = f"""
SELECT {_COLUMNS}, {lean_columns("t", *_FIELDS, most="$2::int")} FROM workflow_template t WHERE t.name = $1
"""


class PostgresWorkflowTemplateStore:
    """Implements `domain.workflow_templates.ports.WorkflowTemplateStore`."""

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

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, TemplateRecord]:
        rows = await self._database.fetch(_BY_IDS, list(ids), most_of(len(ids), lean=lean))
        return {row["id"]: _lean_record_of(row) for row in rows}

    async def find(self, name: str, *, lean: bool = False) -> TemplateRecord | None:
        row = await self._database.fetch_row(_BY_NAME, name, most_of(1, lean=lean))
        return None if row is None else _lean_record_of(row)

    async def page(
        self, category: str | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[TemplateRecord]:
        rows = await self._database.fetch(_PAGE, category, after, first + 1, most_of(first, lean=lean))
        return Page(rows=tuple(_lean_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

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


def parameters_of(text: str) -> tuple[TemplateParameter, ...]:
    """The parameters of a template, from their JSON text."""
    return tuple(TemplateParameter(**each) for each in cast("list[dict[str, Any]]", loads(text)))


def _lean_record_of(row: asyncpg.Record) -> TemplateRecord:
    left_out = left_out_of(row, _FIELDS)
    return replace(_record_of(row), left_out=left_out) if left_out else _record_of(row)


def _record_of(row: asyncpg.Record) -> TemplateRecord:
    parameters = row["parameters"]
    return TemplateRecord(
        id=row["id"],
        settings=TemplateSettings(
            name=row["name"],
            document=json_value(row["document"]),
            parameters=() if parameters is None else parameters_of(parameters),
            description=row["description"],
            category=row["category"],
        ),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
