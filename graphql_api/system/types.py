"""The health of the system, and the result of trying an expression, as clients see them."""

from datetime import datetime, timedelta
from enum import StrEnum

import strawberry

from domain.kernel.ids import IdKind
from domain.system.records import ComponentRecord, QueueRecord, WorkerRecord
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.scalars import JSON


@strawberry.enum(description="UP: all is well. DEGRADED: work is accepted but not all is well. DOWN: it is not there.")
class ServiceStatus(StrEnum):
    """The health of a part, or of the whole system."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


@strawberry.type(description="A part that Stepgraph depends on.")
class ComponentHealth:
    """A part that Stepgraph depends on."""

    name: str
    status: ServiceStatus
    latency: timedelta | None = strawberry.field(description="The time that its answer took; null when there was none.")
    detail: str | None

    @classmethod
    def from_record(cls, record: ComponentRecord) -> "ComponentHealth":
        """The component as clients see it."""
        return cls(
            name=record.name,
            status=ServiceStatus.UP if record.is_up else ServiceStatus.DOWN,
            latency=record.latency,
            detail=record.detail,
        )


@strawberry.type(description="A worker process.")
class Worker(Node):
    """A worker process."""

    host: str
    started_at: datetime
    last_heartbeat_at: datetime
    active_executions: int

    @classmethod
    def from_record(cls, record: WorkerRecord) -> "Worker":
        """The worker as clients see it."""
        return cls(
            id=public_id(IdKind.WORKER, record.id),
            host=record.host,
            started_at=record.started_at,
            last_heartbeat_at=record.heartbeat_at,
            active_executions=record.active_executions,
        )


@strawberry.type(description="A queue of hints to the workers.")
class Queue:
    """A queue of hints to the workers."""

    name: str
    depth: int = strawberry.field(description="Messages that wait.")
    dead_letters: int = strawberry.field(description="Messages that were given up.")

    @classmethod
    def from_record(cls, record: QueueRecord) -> "Queue":
        """The queue as clients see it."""
        return cls(name=record.name, depth=record.depth, dead_letters=record.dead_letters)


@strawberry.type(description="The health of the system, right now.")
class SystemHealth:
    """The health of the system."""

    status: ServiceStatus
    version: str
    components: list[ComponentHealth]
    workers: list[Worker]
    queues: list[Queue]


@strawberry.type(description="The result of an expression: its value, or the error.")
class Evaluation:
    """The result of an expression."""

    value: JSON | None
    error: str | None
    duration: timedelta
