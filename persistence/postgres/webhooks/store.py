"""Webhooks and their events in PostgreSQL, managed and read by people."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.kernel.changes import given
from domain.kernel.errors import Conflict, InvalidState, NotFound
from domain.kernel.json.text import dumps
from domain.kernel.pages import Page
from domain.kernel.statuses import WebhookDirection, WebhookEventStatus
from domain.webhooks.model import (
    WebhookChanges,
    WebhookEventRecord,
    WebhookRecord,
    attempts_to_json,
    why_not_replayed,
)
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.columns.json_columns import json_column
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.rows.lean import most_of
from persistence.postgres.webhooks.rows import (
    EVENT_COLUMNS,
    WEBHOOK_COLUMNS,
    event_of,
    lean_event_columns,
    lean_event_of,
    lean_webhook_columns,
    lean_webhook_of,
    webhook_of,
)

_CREATE = """
INSERT INTO webhook (
  id, name, direction, url, event_types, workflow_id, signature, input, secret, previous_secret, previous_secret_until,
  enabled, disabled_reason, failing_since, created_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

# What is enabled has a clean slate; what a person disables has no other reason.
_UPDATE = f"""
UPDATE webhook w SET
  %s updated_at = $2, enabled = coalesce($3, w.enabled),
  disabled_reason = CASE WHEN NOT coalesce($3, w.enabled) THEN w.disabled_reason END,
  failing_since = CASE WHEN coalesce($3, w.enabled) = w.enabled THEN w.failing_since END,
  failures = CASE WHEN coalesce($3, w.enabled) = w.enabled THEN w.failures ELSE 0 END,
  paused_until = CASE WHEN coalesce($3, w.enabled) = w.enabled THEN w.paused_until END,
  throttled_until = CASE WHEN coalesce($3, w.enabled) = w.enabled THEN w.throttled_until END
WHERE w.id = $1 RETURNING {WEBHOOK_COLUMNS}
"""

_ROTATE = f"""
UPDATE webhook w SET secret = $2, previous_secret = w.secret, previous_secret_until = $3, updated_at = $4
WHERE w.id = $1 RETURNING {WEBHOOK_COLUMNS}
"""

# A webhook may have millions of events. They go in parts, so that no statement takes long; nothing new comes meanwhile.
# The last ones go in a statement of their own: it sees those that were queued while the one before waited for the row.
_SWITCH_OFF = "UPDATE webhook SET enabled = false WHERE id = $1 RETURNING id"
_DELETE_SOME = """
DELETE FROM webhook_event WHERE id IN (SELECT id FROM webhook_event WHERE webhook_id = $1 LIMIT $2) RETURNING id
"""
_DELETE = "DELETE FROM webhook WHERE id = $1"
_DELETE_EVENTS = "DELETE FROM webhook_event WHERE webhook_id = $1"
_DELETED_AT_ONCE = 10_000

# What is read lean has the most bytes of a value as the last argument; otherwise no value is too large.
_WEBHOOKS = f"SELECT {lean_webhook_columns('$2::int')} FROM webhook w WHERE w.id = ANY ($1::uuid[])"

_EVENTS = f"SELECT {lean_event_columns('$2::int')} FROM webhook_event e WHERE e.id = ANY ($1::uuid[])"

# In each of these `%s` is a condition on the status.
_EVENTS_PAGE = f"""
SELECT {lean_event_columns("$4::int")} FROM webhook_event e
WHERE e.webhook_id = $1 AND ($2::uuid IS NULL OR e.id < $2) AND %s ORDER BY e.id DESC LIMIT $3
"""

_EVENTS_PAGES = f"""
SELECT e.* FROM unnest($1::uuid[]) walk (id) CROSS JOIN LATERAL (
  SELECT {lean_event_columns("$3::int")} FROM webhook_event e
  WHERE e.webhook_id = walk.id AND %s ORDER BY e.id DESC LIMIT $2
) e ORDER BY e.id DESC
"""

_EVENTS_COUNTS = """
SELECT e.webhook_id, count(*) AS events FROM webhook_event e
WHERE e.webhook_id = ANY ($1::uuid[]) AND %s GROUP BY e.webhook_id
"""

_LOCK = "SELECT id FROM webhook WHERE id = $1 FOR KEY SHARE"

_RECORD_INBOUND = f"""
INSERT INTO webhook_event AS e (
  id, webhook_id, event_type, status, payload, created_at, attempts, last_error, execution_id, external_id
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (webhook_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
RETURNING {EVENT_COLUMNS}
"""

_BY_EXTERNAL_ID = f"SELECT {EVENT_COLUMNS} FROM webhook_event e WHERE e.webhook_id = $1 AND e.external_id = $2"

_FOR_REPLAY = f"""
SELECT {EVENT_COLUMNS}, w.enabled FROM webhook_event e JOIN webhook w ON w.id = e.webhook_id
WHERE e.id = $1 FOR NO KEY UPDATE OF e
"""

_REPLAY = f"""
UPDATE webhook_event e SET
  status = 'PENDING', failures = CASE WHEN e.status = 'PENDING' THEN e.failures ELSE 0 END, next_attempt_at = $2,
  delivered_at = NULL
WHERE e.id = $1 RETURNING {EVENT_COLUMNS}
"""


class PostgresWebhookStore:
    """Implements `domain.webhooks.ports.WebhookStore`."""

    def __init__(self, database: Database, woken: Callable[[], None] = lambda: None) -> None:
        """`woken` is called when events may have become due."""
        self._database = database
        self._woken = woken

    async def create(self, webhook: WebhookRecord) -> None:
        try:
            await self._database.fetch(
                _CREATE,
                webhook.id,
                webhook.name,
                webhook.direction,
                webhook.url,
                dumps(list(webhook.event_types)),
                webhook.workflow_id,
                webhook.signature,
                webhook.input,
                webhook.secret,
                webhook.previous_secret,
                webhook.previous_secret_until,
                webhook.enabled,
                webhook.disabled_reason,
                webhook.failing_since,
                webhook.created_at,
                webhook.updated_at,
            )
        except asyncpg.UniqueViolationError as error:
            raise _taken(webhook.name) from error

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WebhookRecord | None:
        column, value = ("id", id) if id is not None else ("name", name)
        row = await self._database.fetch_row(f"SELECT {WEBHOOK_COLUMNS} FROM webhook w WHERE w.{column} = $1", value)
        return None if row is None else webhook_of(row)

    async def find_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookRecord]:
        if not ids:
            return {}
        rows = await self._database.fetch(_WEBHOOKS, list(ids), most_of(len(ids), lean=lean))
        return {row["id"]: lean_webhook_of(row) for row in rows}

    async def page(
        self, direction: WebhookDirection | None, *, first: int, after: UUID | None, lean: bool = False
    ) -> Page[WebhookRecord]:
        conditions = _conditions(direction)
        conditions.add("w.id < ?", after)
        limit = conditions.argument(first + 1)
        columns = lean_webhook_columns(f"{conditions.argument(most_of(first, lean=lean))}::int")
        rows = await self._database.fetch(
            f"SELECT {columns} FROM webhook w WHERE {conditions} ORDER BY w.id DESC LIMIT {limit}",
            *conditions.arguments,
        )
        return Page(rows=tuple(lean_webhook_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, direction: WebhookDirection | None) -> int:
        conditions = _conditions(direction)
        statement = f"SELECT count(*) FROM webhook w WHERE {conditions}"
        count: int = await self._database.fetch_value(statement, *conditions.arguments)
        return count

    async def update(self, webhook_id: UUID, changes: WebhookChanges, *, now: datetime) -> WebhookRecord:
        members = given(changes)
        enabled = members.pop("enabled", None)
        if "event_types" in members:
            members["event_types"] = dumps(list(members["event_types"] or ()))
        columns = "".join(f"{name} = ${number}, " for number, name in enumerate(members, start=4))
        try:
            row = await self._database.fetch_row(_UPDATE % columns, webhook_id, now, enabled, *members.values())
        except asyncpg.UniqueViolationError as error:
            raise _taken(members["name"]) from error
        if enabled:
            self._woken()
        return _found(row, webhook_id)

    async def rotate(
        self, webhook_id: UUID, *, secret: bytes, previous_until: datetime, now: datetime
    ) -> WebhookRecord:
        return _found(await self._database.fetch_row(_ROTATE, webhook_id, secret, previous_until, now), webhook_id)

    async def delete(self, webhook_id: UUID) -> None:
        if await self._database.fetch_value(_SWITCH_OFF, webhook_id) is None:
            raise NotFound("webhook", str(webhook_id))
        while len(await self._database.fetch(_DELETE_SOME, webhook_id, _DELETED_AT_ONCE)) == _DELETED_AT_ONCE:
            pass
        async with self._database.transaction() as connection:
            await connection.execute(_DELETE, webhook_id)
            await connection.execute(_DELETE_EVENTS, webhook_id)

    async def events(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookEventRecord]:
        if not ids:
            return {}
        rows = await self._database.fetch(_EVENTS, list(ids), most_of(len(ids), lean=lean))
        return {row["id"]: lean_event_of(row) for row in rows}

    async def events_page(
        self,
        webhook_id: UUID,
        *,
        first: int,
        after: UUID | None,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Page[WebhookEventRecord]:
        statement = _EVENTS_PAGE % _with(status)
        rows = await self._database.fetch(statement, webhook_id, after, first + 1, most_of(first, lean=lean))
        return Page(rows=tuple(lean_event_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def events_pages(
        self,
        webhook_ids: Collection[UUID],
        *,
        first: int,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Mapping[UUID, Page[WebhookEventRecord]]:
        found: dict[UUID, list[WebhookEventRecord]] = {id: [] for id in webhook_ids}
        most = most_of(first * len(found), lean=lean)
        for row in await self._database.fetch(_EVENTS_PAGES % _with(status), list(found), first + 1, most):
            found[row["webhook_id"]].append(lean_event_of(row))
        return {id: Page(rows=tuple(rows[:first]), has_next=len(rows) > first) for id, rows in found.items()}

    async def events_counts(
        self, webhook_ids: Collection[UUID], status: WebhookEventStatus | None = None
    ) -> Mapping[UUID, int]:
        rows = await self._database.fetch(_EVENTS_COUNTS % _with(status), list(webhook_ids))
        return dict.fromkeys(webhook_ids, 0) | {row["webhook_id"]: row["events"] for row in rows}

    async def find_inbound(self, webhook_id: UUID, external_id: str) -> WebhookEventRecord | None:
        row = await self._database.fetch_row(_BY_EXTERNAL_ID, webhook_id, external_id)
        return None if row is None else event_of(row)

    async def record_inbound(self, event: WebhookEventRecord) -> WebhookEventRecord:
        async with self._database.transaction() as connection:
            if await connection.fetchval(_LOCK, event.webhook_id) is None:
                raise NotFound("webhook", str(event.webhook_id))
            row = await connection.fetchrow(
                _RECORD_INBOUND,
                event.id,
                event.webhook_id,
                event.event_type,
                event.status,
                json_column(event.payload),
                event.created_at,
                dumps(attempts_to_json(event.attempts)),
                event.last_error,
                event.execution_id,
                event.external_id,
            )
            if row is None:
                row = await connection.fetchrow(_BY_EXTERNAL_ID, event.webhook_id, event.external_id)
        assert row is not None
        return event_of(row)

    async def replay(self, event_id: UUID, now: datetime) -> WebhookEventRecord:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_FOR_REPLAY, event_id)
            if row is None:
                raise NotFound("webhook event", str(event_id))
            refusal = why_not_replayed(event_of(row), enabled=row["enabled"])
            if refusal is not None:
                raise InvalidState(refusal, WebhookEventStatus(row["status"]))
            replayed = await connection.fetchrow(_REPLAY, event_id, now)
        assert replayed is not None
        self._woken()
        return event_of(replayed)


def _with(status: WebhookEventStatus | None) -> str:
    """The condition on a status, without an argument, so that the indexes serve it that are for some statuses only."""
    if status is WebhookEventStatus.PENDING:  # the indexes of what is due are apart
        return "e.status = 'PENDING' AND (e.attempt_count = 0 OR e.attempt_count > 0)"
    return "true" if status is None else f"e.status = '{status.value}'"


def _conditions(direction: WebhookDirection | None) -> Conditions:
    conditions = Conditions()
    conditions.add("w.direction = ?", direction)
    return conditions


def _found(row: asyncpg.Record | None, webhook_id: UUID) -> WebhookRecord:
    if row is None:
        raise NotFound("webhook", str(webhook_id))
    return webhook_of(row)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a webhook called {name!r} already.")
