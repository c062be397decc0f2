"""Circuit breakers as clients see them."""

from datetime import datetime, timedelta

import strawberry

from domain.circuit_breakers import model as breakers
from domain.circuit_breakers.model import CircuitBreakerRecord, is_service_id
from domain.kernel.ids import IdKind
from graphql_api.circuit_breakers.loaders import BreakerLoaders
from graphql_api.context import Info
from graphql_api.kit.enums import CircuitBreakerState
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.pagination import CursorKind


def _read_service_id(text: str) -> str:
    if not is_service_id(text):
        raise ValueError
    return text


BY_SERVICE: CursorKind[str] = CursorKind("breaker", str, _read_service_id)


@strawberry.type(description="The conditions on which a breaker opens and closes.")
class CircuitBreakerConfig:
    """The conditions on which a breaker opens and closes."""

    failure_threshold: int = strawberry.field(description="The number of failures in a row that opens it.")
    success_threshold: int = strawberry.field(description="The number of successful probes that closes it.")
    reset_timeout: timedelta = strawberry.field(
        description="The time for which it lets no call through once it is open."
    )
    half_open_max_calls: int = strawberry.field(description="The largest number of probes at a time, over all workers.")

    @classmethod
    def from_record(cls, config: breakers.BreakerConfig) -> "CircuitBreakerConfig":
        """The configuration as clients see it."""
        return cls(
            failure_threshold=config.failure_threshold,
            success_threshold=config.success_threshold,
            reset_timeout=config.reset_timeout,
            half_open_max_calls=config.half_open_max_calls,
        )


@strawberry.type(description="Stops calls to a service that keeps failing, for all workers, until it has recovered.")
class CircuitBreaker(Node):
    """Stops calls to a service that keeps failing."""

    service_id: str = strawberry.field(
        description="The id of the service that it guards: by default the host and the port of a URL."
    )
    state: CircuitBreakerState
    failure_count: int = strawberry.field(description="Failures in a row.")
    success_count: int = strawberry.field(description="While it is HALF_OPEN: the probes that succeeded.")
    config: CircuitBreakerConfig
    opened_at: datetime | None = strawberry.field(description="The time since which it is no longer CLOSED.")
    next_probe_at: datetime | None = strawberry.field(
        description="While it is OPEN: the time at which a call is let through again."
    )
    updated_at: datetime = strawberry.field(
        description="The time of the last change of its state or its configuration."
    )

    @strawberry.field(description="The number of executions with a step that waits for it.")
    async def waiting_executions(self, info: Info) -> int:
        return await info.context.shared(BreakerLoaders).waiting.load(self.service_id)

    @classmethod
    def from_record(cls, record: CircuitBreakerRecord) -> "CircuitBreaker":
        """The breaker as clients see it."""
        snapshot = record.snapshot
        return cls(
            id=public_id(IdKind.CIRCUIT_BREAKER, record.id),
            service_id=record.service_id,
            state=snapshot.state,
            failure_count=snapshot.failure_count,
            success_count=snapshot.success_count,
            config=CircuitBreakerConfig.from_record(record.config),
            opened_at=snapshot.opened_at,
            next_probe_at=snapshot.next_probe_at,
            updated_at=record.updated_at,
        )
