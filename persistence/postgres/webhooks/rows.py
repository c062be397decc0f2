"""Rows of webhooks and their events to records, and the columns that statements select for them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import asyncpg

from domain.kernel.json.text import loads
from domain.kernel.statuses import EventType, InboundSignature, WebhookDirection, WebhookEventStatus
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord, WebhookRecord
from persistence.postgres.columns.json_columns import json_value
from persistence.postgres.executions.rows.lean import fields, lean_columns, left_out_of

_SMALL_WEBHOOK_COLUMNS = """
  w.id, w.name, w.direction, w.url, w.event_types, w.workflow_id, w.signature, w.secret, w.previous_secret,
  w.previous_secret_until, w.enabled, w.disabled_reason, w.failing_since, w.created_at, w.updated_at
"""
WEBHOOK_COLUMNS = f"{_SMALL_WEBHOOK_COLUMNS}, w.input"

_SMALL_EVENT_COLUMNS = """
  e.id, e.webhook_id, e.event_type, e.status, e.created_at, e.failures, e.last_status_code,
  e.last_error, e.delivered_at, e.next_attempt_at, e.execution_id, e.external_id, e.position
"""
EVENT_COLUMNS = f"{_SMALL_EVENT_COLUMNS}, e.payload, e.attempts"

_WEBHOOK_FIELDS = fields("input")
_EVENT_FIELDS = fields("payload", "attempts")

_EVENT_TYPES = {type.value: type for type in EventType}


def webhook_of(row: asyncpg.Record) -> WebhookRecord:
    """The record of a row that selects `WEBHOOK_COLUMNS`, without event types of a newer release."""
    names: Any = loads(row["event_types"])
    return WebhookRecord(
        id=row["id"],
        name=row["name"],
        direction=WebhookDirection(row["direction"]),
        url=row["url"],
        event_types=tuple(_EVENT_TYPES[name] for name in names if name in _EVENT_TYPES),
        workflow_id=row["workflow_id"],
        signature=InboundSignature(row["signature"]),
        input=row["input"],
        secret=row["secret"],
        previous_secret=row["previous_secret"],
        previous_secret_until=row["previous_secret_until"],
        enabled=row["enabled"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def event_of(row: asyncpg.Record) -> WebhookEventRecord:
    """The record of a row that selects `EVENT_COLUMNS`."""
    attempts = row["attempts"]
    return WebhookEventRecord(
        id=row["id"],
        webhook_id=row["webhook_id"],
        event_type=row["event_type"],
        status=WebhookEventStatus(row["status"]),
        payload=json_value(row["payload"]),
        created_at=row["created_at"],
        attempts=() if attempts is None else attempts_of(attempts),
        failures=row["failures"],
        last_status_code=row["last_status_code"],
        last_error=row["last_error"],
        delivered_at=row["delivered_at"],
        next_attempt_at=row["next_attempt_at"],
        execution_id=row["execution_id"],
        external_id=row["external_id"],
        position=row["position"],
    )


def lean_webhook_columns(most: str) -> str:
    """The columns that `lean_webhook_of` reads."""
    return f"{_SMALL_WEBHOOK_COLUMNS}, {lean_columns('w', *_WEBHOOK_FIELDS, most=most)}"


def lean_webhook_of(row: asyncpg.Record) -> WebhookRecord:
    """The record of a row that selects `lean_webhook_columns`."""
    left_out = left_out_of(row, _WEBHOOK_FIELDS)
    return replace(webhook_of(row), left_out=left_out) if left_out else webhook_of(row)


def lean_event_columns(most: str) -> str:
    """The columns that `lean_event_of` reads."""
    return f"{_SMALL_EVENT_COLUMNS}, e.attempt_count, {lean_columns('e', *_EVENT_FIELDS, most=most)}"


def lean_event_of(row: asyncpg.Record) -> WebhookEventRecord:
    """The record of a row that selects `lean_event_columns`."""
    left_out = left_out_of(row, _EVENT_FIELDS, binary=("attempts",))
    if not left_out:
        return event_of(row)
    unread = row["attempt_count"] if "attempts" in left_out else 0
    return replace(event_of(row), left_out=left_out, unread_attempts=unread)


def attempts_of(text: str) -> tuple[WebhookAttempt, ...]:
    """The attempts at delivering an event, from their JSON text."""
    return tuple(_attempt_of(attempt) for attempt in cast("list[dict[str, Any]]", loads(text)))


def _attempt_of(value: dict[str, Any]) -> WebhookAttempt:
    return WebhookAttempt(
        at=datetime.fromisoformat(value["at"]),
        duration=timedelta(seconds=value["duration"]),
        status_code=value["statusCode"],
        error=value["error"],
        excerpt=value["excerpt"],
    )
