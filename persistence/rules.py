"""Transformation rules in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast
from uuid import UUID

import asyncpg

from domain.json_text import JsonValue, dumps, loads
from domain.records import Page
from domain.transformation_rules import RuleExample, RuleRecord, RuleSettings
from persistence.database import Database
from persistence.row_codec import json_column, json_value

_SAVE = """
INSERT INTO transformation_rule (
  id, name, description, expression, input_schema, output_schema, examples, revision, created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)
ON CONFLICT (name) DO UPDATE SET
  description = excluded.description, expression = excluded.expression, input_schema = excluded.input_schema,
  output_schema = excluded.output_schema, examples = excluded.examples,
  revision = transformation_rule.revision + 1, updated_at = excluded.updated_at
RETURNING *
"""
_PAGE = "SELECT * FROM transformation_rule WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2"

# Parsing every document takes its time; most of them do not even hold the name.
_USERS = """
SELECT w.name FROM workflow w JOIN workflow_version v ON v.id = w.definition_id
WHERE w.deleted_at IS NULL AND position('"rule"' in v.document::text) > 0 AND jsonb_path_exists(
  v.document::jsonb, '$.** ? (@.type == "DATA_TRANSFORM").config.rule.name ? (@ == $name)',
  jsonb_build_object('name', $1::text)
)
ORDER BY w.name LIMIT $2
"""


class PostgresTransformationRuleStore:
    """Implements `domain.ports.TransformationRuleStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, rule: RuleRecord) -> RuleRecord:
        settings = rule.settings
        row = await self._database.fetch_row(
            _SAVE,
            rule.id,
            settings.name,
            settings.description,
            settings.expression,
            json_column(settings.input_schema),
            json_column(settings.output_schema),
            dumps([{"input": each.input, "output": each.output} for each in settings.examples]),
            rule.created_at,
            rule.updated_at,
        )
        assert row is not None
        return _record_of(row)

    async def delete(self, name: str) -> bool:
        statement = "DELETE FROM transformation_rule WHERE name = $1 RETURNING id"
        return await self._database.fetch_value(statement, name) is not None

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, RuleRecord]:
        rows = await self._database.fetch("SELECT * FROM transformation_rule WHERE id = ANY ($1::uuid[])", list(ids))
        return {row["id"]: _record_of(row) for row in rows}

    async def find_many(self, names: Collection[str]) -> Mapping[str, RuleRecord]:
        if not names:
            return {}
        statement = "SELECT * FROM transformation_rule WHERE name = ANY ($1::text[])"
        return {row["name"]: _record_of(row) for row in await self._database.fetch(statement, list(names))}

    async def page(self, *, first: int, after: str | None) -> Page[RuleRecord]:
        rows = await self._database.fetch(_PAGE, after, first + 1)
        return Page(rows=tuple(_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        number: int = await self._database.fetch_value("SELECT count(*) FROM transformation_rule")
        return number

    async def users_of(self, name: str, *, limit: int) -> Sequence[str]:
        return [row["name"] for row in await self._database.fetch(_USERS, name, limit)]


def _record_of(row: asyncpg.Record) -> RuleRecord:
    examples = cast("list[Mapping[str, JsonValue]]", loads(row["examples"]))
    return RuleRecord(
        id=row["id"],
        settings=RuleSettings(
            name=row["name"],
            expression=row["expression"],
            description=row["description"],
            input_schema=json_value(row["input_schema"]),
            output_schema=json_value(row["output_schema"]),
            examples=tuple(RuleExample(input=each["input"], output=each["output"]) for each in examples),
        ),
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
