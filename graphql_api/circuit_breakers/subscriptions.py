"""Subscriptions to circuit breakers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from domain.circuit_breakers.model import CircuitBreakerRecord
from graphql_api.circuit_breakers.types import CircuitBreaker
from graphql_api.context import Info


@strawberry.type
class CircuitBreakerSubscriptions:
    """The part of Subscription that is about circuit breakers."""

    @strawberry.subscription(
        description="Each change of a breaker, or of all of them, from now on: of its state, a count, its "
        "configuration. Deletions are not reported."
    )
    async def circuit_breaker_updates(
        self, info: Info, service_id: str | None = strawberry.UNSET
    ) -> AsyncGenerator[CircuitBreaker, None]:
        wanted = None if service_id is strawberry.UNSET else service_id
        return _breakers(info.context.services.breakers.updates(wanted))


async def _breakers(records: AsyncGenerator[CircuitBreakerRecord, None]) -> AsyncGenerator[CircuitBreaker, None]:
    async with aclosing(records):
        async for record in records:
            yield CircuitBreaker.from_record(record)
