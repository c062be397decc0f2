"""Queueing outbox events for the webhooks that want them, in the transaction that takes them from the outbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from domain.kernel.ids import derived_id
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.outbox.events import OutboxEvent, event_id
from domain.webhooks.payloads import MAX_OUTPUT_BYTES, ToldExecution, payload_of
from persistence.executions.json_codec import error_of
from persistence.postgres.columns.json_columns import json_value
from persistence.postgres.connections.lending import Connection

# A handful of rows, or none: this is all that an installation without webhooks pays.
_LISTENING = "SELECT id, event_types, workflow_id FROM webhook WHERE enabled AND direction = 'OUTBOUND'"

_EXECUTIONS = f"""
SELECT
  e.id, e.workflow_id, w.name, e.workflow_version, e.labels, e.created_at, e.error,
  CASE WHEN octet_length(e.output::text) <= {MAX_OUTPUT_BYTES} THEN e.output END AS output,
  COALESCE(octet_length(e.output::text) > {MAX_OUTPUT_BYTES}, false) AS output_omitted
FROM workflow_execution e LEFT JOIN workflow w ON w.id = e.workflow_id
WHERE e.id = ANY ($1::uuid[])
"""

# The lock keeps those who delete a webhook waiting until this is committed, so that they find its events.
_QUEUE = """
WITH listening AS (
  SELECT w.id FROM webhook w WHERE w.id = ANY ($2::uuid[]) FOR KEY SHARE
)
INSERT INTO webhook_event (
  id, webhook_id, event_type, status, payload, created_at, attempts, next_attempt_at, execution_id, position
)
SELECT wanted.id, wanted.webhook_id, told.type, 'PENDING', told.payload, told.at, '[]', $9, told.execution_id,
  told.position
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) wanted (id, webhook_id, ordinal)
JOIN listening ON listening.id = wanted.webhook_id
JOIN unnest($4::text[], $5::json[], $6::timestamptz[], $7::uuid[], $8::bigint[])
  WITH ORDINALITY told (type, payload, at, execution_id, position, ordinal) ON told.ordinal = wanted.ordinal
ON CONFLICT (id) DO NOTHING
"""


_QUEUED_AT_ONCE = 20_000
"""The most events that one statement makes."""


async def enqueue(connection: Connection, taken: Sequence[tuple[int, OutboxEvent]], now: datetime) -> bool:
    """Make an event for each webhook that wants one of these; `taken` are (position in the outbox, event).

    True when any was made.
    """
    listening = await connection.fetch(_LISTENING)
    if not listening:
        return False
    has_queued = False
    listeners = [(row["id"], frozenset(cast("list[str]", loads(row["event_types"]))), row) for row in listening]
    part = max(1, _QUEUED_AT_ONCE // len(listeners))
    for first in range(0, len(taken), part):
        told: list[tuple[int, OutboxEvent]] = []
        wanted: list[tuple[UUID, UUID, int]] = []
        for position, event in taken[first : first + part]:
            who = [id for id, types, row in listeners if _wants(types, row["workflow_id"], event)]
            if who:
                told.append((position, event))
                name = str(event_id(event, position))
                wanted.extend((derived_id(id, name, event.at), id, len(told)) for id in who)
        if wanted:
            await _queue(connection, told, wanted, now)
            has_queued = True
    return has_queued


async def _queue(
    connection: Connection,
    told: Sequence[tuple[int, OutboxEvent]],
    wanted: Sequence[tuple[UUID, UUID, int]],
    now: datetime,
) -> None:
    """Store events: `wanted` are (event id, webhook id, number of its element of `told`, from 1 on)."""
    executions = await _executions(connection, {event.execution_id for _, event in told if event.execution_id})
    await connection.execute(
        _QUEUE,
        *map(list, zip(*wanted, strict=True)),
        [event.type.value for _, event in told],
        [dumps(payload_of(event, _of(event, executions))) for _, event in told],
        [event.at for _, event in told],
        [event.execution_id for _, event in told],
        [position for position, _ in told],
        now,
    )


def _wants(types: Collection[str], workflow_id: UUID | None, event: OutboxEvent) -> bool:
    return (not types or event.type in types) and workflow_id in (None, event.workflow_id)


def _of(event: OutboxEvent, executions: Mapping[UUID, ToldExecution]) -> ToldExecution | None:
    return None if event.execution_id is None else executions.get(event.execution_id)


async def _executions(connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, ToldExecution]:
    if not ids:
        return {}
    rows: Sequence[asyncpg.Record] = await connection.fetch(_EXECUTIONS, list(ids))
    return {row["id"]: _told(row) for row in rows}


def _told(row: asyncpg.Record) -> ToldExecution:
    labels: Any = loads(row["labels"])
    error: JsonValue = json_value(row["error"])
    return ToldExecution(
        workflow_id=row["workflow_id"],
        workflow_name=row["name"],
        workflow_version=row["workflow_version"],
        labels=labels,
        created_at=row["created_at"],
        error=error_of(error),
        output=json_value(row["output"]),
        output_omitted=row["output_omitted"],
    )
