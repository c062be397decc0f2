"""What has happened and is still to be told: counted in the metrics, and sent to webhooks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import derived_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """Something that has happened, stored in the transaction in which it did.

    Events of executions have `execution_id`, `workflow_id` (None for an orchestration) and `started_at`; what else is
    said of them is read from the execution when it is told. All others say it in `data`.
    """

    type: EventType
    at: datetime
    execution_id: UUID | None = None
    workflow_id: UUID | None = None
    started_at: datetime | None = None
    data: JsonValue = None


def event_id(event: OutboxEvent, position: int) -> UUID:
    """The id under which an event is told, the same however often that is done. `position` is where it was stored."""
    if event.execution_id is None:
        return derived_id(UUID(int=position), event.type, event.at)
    return derived_id(event.execution_id, event.type, event.at)
