"""Queueing outbox events for the webhooks that want them, in memory."""

from collections.abc import Sequence
from datetime import datetime

from domain.kernel.ids import derived_id
from domain.kernel.json.text import dumps
from domain.kernel.statuses import WebhookEventStatus
from domain.outbox.events import OutboxEvent, event_id
from domain.webhooks.model import WebhookEventRecord
from domain.webhooks.payloads import MAX_OUTPUT_BYTES, ToldExecution, payload_of
from persistence.memory.tables import MemoryTables


def enqueue(tables: MemoryTables, taken: Sequence[tuple[int, OutboxEvent]], now: datetime) -> None:
    """Make an event for each webhook that wants one of these; `taken` are (position in the outbox, event)."""
    for position, event in taken:
        for webhook in tables.webhooks.values():
            if webhook.wants(event.type, event.workflow_id):
                id = derived_id(webhook.id, str(event_id(event, position)), event.at)
                told = WebhookEventRecord(
                    id=id,
                    webhook_id=webhook.id,
                    event_type=event.type,
                    status=WebhookEventStatus.PENDING,
                    payload=payload_of(event, _told(tables, event)),
                    created_at=event.at,
                    next_attempt_at=now,
                    execution_id=event.execution_id,
                    position=position,
                )
                tables.webhook_events.setdefault(id, told)


def _told(tables: MemoryTables, event: OutboxEvent) -> ToldExecution | None:
    execution = None if event.execution_id is None else tables.executions.get(event.execution_id)
    if execution is None:
        return None
    workflow = None if execution.workflow_id is None else tables.workflows.get(execution.workflow_id)
    is_large = execution.output is not None and len(dumps(execution.output).encode()) > MAX_OUTPUT_BYTES
    return ToldExecution(
        workflow_id=execution.workflow_id,
        workflow_name=None if workflow is None else workflow.name,
        workflow_version=execution.workflow_version,
        labels=execution.labels,
        created_at=execution.created_at,
        error=execution.error,
        output=None if is_large else execution.output,
        output_omitted=is_large,
    )
