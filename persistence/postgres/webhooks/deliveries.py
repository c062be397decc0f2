"""Deliveries to outbound webhooks, in PostgreSQL: the events to send, and the results of attempts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from domain.kernel.ids import new_id, oldest_id_of
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.statuses import EventType, WebhookEventStatus
from domain.outbox.events import OutboxEvent
from domain.webhooks.model import (
    Endpoint,
    Verdict,
    WebhookAttempt,
    WebhookEventRecord,
    WebhookRecord,
    attempts_to_json,
    disabled_data,
    in_turn,
)
from persistence.postgres import outbox
from persistence.postgres.columns.json_columns import json_column
from persistence.postgres.connections.batcher import Batcher
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection
from persistence.postgres.webhooks import statements
from persistence.postgres.webhooks.rows import event_of, webhook_of


@dataclass(frozen=True, slots=True)
class _Made:
    """A row of the arguments of `RECORD`."""

    event_id: UUID
    webhook_id: UUID
    lease_id: UUID
    attempt: str
    at: datetime
    status: WebhookEventStatus
    status_code: int | None
    error: str | None
    next_attempt_at: datetime | None
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    throttled_until: datetime | None
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Call:
    """A row of the arguments of `RECORD_CALLS`."""

    id: UUID
    webhook_id: UUID
    execution_id: UUID
    event_type: str
    payload: str | None
    at: datetime
    attempt: str
    status_code: int | None
    error: str | None


class PostgresWebhookDeliveries:
    """Implements `domain.webhooks.ports.WebhookDeliveries`. Results recorded at the same time share one statement."""

    def __init__(self, database: Database, told: Callable[[], None] = lambda: None) -> None:
        """`told` is called when something was put into the outbox."""
        self._database = database
        self._told = told
        self._attempts = Batcher(self._record_all, lanes=1)
        self._calls = Batcher(self._record_calls, lanes=1)

    async def claim(
        self, *, now: datetime, lease: timedelta, endpoints: int, events: int, failing: bool | None = None
    ) -> Sequence[Endpoint]:
        lease_id = new_id()
        async with self._database.hot_connection() as connection:
            rows = await connection.fetch(statements.CLAIM, now, endpoints, lease_id, now + lease, failing)
            if not rows:
                return ()
            due = await _due(connection, {row["id"]: row["is_open"] for row in rows}, now, events)
        return [_endpoint_of(row, lease_id, due) for row in rows]

    async def due(self, endpoint: Endpoint, *, now: datetime, lease: timedelta, events: int) -> Endpoint | None:
        id = endpoint.webhook.id
        async with self._database.hot_connection() as connection:
            row = await connection.fetchrow(statements.RENEW, id, endpoint.lease_id, now + lease, now)
            due = {} if row is None else await _due(connection, {id: row["is_open"]}, now, events)
            if row is None or not due[id]:
                await connection.execute(statements.RELEASE, id, endpoint.lease_id)
                return None
        return _endpoint_of(row, endpoint.lease_id, due)

    async def next_due(self, now: datetime) -> datetime | None:
        async with self._database.hot_connection() as connection:
            found: datetime | None = await connection.fetchval(statements.NEXT_DUE, now)
        return found

    async def record(
        self,
        endpoint: Endpoint,
        event: WebhookEventRecord,
        attempt: WebhookAttempt,
        verdict: Verdict,
        *,
        lease_until: datetime | None,
        now: datetime,
    ) -> None:
        made = _Made(
            event_id=event.id,
            webhook_id=endpoint.webhook.id,
            lease_id=endpoint.lease_id,
            attempt=_attempt_text(attempt),
            at=now,
            status=verdict.status,
            status_code=attempt.status_code,
            error=attempt.error,
            next_attempt_at=verdict.next_attempt_at,
            failures=verdict.failures,
            failing_since=verdict.failing_since,
            paused_until=verdict.paused_until,
            throttled_until=verdict.throttled_until,
            lease_until=lease_until,
        )
        if verdict.disabled_reason is None:
            await self._attempts.submit([made])
        else:
            await self._disable(endpoint.webhook, made, verdict.disabled_reason)

    async def release(self, endpoint: Endpoint) -> None:
        async with self._database.hot_connection() as connection:
            await connection.execute(statements.RELEASE, endpoint.webhook.id, endpoint.lease_id)

    async def record_call(
        self,
        *,
        event_id: UUID,
        webhook_id: UUID,
        execution_id: UUID,
        event_type: str,
        payload: JsonValue,
        attempt: WebhookAttempt,
    ) -> None:
        call = _Call(
            id=event_id,
            webhook_id=webhook_id,
            execution_id=execution_id,
            event_type=event_type,
            payload=json_column(payload),
            at=attempt.at,
            attempt=_attempt_text(attempt),
            status_code=attempt.status_code,
            error=attempt.error,
        )
        await self._calls.submit([call])

    async def forget(self, *, before: datetime, limit: int) -> int:
        return len(await self._database.fetch(statements.FORGET, oldest_id_of(before), before, limit))

    async def _record_all(self, made: Sequence[_Made]) -> Sequence[None]:
        async with self._database.hot_connection() as connection:
            await connection.execute(statements.RECORD, *_columns(made))
        return [None] * len(made)

    async def _record_calls(self, calls: Sequence[_Call]) -> Sequence[None]:
        async with self._database.hot_connection() as connection:
            await connection.execute(statements.RECORD_CALLS, *_columns(calls))
        return [None] * len(calls)

    async def _disable(self, webhook: WebhookRecord, made: _Made, reason: str) -> None:
        async with self._database.transaction() as connection:
            name = await connection.fetchval(statements.DISABLE, webhook.id, made.lease_id, reason, made.at)
            await connection.execute(statements.RECORD, *_columns([made]))
            if name is not None:
                told = OutboxEvent(
                    type=EventType.WEBHOOK_DISABLED, at=made.at, data=disabled_data(webhook.id, name, reason)
                )
                await outbox.add(connection, [told])
        if name is not None:
            self._told()


def _endpoint_of(row: asyncpg.Record, lease_id: UUID, due: dict[UUID, tuple[WebhookEventRecord, ...]]) -> Endpoint:
    return Endpoint(
        webhook=webhook_of(row),
        lease_id=lease_id,
        failures=row["failures"],
        paused_until=row["paused_until"],
        due=due[row["id"]],
    )


async def _due(
    connection: Connection, endpoints: dict[UUID, bool], now: datetime, limit: int
) -> dict[UUID, tuple[WebhookEventRecord, ...]]:
    """The due events of each of these endpoints; the flag says that it takes events that were never tried."""
    rows = await connection.fetch(statements.DUE, list(endpoints), list(endpoints.values()), now, limit)
    found: dict[UUID, list[WebhookEventRecord]] = {id: [] for id in endpoints}
    for row in rows:
        found[row["webhook_id"]].append(event_of(row))
    return {id: in_turn(events) for id, events in found.items()}


def _columns(rows: Sequence[Any]) -> list[list[Any]]:
    """Rows of one class, column by column; there must be one at least."""
    return [[getattr(row, field.name) for row in rows] for field in fields(rows[0])]


def _attempt_text(attempt: WebhookAttempt) -> str:
    return dumps(attempts_to_json([attempt])[0])
