"""The values that lists leave out of rows, read from PostgreSQL: only those that were asked for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from domain.kernel.json.text import loads
from domain.kernel.large_values import LargeValue, StoredValues, ValueKind
from persistence.executions.json_codec import attempts_of, error_of
from persistence.executions.large_values import packed, shown_json
from persistence.postgres.connections.database import Database
from persistence.postgres.transformation_rules import examples_of
from persistence.postgres.webhooks.rows import attempts_of as webhook_attempts_of
from persistence.postgres.workflow_templates import parameters_of

_LARGE = 100_000
"""The bytes of values together beyond which they are parsed beside the event loop."""

Read: TypeAlias = Callable[[str], object]


def _error(text: str) -> object:
    return packed(error_of(loads(text)))


def _attempts(text: str) -> object:
    return packed(attempts_of(loads(text)))


def _examples(text: str) -> object:
    return packed(examples_of(text))


def _parameters(text: str) -> object:
    return packed(parameters_of(text))


@dataclass(frozen=True, slots=True)
class _Column:
    """The table and the column of a kind of values, and the function that reads their texts."""

    table: str
    name: str
    read: Read

    @property
    def _rows(self) -> str:
        row = "v.execution_id = k.id AND v.path = k.path" if self.table == "step_execution" else "v.id = k.id"
        return f"unnest($1::uuid[], $2::text[]) WITH ORDINALITY k (id, path, number) JOIN {self.table} v ON {row}"

    @property
    def sizes(self) -> str:
        """A statement that takes ids and paths."""
        return f"""
        SELECT k.number, octet_length(v.{self.name}::text) AS size FROM {self._rows} WHERE v.{self.name} IS NOT NULL
        """

    @property
    def statement(self) -> str:
        """A statement that takes ids, paths, and the most bytes."""
        return f"""
        WITH found AS (
          SELECT k.number, octet_length(t.text) AS size, t.text
          FROM {self._rows}
          CROSS JOIN LATERAL (SELECT v.{self.name}::text AS text OFFSET 0) t
        ), sized AS (SELECT number, text, coalesce(sum(size) OVER (), 0) AS size FROM found)
        SELECT number, size, CASE WHEN size <= $3 THEN text END AS text FROM sized
        """


_COLUMNS: Mapping[ValueKind, _Column] = {
    ValueKind.EXECUTION_INPUT: _Column("workflow_execution", "input", shown_json),
    ValueKind.EXECUTION_OUTPUT: _Column("workflow_execution", "output", shown_json),
    ValueKind.EXECUTION_ERROR: _Column("workflow_execution", "error", _error),
    ValueKind.EXECUTION_LABELS: _Column("workflow_execution", "labels", loads),
    ValueKind.STEP_INPUT: _Column("step_execution", "input", shown_json),
    ValueKind.STEP_OUTPUT: _Column("step_execution", "output", shown_json),
    ValueKind.STEP_ERROR: _Column("step_execution", "error", _error),
    ValueKind.STEP_ATTEMPTS: _Column("step_execution", "attempts", _attempts),
    ValueKind.WORKFLOW_LABELS: _Column("workflow", "labels", loads),
    ValueKind.WEBHOOK_INPUT: _Column("webhook", "input", str),
    ValueKind.EVENT_PAYLOAD: _Column("webhook_event", "payload", shown_json),
    ValueKind.EVENT_ATTEMPTS: _Column("webhook_event", "attempts", webhook_attempts_of),
    ValueKind.SCHEDULE_INPUT: _Column("schedule", "input", shown_json),
    ValueKind.RULE_EXPRESSION: _Column("transformation_rule", "expression", str),
    ValueKind.RULE_INPUT_SCHEMA: _Column("transformation_rule", "input_schema", shown_json),
    ValueKind.RULE_OUTPUT_SCHEMA: _Column("transformation_rule", "output_schema", shown_json),
    ValueKind.RULE_EXAMPLES: _Column("transformation_rule", "examples", _examples),
    ValueKind.TEMPLATE_DOCUMENT: _Column("workflow_template", "document", shown_json),
    ValueKind.TEMPLATE_PARAMETERS: _Column("workflow_template", "parameters", _parameters),
}
_STATEMENTS = {kind: column.statement for kind, column in _COLUMNS.items()}
_SIZES = {kind: column.sizes for kind, column in _COLUMNS.items()}


class PostgresLargeValues:
    """Implements `domain.executions.large_values.LargeValues`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, wanted: Sequence[LargeValue], *, max_bytes: int) -> StoredValues:
        if not wanted:
            return StoredValues(size=0, values={})
        [kind] = {each.kind for each in wanted}
        arguments: tuple[Any, ...] = [each.id for each in wanted], [each.path for each in wanted], max_bytes
        rows = await self._database.fetch(_STATEMENTS[kind], *arguments)
        size = int(rows[0]["size"]) if rows else 0
        if size > max_bytes:
            return StoredValues(size=size, values={})
        read = _COLUMNS[kind].read
        values = await asyncio.to_thread(_read, rows, read) if size > _LARGE else _read(rows, read)
        return StoredValues(size=size, values={wanted[number - 1]: value for number, value in values})

    async def sizes(self, wanted: Sequence[LargeValue]) -> Mapping[LargeValue, int]:
        if not wanted:
            return {}
        [kind] = {each.kind for each in wanted}
        rows = await self._database.fetch(_SIZES[kind], [each.id for each in wanted], [each.path for each in wanted])
        return {wanted[row["number"] - 1]: row["size"] for row in rows}


def _read(rows: Sequence[asyncpg.Record], read: Read) -> list[tuple[int, object]]:
    return [(row["number"], None if row["text"] is None else read(row["text"])) for row in rows]
