"""Outbox events: they have happened and are still to be counted in metrics and sent to webhooks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import derived_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """An event that has happened, stored in the transaction of the change that it reports.

    Events of executions have `execution_id`, `workflow_id` (None for an orchestration) and `started_at`; the rest is
    read from the execution when the event is relayed. All others have their content in `data`.
    """

    type: EventType
    at: datetime
    execution_id: UUID | None = None
    workflow_id: UUID | None = None
    started_at: datetime | None = None
    data: JsonValue = None


def event_id(event: OutboxEvent, position: int) -> UUID:
    """The id under which an event is sent, always the same. `position` is its place in the outbox."""
    if event.execution_id is None:
        return derived_id(UUID(int=position), event.type, event.at)
    return derived_id(event.execution_id, event.type, event.at)
