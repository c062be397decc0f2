"""Transformation rules in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

import asyncpg

from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.pages import Page
from domain.transformation_rules.model import RuleExample, RuleRecord, RuleSettings
from persistence.postgres.columns.json_columns import json_column, json_value
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.rows.lean import fields, lean_columns, left_out_of, most_of

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
_FIELDS = fields("expression", "input_schema", "output_schema", "examples")
_COLUMNS = "r.id, r.name, r.description, r.revision, r.created_at, r.updated_at"
_PAGE = f"""
SELECT {_COLUMNS}, {lean_columns("r", *_FIELDS, most="$3::int")} FROM transformation_rule r
WHERE $1::text IS NULL OR r.name > $1 ORDER BY r.name LIMIT $2
"""
_BY_IDS = f"""
SELECT {_COLUMNS}, {lean_columns("r", *_FIELDS, most="$2::int")} FROM transformation_rule r
WHERE r.id = ANY ($1::uuid[])
"""
_BY_NAMES = f"""
SELECT {_COLUMNS}, {lean_columns("r", *_FIELDS, most="$2::int")} FROM transformation_rule r
WHERE r.name = ANY ($1::text[])
"""

# Parsing every document takes its time; most of them do not even hold the name.
_USERS = """
SELECT w.name FROM workflow w JOIN workflow_version v ON v.id = w.definition_id
WHERE w.deleted_at IS NULL AND position('"rule"' in v.document::text) > 0 AND jsonb_path_exists(
  v.document::jsonb, '$.** ? (exists(@.type)).config.rule.name ? (@ == $name)',
  jsonb_build_object('name', $1::text)
)
ORDER BY w.name LIMIT $2
"""


class PostgresTransformationRuleStore:
    """Implements `domain.transformation_rules.ports.TransformationRuleStore`."""

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

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, RuleRecord]:
        rows = await self._database.fetch(_BY_IDS, list(ids), most_of(len(ids), lean=lean))
        return {row["id"]: _lean_record_of(row) for row in rows}

    async def find_many(self, names: Collection[str], *, lean: bool = False) -> Mapping[str, RuleRecord]:
        if not names:
            return {}
        rows = await self._database.fetch(_BY_NAMES, list(names), most_of(len(names), lean=lean))
        return {row["name"]: _lean_record_of(row) for row in rows}

    async def page(self, *, first: int, after: str | None, lean: bool = False) -> Page[RuleRecord]:
        rows = await self._database.fetch(_PAGE, after, first + 1, most_of(first, lean=lean))
        return Page(rows=tuple(_lean_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self) -> int:
        number: int = await self._database.fetch_value("SELECT count(*) FROM transformation_rule")
        return number

    async def users_of(self, name: str, *, limit: int) -> Sequence[str]:
        return [row["name"] for row in await self._database.fetch(_USERS, name, limit)]


def examples_of(text: str) -> tuple[RuleExample, ...]:
    """The examples of a rule, from their JSON text."""
    examples = cast("list[Mapping[str, JsonValue]]", loads(text))
    return tuple(RuleExample(input=each["input"], output=each["output"]) for each in examples)


def _lean_record_of(row: asyncpg.Record) -> RuleRecord:
    left_out = left_out_of(row, _FIELDS)
    return replace(_record_of(row), left_out=left_out) if left_out else _record_of(row)


def _record_of(row: asyncpg.Record) -> RuleRecord:
    examples = row["examples"]
    return RuleRecord(
        id=row["id"],
        settings=RuleSettings(
            name=row["name"],
            expression=row["expression"] or "",
            description=row["description"],
            input_schema=json_value(row["input_schema"]),
            output_schema=json_value(row["output_schema"]),
            examples=() if examples is None else examples_of(examples),
        ),
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
