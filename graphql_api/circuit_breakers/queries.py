"""Queries about circuit breakers."""

import strawberry

from graphql_api.circuit_breakers.types import BY_SERVICE, CircuitBreaker
from graphql_api.context import Info
from graphql_api.kit.enums import CircuitBreakerState
from graphql_api.kit.pagination import Connection, connection, page_size


@strawberry.type
class CircuitBreakerQueries:
    """The part of Query that is about circuit breakers."""

    @strawberry.field(description="The breaker of a service; null where the service was never called, nor configured.")
    async def circuit_breaker(self, info: Info, service_id: str) -> CircuitBreaker | None:
        record = await info.context.services.breakers.find(service_id)
        return None if record is None else CircuitBreaker.from_record(record)

    @strawberry.field(description="Circuit breakers, by the service's id.")
    async def circuit_breakers(
        self,
        info: Info,
        state: list[CircuitBreakerState] | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[CircuitBreaker]:
        size, key = page_size(first), BY_SERVICE.read(after)
        info.context.spend_rows(size)
        states = None if state is None or state is strawberry.UNSET else frozenset(state)
        services = info.context.services
        return connection(
            await services.breakers.page(states, first=size, after=key),
            item=CircuitBreaker.from_record,
            key=lambda record: record.service_id,
            cursors=BY_SERVICE,
            is_first=key is None,
            count=lambda: services.breaker_store.count(states),
        )
